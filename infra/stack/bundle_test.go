package stack_test

import (
	"bytes"
	"debug/elf"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"excs/infra/stack"
)

// module writes a module with one function whose source is given.
func module(t *testing.T, source string) string {
	t.Helper()
	root := t.TempDir()
	if err := os.MkdirAll(filepath.Join(root, "functions", "hello"), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"go.mod": "module hello\n\ngo 1.26\n", "functions/hello/main.go": source} {
		if err := os.WriteFile(filepath.Join(root, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

// A bootstrap is a program for Lambda's Linux on arm64 that needs no library, and the same sources give the same bytes
// wherever they lie.
func TestBundle(t *testing.T) {
	var first []byte
	for range 2 {
		root := module(t, "package main\n\nfunc main() { println(42) }\n")
		out := t.TempDir()
		dir, err := stack.Bundler{Root: root, Out: out}.Build(t.Context(), "hello")
		if err != nil {
			t.Fatal(err)
		}
		entries, err := os.ReadDir(dir)
		if err != nil || len(entries) != 1 || entries[0].Name() != "bootstrap" {
			t.Fatalf("%s holds %v, %v", dir, entries, err)
		}
		file := filepath.Join(dir, "bootstrap")
		program, err := elf.Open(file)
		if err != nil {
			t.Fatal(err)
		}
		libraries, err := program.ImportedLibraries()
		if err != nil || len(libraries) > 0 || program.Machine != elf.EM_AARCH64 {
			t.Errorf("machine %s, libraries %v, %v", program.Machine, libraries, err)
		}
		if err := program.Close(); err != nil {
			t.Error(err)
		}
		if info, err := os.Stat(file); err != nil || info.Mode()&0o111 == 0 {
			t.Errorf("mode %v, %v", info.Mode(), err)
		}
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(text, []byte(root)) {
			t.Error("the program names the folder it was built in")
		}
		if first != nil && !bytes.Equal(first, text) {
			t.Error("two folders with the same source give two programs")
		}
		first = text
	}
}

// What the compiler says reaches the operator.
func TestBundleThatDoesNotCompile(t *testing.T) {
	root := module(t, "package main\n\nfunc main() { undefinedThing() }\n")
	_, err := stack.Bundler{Root: root, Out: t.TempDir()}.Build(t.Context(), "hello")
	if err == nil || !strings.HasPrefix(err.Error(), "compile ./functions/hello: ") || !strings.Contains(err.Error(), "undefined: undefinedThing") {
		t.Errorf("error %v", err)
	}
}

// What runs knows nothing of what deploys it: CDK would put minutes on every build and megabytes into every function.
func TestNothingElseKnowsCDK(t *testing.T) {
	list := exec.CommandContext(t.Context(), "go", "list", "-deps", "./functions/...", "./shared/...", "./events/...")
	list.Dir = "../.."
	packages, err := list.Output()
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(packages), "excs/shared/mapping\n") {
		t.Fatalf("the list is not what it should be: %.200s", packages)
	}
	for name := range strings.Lines(string(packages)) {
		for _, unwanted := range []string{"github.com/aws/aws-cdk-go", "github.com/aws/jsii", "github.com/aws/constructs", "excs/infra/stack"} {
			if strings.HasPrefix(name, unwanted) {
				t.Errorf("something that runs imports %s", name)
			}
		}
	}
}
