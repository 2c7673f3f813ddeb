package openapi

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"excs/shared/exorg/exorgtest"
)

// Variable names the environment variable that says where the document is.
const Variable = "EXCS_OPENAPI"

// beside is where the document is looked for, from the root of the module.
const beside = "../shared/facts/exorg-openapi.json"

// Find returns the path of the document: that of EXCS_OPENAPI, else ../shared/facts/exorg-openapi.json seen from the module's root. The
// error names the path at which it was sought.
func Find() (string, error) {
	path := os.Getenv(Variable)
	if path == "" {
		root, err := moduleRoot()
		if err != nil {
			return "", err
		}
		path = filepath.Join(root, filepath.FromSlash(beside))
	}
	if _, err := os.Stat(path); err != nil {
		return "", fmt.Errorf("no OpenAPI document at %s (set %s to its path): %w", path, Variable, err)
	}
	return path, nil
}

// moduleRoot is the nearest directory above the working directory that holds go.mod.
func moduleRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("look for the OpenAPI document: %w", err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		up := filepath.Dir(dir)
		if up == dir {
			return "", fmt.Errorf("look for the OpenAPI document: no go.mod above the working directory; set %s to its path", Variable)
		}
		dir = up
	}
}

// Need returns the option for a test that can not do without the document; without it the test is skipped and says where it was sought.
func Need(tb testing.TB) exorgtest.Option {
	tb.Helper()
	path, err := Find()
	if err != nil {
		tb.Skip(err)
	}
	o, err := With(path)
	if err != nil {
		tb.Fatal(err)
	}
	return o
}

// IfThere returns the option for a test that is worth running without the document too; without it the test's log says so.
func IfThere(tb testing.TB) exorgtest.Option {
	tb.Helper()
	return Once()(tb)
}

// Once returns IfThere with the document read no more than once, for all tests of a package: var contract = openapi.Once().
func Once() func(testing.TB) exorgtest.Option {
	find := sync.OnceValues(Find)
	load := sync.OnceValues(func() (exorgtest.Option, error) {
		path, err := find()
		if err != nil {
			return nil, err
		}
		return With(path)
	})
	return func(tb testing.TB) exorgtest.Option {
		tb.Helper()
		if _, err := find(); err != nil {
			tb.Logf("not validated: %v", err)
			return exorgtest.WithValidator(nil)
		}
		o, err := load()
		if err != nil {
			tb.Fatal(err)
		}
		return o
	}
}

// With returns an option that judges by the document at path.
func With(path string) (exorgtest.Option, error) {
	v, err := Load(path)
	if err != nil {
		return nil, err
	}
	return exorgtest.WithValidator(v), nil
}
