package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "picture:", err)
		os.Exit(1)
	}
}

func run() error {
	drawn, err := draw()
	if err != nil {
		return err
	}
	path, err := file()
	if err != nil {
		return err
	}
	return os.WriteFile(path, []byte(drawn), 0o644)
}

// draw returns the picture of the packages as they are.
func draw() (string, error) {
	all, err := read()
	if err != nil {
		return "", err
	}
	boxes, edges, err := place(all)
	if err != nil {
		return "", err
	}
	lines, width, height := layout(boxes, edges)
	return svg(boxes, lines, width, height), nil
}

// file is where the picture lies, wherever in the project the command runs.
func file() (string, error) {
	mod, err := exec.Command("go", "env", "GOMOD").Output()
	if err != nil {
		return "", fmt.Errorf("find the project: %w", err)
	}
	return filepath.Join(filepath.Dir(strings.TrimSpace(string(mod))), "docs", "packages.svg"), nil
}
