package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
)

// pkg is one type-checked package.
type pkg struct {
	path  string
	files []*ast.File
	info  *types.Info
}

// listed is what `go list` says of a package.
type listed struct {
	ImportPath string
	Dir        string
	GoFiles    []string
	Export     string // file with the compiler's export data
	DepOnly    bool   // not matched by a pattern itself
}

// load type-checks the packages that match the patterns. Their imports are read
// from the compiler's export data.
func load(fset *token.FileSet, patterns []string) ([]pkg, error) {
	all, err := list(patterns)
	if err != nil {
		return nil, err
	}
	exports := map[string]string{}
	for _, l := range all {
		exports[l.ImportPath] = l.Export
	}
	imports := importer.ForCompiler(fset, "gc", func(path string) (io.ReadCloser, error) {
		return os.Open(exports[path])
	})

	var pkgs []pkg
	for _, l := range all {
		if l.DepOnly {
			continue
		}
		files, err := parse(fset, l)
		if err != nil {
			return nil, err
		}
		p, err := check(fset, l.ImportPath, files, imports)
		if err != nil {
			return nil, err
		}
		pkgs = append(pkgs, p)
	}
	return pkgs, nil
}

func list(patterns []string) ([]listed, error) {
	args := append([]string{"list", "-deps", "-export", "-json=ImportPath,Dir,GoFiles,Export,DepOnly", "--"}, patterns...)
	cmd := exec.Command("go", args...)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go list %v: %w", patterns, err)
	}
	var all []listed
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var l listed
		if err := d.Decode(&l); errors.Is(err, io.EOF) {
			return all, nil
		} else if err != nil {
			return nil, fmt.Errorf("read go list: %w", err)
		}
		all = append(all, l)
	}
}

func parse(fset *token.FileSet, l listed) ([]*ast.File, error) {
	files := make([]*ast.File, len(l.GoFiles))
	for i, name := range l.GoFiles {
		f, err := parser.ParseFile(fset, filepath.Join(l.Dir, name), nil, parser.SkipObjectResolution)
		if err != nil {
			return nil, fmt.Errorf("parse %s: %w", name, err)
		}
		files[i] = f
	}
	return files, nil
}

func check(fset *token.FileSet, path string, files []*ast.File, imports types.Importer) (pkg, error) {
	info := &types.Info{Uses: map[*ast.Ident]types.Object{}}
	if _, err := (&types.Config{Importer: imports}).Check(path, fset, files, info); err != nil {
		return pkg{}, fmt.Errorf("check %s: %w", path, err)
	}
	return pkg{path, files, info}, nil
}
