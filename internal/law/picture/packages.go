package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os/exec"
	"strings"
)

const module = "tabiya/"

// imports maps each package to those of the project that it imports. Paths are
// relative to the module.
type imports map[string][]string

// read asks `go list` for the packages of the project.
func read() (imports, error) {
	out, err := exec.Command("go", "list", "-json=ImportPath,Imports", module+"...").Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w", err)
	}
	all := imports{}
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p struct {
			ImportPath string
			Imports    []string
		}
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return all.drawn(), nil
		} else if err != nil {
			return nil, fmt.Errorf("read go list: %w", err)
		}
		path := strings.TrimPrefix(p.ImportPath, module)
		all[path] = nil
		for _, i := range p.Imports {
			if target, ours := strings.CutPrefix(i, module); ours {
				all[path] = append(all[path], target)
			}
		}
	}
}

// drawn leaves out what the picture does not show.
func (all imports) drawn() imports {
	maps.DeleteFunc(all, func(path string, _ []string) bool { return hidden(path) })
	used := map[string]bool{}
	for _, targets := range all {
		for _, t := range targets {
			used[t] = true
		}
	}
	maps.DeleteFunc(all, func(path string, targets []string) bool { return len(targets) == 0 && !used[path] })
	return all
}

// hidden reports whether a package is for tests, checks or developers alone.
func hidden(path string) bool {
	return strings.HasSuffix(path, "test") || strings.HasSuffix(path, "/realkafka") ||
		within(path, "internal/law") || within(path, "scripts")
}

func within(path, folder string) bool { return path == folder || strings.HasPrefix(path, folder+"/") }
