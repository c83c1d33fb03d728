package main

import (
	"cmp"
	"go/ast"
	"go/token"
	"go/types"
	"path/filepath"
	"slices"
)

// ref is one use site.
type ref struct {
	from, to int // indices into graph.units
	at       token.Position
	name     string // the object that is used
}

// graph holds the units and the references between them.
type graph struct {
	units []string
	refs  []ref
}

// weights returns w[a][b], the number of references from unit a to unit b.
func (g graph) weights() [][]int {
	w := make([][]int, len(g.units))
	for i := range w {
		w[i] = make([]int, len(g.units))
	}
	for _, r := range g.refs {
		w[r.from][r.to]++
	}
	return w
}

// betweenFiles counts the references between the files of one package.
func betweenFiles(fset *token.FileSet, p pkg) graph {
	file := func(pos token.Pos) string { return filepath.Base(fset.Position(pos).Filename) }
	units := make([]string, 0, len(p.files))
	for _, f := range p.files {
		units = append(units, file(f.FileStart))
	}
	return count(fset, units, []pkg{p},
		func(_ pkg, use *ast.Ident) string { return file(use.Pos()) },
		func(o types.Object) string {
			if o.Pkg().Path() != p.path {
				return ""
			}
			return file(o.Pos())
		})
}

// betweenPackages counts the references between packages.
func betweenPackages(fset *token.FileSet, pkgs []pkg) graph {
	units := make([]string, 0, len(pkgs))
	for _, p := range pkgs {
		units = append(units, p.path)
	}
	return count(fset, units, pkgs,
		func(p pkg, _ *ast.Ident) string { return p.path },
		func(o types.Object) string { return o.Pkg().Path() })
}

// count makes the graph: user names the unit of a use site, owner the unit that
// declares an object. Objects of other units than those given are left out.
func count(fset *token.FileSet, units []string, pkgs []pkg, user func(pkg, *ast.Ident) string, owner func(types.Object) string) graph {
	slices.Sort(units)
	index := map[string]int{}
	for i, u := range units {
		index[u] = i
	}
	g := graph{units: units}
	for _, p := range pkgs {
		for use, o := range p.info.Uses {
			if o = declared(o); o == nil {
				continue
			}
			to, ours := index[owner(o)]
			if from := index[user(p, use)]; ours && from != to {
				g.refs = append(g.refs, ref{from, to, fset.Position(use.Pos()), o.Name()})
			}
		}
	}
	slices.SortFunc(g.refs, func(a, b ref) int {
		return cmp.Or(cmp.Compare(a.at.Filename, b.at.Filename), cmp.Compare(a.at.Offset, b.at.Offset))
	})
	return g
}

// declared returns the object as its source declares it (the generic one of an
// instance), or nil if it is neither package-level, nor a method, nor a field.
func declared(o types.Object) types.Object {
	if o.Pkg() == nil {
		return nil // predeclared
	}
	switch o := o.(type) {
	case *types.PkgName:
		return nil
	case *types.Var:
		if o.IsField() {
			return o.Origin()
		}
	case *types.Func:
		return o.Origin() // a function or a method: Go has no local named functions
	}
	if o.Parent() == o.Pkg().Scope() {
		return o
	}
	return nil
}
