// Package docs_test checks that the documents and the code still point at each other.
package docs_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const root = "../.."

// files returns every text of the repository that people write, by path from its root.
func files(t *testing.T) map[string]string {
	t.Helper()
	texts := map[string]string{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		if d.IsDir() {
			if path != root && (strings.HasPrefix(name, ".") || name == "node_modules" || name == "testdata" || strings.HasPrefix(name, "cdk.out") || name == "dist") {
				return filepath.SkipDir
			}
			return nil
		}
		switch filepath.Ext(name) {
		case ".go", ".md", ".sh":
		default:
			if name != "Makefile" {
				return nil
			}
		}
		body, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, path)
		texts[filepath.ToSlash(rel)] = string(body)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(texts) < 500 {
		t.Fatalf("only %d files were found below %s: the walk is wrong", len(texts), root)
	}
	return texts
}

const here = "shared/docs/"

func numbers(text string, heading *regexp.Regexp) map[string]bool {
	all := map[string]bool{}
	for _, m := range heading.FindAllStringSubmatch(text, -1) {
		all[m[1]] = true
	}
	return all
}

var (
	ruleDefined = regexp.MustCompile(`(?m)^(?:## |\| |- \*\*)(\d+(?:\.\d+)?)(?:\*\*| )`)
	factDefined = regexp.MustCompile(`(?m)^\| ([EXA]\d+) \|`)
	ruleCited   = regexp.MustCompile(`\bRULES(?:\.md)? (\d+(?:\.\d+)?)`)
	factCited   = regexp.MustCompile(`\bFACTS(?:\.md)? ([A-Z]\d+)`)
)

func TestCitedRulesAndFactsExist(t *testing.T) {
	texts := files(t)
	rules, facts := numbers(texts[here+"RULES.md"], ruleDefined), numbers(texts[here+"FACTS.md"], factDefined)
	if len(rules) < 100 || len(facts) < 40 {
		t.Fatalf("%d rules and %d facts are defined: the pattern is wrong", len(rules), len(facts))
	}
	cited := 0
	for path, text := range texts {
		for _, m := range ruleCited.FindAllStringSubmatch(text, -1) {
			if cited++; !rules[m[1]] {
				t.Errorf("%s cites RULES %s, which is not in shared/docs/RULES.md", path, m[1])
			}
		}
		for _, m := range factCited.FindAllStringSubmatch(text, -1) {
			if cited++; !facts[m[1]] {
				t.Errorf("%s cites FACTS %s, which is not in shared/docs/FACTS.md", path, m[1])
			}
		}
	}
	if cited < 100 {
		t.Errorf("only %d citations were found: the pattern is wrong", cited)
	}
}

// The specification and the collected facts are not part of the repository: a newcomer could not follow a reference to them.
func TestNothingPointsOutsideOfTheRepository(t *testing.T) {
	outside := regexp.MustCompile(`\bDESIGN\b|\bfacts/[a-z]|house rule \d|style\.md`)
	for path, text := range files(t) {
		if path == here+"docs_test.go" {
			continue
		}
		for i, line := range strings.Split(text, "\n") {
			if outside.MatchString(line) && !strings.Contains(line, "shared/facts/exorg-openapi.json") {
				t.Errorf("%s:%d points outside of the repository: %s", path, i+1, strings.TrimSpace(line))
			}
		}
	}
}

var shownBy = regexp.MustCompile("`(\\w+)\\.(Test\\w+)`")

func TestTestsThatTheRulesNameExist(t *testing.T) {
	texts := files(t)
	defined := map[string]bool{}
	testFunc := regexp.MustCompile(`(?m)^func (Test\w+)\(`)
	for path, text := range texts {
		if strings.HasSuffix(path, "_test.go") {
			for _, m := range testFunc.FindAllStringSubmatch(text, -1) {
				defined[filepath.Base(filepath.Dir(path))+"."+m[1]] = true
			}
		}
	}
	named := 0
	for _, doc := range []string{"RULES.md", "ARCHITECTURE.md"} {
		for _, m := range shownBy.FindAllStringSubmatch(texts[here+doc], -1) {
			if named++; !defined[m[1]+"."+m[2]] {
				t.Errorf("%s names %s.%s, which does not exist", doc, m[1], m[2])
			}
		}
	}
	if named < 100 {
		t.Errorf("only %d tests are named: the pattern is wrong", named)
	}
}

// Each rule names a test, or says why it has none.
func TestEveryRuleNamesATest(t *testing.T) {
	text := files(t)[here+"RULES.md"]
	rule := regexp.MustCompile(`(?m)^(?:\| |- \*\*)(\d+\.\d+)`)
	at := rule.FindAllStringSubmatchIndex(text, -1)
	for i, m := range at {
		end := len(text)
		if i+1 < len(at) {
			end = at[i+1][0]
		}
		body := text[m[0]:end]
		if !shownBy.MatchString(body) && !strings.Contains(body, "| none: ") {
			t.Errorf("RULES %s names no test", text[m[2]:m[3]])
		}
	}
}

func TestLinksAndPathsExist(t *testing.T) {
	link := regexp.MustCompile(`\]\(([^)#]+)(?:#[^)]*)?\)`)
	path := regexp.MustCompile("`((?:shared|functions|infra|events)/[\\w/.-]+\\.(?:go|md|sh|json))`")
	for name, text := range files(t) {
		if !strings.HasSuffix(name, ".md") {
			continue
		}
		for _, m := range link.FindAllStringSubmatch(text, -1) {
			if strings.Contains(m[1], "://") {
				continue
			}
			if _, err := os.Stat(filepath.Join(root, filepath.Dir(name), m[1])); err != nil {
				t.Errorf("%s links to %s, which does not exist", name, m[1])
			}
		}
		for _, m := range path.FindAllStringSubmatch(text, -1) {
			if _, err := os.Stat(filepath.Join(root, m[1])); err != nil {
				t.Errorf("%s names %s, which does not exist", name, m[1])
			}
		}
	}
}
