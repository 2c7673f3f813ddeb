// Package stages says which AWS account and region a stage belongs to.
//
// It reads cdk.json, returns where the stage is and whether a shell's account and region are that place, and never asks AWS.
package stages

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Local is the stage of make local and make e2e. It opens every door, so it cannot be deployed.
const Local = "local"

// Stage is what cdk.json says about where a stage is deployed. Account and Region are "" where it says nothing.
type Stage struct {
	Name            string
	Account, Region string
	Development     bool
	// Toolkit is the name of CDK's own stack; Qualifier tells several of one account apart, "" for CDK's default.
	Toolkit, Qualifier string
}

// Stack is the name of the stage's stack.
func (s Stage) Stack() string { return "excs-" + s.Name }

// ErrUnknown is wrapped by the error of Read for a stage that cdk.json does not have.
var ErrUnknown = errors.New("unknown stage")

// Read reads the stage from cdk.json in the folder dir. A stage that is not there is an error that names those that are;
// a folder without cdk.json is fs.ErrNotExist.
func Read(dir, name string) (Stage, error) {
	var file struct {
		Toolkit string `json:"toolkitStackName"`
		Context struct {
			Qualifier string `json:"@aws-cdk/core:bootstrapQualifier"`
			Stages    map[string]struct {
				Account     string `json:"account"`
				Region      string `json:"region"`
				Development bool   `json:"development"`
			} `json:"stages"`
		} `json:"context"`
	}
	text, err := os.ReadFile(filepath.Join(dir, "cdk.json")) //nolint:gosec // the repository's own file
	if errors.Is(err, fs.ErrNotExist) {
		return Stage{}, fmt.Errorf("there is no cdk.json here, so nobody can say where stage %s belongs; run this in the root of the repository: %w", name, fs.ErrNotExist)
	}
	if err != nil {
		return Stage{}, fmt.Errorf("read where stage %s belongs: %w", name, err)
	}
	if err := json.Unmarshal(text, &file); err != nil {
		return Stage{}, fmt.Errorf("read cdk.json: %w", err)
	}
	found, ok := file.Context.Stages[name]
	if !ok {
		return Stage{}, fmt.Errorf("%w: cdk.json has no stage %q; it has %s", ErrUnknown, name, strings.Join(slices.Sorted(maps.Keys(file.Context.Stages)), ", "))
	}
	s := Stage{Name: name, Account: found.Account, Region: found.Region, Development: found.Development, Toolkit: file.Toolkit, Qualifier: file.Context.Qualifier}
	if s.Toolkit == "" {
		s.Toolkit = "CDKToolkit"
	}
	return s, nil
}

// RegionOf returns the region to work in: the stage's, else the one that was asked for, else the shell's, else the profile's.
// A region that was asked for or that the shell names and that is not the stage's is an error: the shell was set up for
// something else, and its credentials may be too.
func (s Stage) RegionOf(asked string, getenv func(string) string, profile func() string) (string, error) {
	for _, named := range []struct{ by, region string }{
		{"REGION", asked}, {"AWS_REGION", getenv("AWS_REGION")}, {"AWS_DEFAULT_REGION", getenv("AWS_DEFAULT_REGION")},
	} {
		switch {
		case named.region == "":
		case s.Region == "":
			return named.region, nil
		case named.region != s.Region:
			return "", fmt.Errorf("%s is %s, but cdk.json says that stage %s belongs to %s: unset %s, or correct the stage's region", named.by, named.region, s.Name, s.Region, named.by)
		}
	}
	if s.Region != "" {
		return s.Region, nil
	}
	if region := profile(); region != "" {
		return region, nil
	}
	return "", fmt.Errorf("no AWS region is known: give stage %s a region in cdk.json, add REGION=eu-central-1, or set AWS_REGION", s.Name)
}

// CheckAccount returns an error if the credentials are those of another account than the stage's.
func (s Stage) CheckAccount(account, caller string) error {
	if s.Account == "" || s.Account == account {
		return nil
	}
	return fmt.Errorf("the credentials of %s are those of account %s, but cdk.json says that stage %s belongs to account %s: sign in there (AWS_PROFILE), or name the right stage", caller, account, s.Name, s.Account)
}

// Deployable returns an error for a stage that must not be deployed.
func (s Stage) Deployable() error {
	switch {
	case s.Name == Local:
		return errors.New("stage local is what make local and make e2e run on this machine, with every door open: it cannot be deployed")
	case !s.Development && s.Account == "":
		return fmt.Errorf("stage %s is not for development and names no account: put \"account\" (12 digits) into context.stages.%s of cdk.json, so that it cannot land in another one", s.Name, s.Name)
	}
	return nil
}

// Yes reads the variable YES. Anything but 1, true and yes is an error: YES=no must not mean yes.
func Yes(value string) (bool, error) {
	switch strings.ToLower(strings.TrimSpace(value)) {
	case "":
		return false, nil
	case "1", "true", "yes":
		return true, nil
	}
	return false, fmt.Errorf("YES=%s is not understood: 1, true or yes means that nobody is asked; leave it out to be asked", value)
}

// IsTerminal reports whether somebody can be asked. What merely looks like a terminal answers nothing, which is no consent.
func IsTerminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
