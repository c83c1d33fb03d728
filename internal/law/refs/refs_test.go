package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strings"
	"testing"
)

// sources is a package of three files in which store.go refers back to api.go.
var sources = map[string]string{
	"api.go": `package p

type Limit int

func Serve(s *store) { s.put(1); s.size++; local := s.size; _ = local }
`,
	"store.go": `package p

type store struct{ size item }

func (s *store) put(i item) { s.size = i + item(Limit(1)) }
`,
	"item.go": `package p

type item int
`,
}

func example(t *testing.T) graph {
	t.Helper()
	fset := token.NewFileSet()
	var files []*ast.File
	for _, name := range []string{"api.go", "item.go", "store.go"} {
		f, err := parser.ParseFile(fset, name, sources[name], parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, f)
	}
	p, err := check(fset, "p", files, nil)
	if err != nil {
		t.Fatal(err)
	}
	return betweenFiles(fset, p)
}

func TestReferencesAreUsesOfWhatAnotherFileDeclares(t *testing.T) {
	g := example(t)
	var got []string
	for _, r := range g.refs {
		got = append(got, g.units[r.from]+" "+r.name+" "+g.units[r.to])
	}
	want := []string{
		"api.go store store.go", "api.go put store.go", "api.go size store.go", "api.go size store.go",
		"store.go item item.go", "store.go item item.go", "store.go item item.go", "store.go Limit api.go",
	}
	if !slices.Equal(got, want) {
		t.Errorf("references:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestBestOrderHasTheFewestBackReferences(t *testing.T) {
	g := example(t)
	w := g.weights()
	order := bestOrder(w)
	var names []string
	for _, u := range order {
		names = append(names, g.units[u])
	}
	if want := []string{"api.go", "store.go", "item.go"}; !slices.Equal(names, want) {
		t.Errorf("order %v, want %v", names, want)
	}
	if n := backward(w, order); n != 1 {
		t.Errorf("%d back references, want 1: Limit", n)
	}
}

func TestGivenOrderIsKept(t *testing.T) {
	g := example(t)
	order, err := givenOrder(g.units, []string{"item.go", "store.go", "api.go"})
	if err != nil {
		t.Fatal(err)
	}
	if n := backward(g.weights(), order); n != 7 {
		t.Errorf("%d back references, want 7: all but Limit", n)
	}
	for _, names := range [][]string{{"item.go"}, {"item.go", "item.go", "api.go"}, {"item.go", "store.go", "none.go"}} {
		if _, err := givenOrder(g.units, names); err == nil {
			t.Errorf("order %v was accepted", names)
		}
	}
}

func TestPackagesAreCountedAndHaveNoBackReferences(t *testing.T) {
	var out strings.Builder
	if err := run(&out, []string{"tabiya/internal/core/rating", "tabiya/internal/core/player"}, "", true); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), "2 packages") || !strings.Contains(out.String(), " 0 back references") {
		t.Errorf("unexpected report:\n%s", &out)
	}
}
