package flows

import (
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// sources parses the package without its tests.
func sources(t *testing.T) map[string]*ast.File {
	t.Helper()
	names, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]*ast.File{}
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		files[name] = f
	}
	return files
}

func formatted(t *testing.T, source string) string {
	t.Helper()
	text, err := format.Source([]byte(source))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestImports keeps the package pure: the standard library, and of that
// nothing that can touch the world.
func TestImports(t *testing.T) {
	allowed := strings.Fields("cmp embed errors fmt hash/fnv maps math regexp slices strconv strings time unicode unicode/utf8")
	for name, f := range sources(t) {
		for _, imp := range f.Imports {
			if path := strings.Trim(imp.Path.Value, `"`); !slices.Contains(allowed, path) {
				t.Errorf("%s imports %s", name, path)
			}
		}
	}
}

// TestPure refuses what an import list does not show: the clock, goroutines,
// channels, and package variables that change after start.
func TestPure(t *testing.T) {
	files := sources(t)
	variables := packageVariables(files)
	for name, f := range files {
		for _, fault := range impurities(f, variables) {
			t.Errorf("%s: %s", name, fault)
		}
	}
}

// TestPureRefuses shows that the check can fail.
func TestPureRefuses(t *testing.T) {
	for fault, source := range map[string]string{
		"time.Now":           `func f() { _ = time.Now() }`,
		"time.Since":         `func f() { _ = time.Since(t) }`,
		"go statement":       `func f() { go g() }`,
		"channel":            `func f(c chan int) {}`,
		"assigns v":          `var v int; func f() { v = 1 }`,
		"assigns m":          `var m = map[int]int{}; func f() { m[1] = 2 }`,
		"increments v":       `var v int; func f() { v++ }`,
		`string "x" becomes`: `func f() { _ = State("x") }`,
	} {
		f, err := parser.ParseFile(token.NewFileSet(), "x.go", "package x\n"+source, 0)
		if err != nil {
			t.Fatal(err)
		}
		faults := strings.Join(impurities(f, packageVariables(map[string]*ast.File{"x.go": f})), "\n")
		if !strings.Contains(faults, fault) {
			t.Errorf("%s: found %q, want %q", source, faults, fault)
		}
	}
}

func packageVariables(files map[string]*ast.File) map[string]bool {
	variables := map[string]bool{}
	for _, f := range files {
		for _, d := range f.Decls {
			g, ok := d.(*ast.GenDecl)
			if !ok || g.Tok != token.VAR {
				continue
			}
			for _, spec := range g.Specs {
				for _, id := range spec.(*ast.ValueSpec).Names {
					variables[id.Name] = true
				}
			}
		}
	}
	return variables
}

// impurities walks everything but init functions and blocks of constants.
func impurities(f *ast.File, variables map[string]bool) []string {
	var faults []string
	for _, d := range f.Decls {
		if g, ok := d.(*ast.GenDecl); ok && g.Tok == token.CONST {
			continue
		}
		fn, _ := d.(*ast.FuncDecl)
		starting := fn != nil && fn.Name.Name == "init" && fn.Recv == nil
		ast.Inspect(d, func(n ast.Node) bool {
			faults = append(faults, impurity(n, variables, starting)...)
			return true
		})
	}
	return faults
}

func impurity(n ast.Node, variables map[string]bool, starting bool) []string {
	switch n := n.(type) {
	case *ast.GoStmt:
		return []string{"go statement"}
	case *ast.ChanType, *ast.SendStmt, *ast.SelectStmt:
		return []string{"channel"}
	case *ast.SelectorExpr:
		clocks := []string{"Now", "Since", "Until", "Sleep", "After", "Tick", "NewTimer", "NewTicker", "AfterFunc"}
		if id, ok := n.X.(*ast.Ident); ok && id.Name == "time" && slices.Contains(clocks, n.Sel.Name) {
			return []string{"time." + n.Sel.Name}
		}
	case *ast.AssignStmt:
		var faults []string
		for _, left := range n.Lhs {
			if name := root(left); variables[name] && n.Tok != token.DEFINE && !starting {
				faults = append(faults, "assigns "+name)
			}
		}
		return faults
	case *ast.IncDecStmt:
		if name := root(n.X); variables[name] && !starting {
			return []string{"increments " + name}
		}
	case *ast.CallExpr:
		to, named := n.Fun.(*ast.Ident)
		if !named || len(n.Args) != 1 || (to.Name != "State" && to.Name != "Kind") {
			return nil
		}
		if lit, ok := n.Args[0].(*ast.BasicLit); ok {
			return []string{"string " + lit.Value + " becomes a " + to.Name}
		}
	}
	return nil
}

// root is the variable that an expression is part of; a receiver or a local of
// the same name as a package variable is refused as well: rename it.
func root(e ast.Expr) string {
	switch x := e.(type) {
	case *ast.Ident:
		return x.Name
	case *ast.IndexExpr:
		return root(x.X)
	case *ast.SelectorExpr:
		return root(x.X)
	case *ast.StarExpr:
		return root(x.X)
	}
	return ""
}
