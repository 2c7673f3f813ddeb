package dispatch_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Nobody else puts a message on the work queue or marks a row queued: who sends without a mark sends twice, and who marks without
// taking the mark back silences an object. Dead letters go to another queue, and need no mark.
func TestNobodyElseSends(t *testing.T) {
	set := token.NewFileSet()
	for _, root := range []string{"../../shared", "../../functions"} {
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			own := slices.ContainsFunc([]string{"shared/dispatch", "shared/queue", "shared/mapping"}, func(p string) bool { return strings.Contains(path, p) })
			if err != nil || d.IsDir() || own || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			file, err := parser.ParseFile(set, path, nil, parser.SkipObjectResolution)
			if err != nil {
				return err
			}
			if !slices.ContainsFunc(file.Imports, func(i *ast.ImportSpec) bool { return i.Path.Value == `"excs/shared/queue"` }) {
				return nil
			}
			ast.Inspect(file, func(n ast.Node) bool {
				call, ok := n.(*ast.CallExpr)
				if !ok {
					return true
				}
				method, ok := call.Fun.(*ast.SelectorExpr)
				if ok && (method.Sel.Name == "MarkQueued" || method.Sel.Name == "Send" && !slices.Contains([]string{"line", "Dead"}, last(method.X))) {
					t.Errorf("%s: %s.%s goes past dispatch", set.Position(call.Pos()), last(method.X), method.Sel.Name)
				}
				return true
			})
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// last is the last name of an expression: the field or variable.
func last(x ast.Expr) string {
	switch x := x.(type) {
	case *ast.Ident:
		return x.Name
	case *ast.SelectorExpr:
		return x.Sel.Name
	default:
		return ""
	}
}
