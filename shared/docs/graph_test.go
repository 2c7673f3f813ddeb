package docs_test

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// imports lists every package of the repository with the packages that it reaches, its tests left out.
func imports(t *testing.T) map[string][]string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-f", `{{.ImportPath}} {{join .Deps " "}}`, "./...")
	cmd.Dir = "../.."
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	reach := map[string][]string{}
	for line := range strings.Lines(string(out)) {
		words := strings.Fields(line)
		reach[words[0]] = words[1:]
	}
	if len(reach) < 50 {
		t.Fatalf("go list names %d packages", len(reach))
	}
	return reach
}

// under says whether the package is the one of that path or lies below it.
func under(pkg string, paths ...string) bool {
	return slices.ContainsFunc(paths, func(p string) bool { return pkg == p || strings.HasPrefix(pkg, p+"/") })
}

// Of the functions, only apply holds code that writes to the EX Org. Of the rest, only the test ground and what runs the whole service on one
// machine do.
func TestOnlyApplyReachesTheWriter(t *testing.T) {
	writers := []string{"excs/functions/apply", "excs/shared/apply", "excs/shared/exorg/write", "excs/shared/excstest", "excs/infra/local", "excs/functions/internal"}
	found := false
	for pkg, reaches := range imports(t) {
		if !slices.Contains(reaches, "excs/shared/exorg/write") {
			continue
		}
		found = true
		if !under(pkg, writers...) {
			t.Errorf("%s reaches shared/exorg/write", pkg)
		}
	}
	if !found {
		t.Error("nobody reaches shared/exorg/write: the test looks for the wrong package")
	}
}

// What runs does not know where it runs.
func TestNothingReachesInfra(t *testing.T) {
	for pkg, reaches := range imports(t) {
		if !under(pkg, "excs/shared", "excs/functions") {
			continue
		}
		for _, dep := range reaches {
			if under(dep, "excs/infra") {
				t.Errorf("%s reaches %s", pkg, dep)
			}
		}
	}
}

// The pure core decides without SDK, network, clock of others or context.
func TestThePureCoreReachesNoSDK(t *testing.T) {
	reach := imports(t)
	for _, pure := range []string{"model", "rules", "translate", "translate/expression", "plan", "notice"} {
		reaches, ok := reach["excs/shared/"+pure]
		if !ok {
			t.Errorf("there is no package shared/%s", pure)
		}
		for _, dep := range reaches {
			if under(dep, "github.com/aws", "net/http", "database/sql", "excs/shared/exorg", "excs/shared/mapping", "excs/shared/engage", "excs/shared/queue", "excs/infra") {
				t.Errorf("shared/%s reaches %s", pure, dep)
			}
		}
	}
}
