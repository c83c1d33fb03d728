package test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// sourceEdit replaces a text, which is there once, in a file of the project.
type sourceEdit struct{ file, old, new string }

// buildEdited builds the program from edited source and returns its path. The source
// itself stays as it is, and so the product needs no switch for what a test changes.
func buildEdited(t testing.TB, edits []sourceEdit) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "tabiya")
	goBuild(t, "-overlay", overlay(t, edits), "-o", program, "tabiya/cmd/tabiya")
	return program
}

func goBuild(t testing.TB, args ...string) {
	t.Helper()
	out, err := exec.Command("go", append([]string{"build", "-tags", "nomsgpack"}, args...)...).CombinedOutput()
	if err != nil {
		t.Fatalf("go build %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

// overlay writes the edits to a file for the flag -overlay of "go build".
func overlay(t testing.TB, edits []sourceEdit) string {
	t.Helper()
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	dir, replace := t.TempDir(), map[string]string{}
	for i, e := range edits {
		path := filepath.Join(root, filepath.FromSlash(e.file))
		text := string(mustRead(t, path))
		if n := strings.Count(text, e.old); n != 1 {
			t.Fatalf("%s has %q %d times, not once", e.file, e.old, n)
		}
		text = strings.Replace(text, e.old, e.new, 1)
		replace[path] = filepath.Join(dir, strconv.Itoa(i)+".go")
		if err := os.WriteFile(replace[path], []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	text, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}
