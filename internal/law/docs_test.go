package law

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

// namedPath matches a file or folder of the project in backticks. A name without a
// slash is not looked for: it stands beside a path of its folder.
var namedPath = regexp.MustCompile("`((?:benchmarks|build|cmd|deploy|docs|internal|processors|schemas|scripts|services|sinks|tables|test|testdata)/[\\w./-]*)`")

// Documents that name files or folders of the project must name ones that exist.
func TestDocumentsNameFilesThatExist(t *testing.T) {
	root := filepath.Join("..", "..")
	for _, doc := range []string{"README.md", "ARCHITECTURE.md", "CONTRIBUTING.md"} {
		text, err := os.ReadFile(filepath.Join(root, doc))
		if err != nil {
			t.Fatal(err)
		}
		found := 0
		for _, m := range namedPath.FindAllSubmatch(text, -1) {
			found++
			if _, err := os.Stat(filepath.Join(root, string(m[1]))); err != nil {
				t.Errorf("%s names %s: %v", doc, m[1], err)
			}
		}
		if found == 0 {
			t.Errorf("%s names no path: is the pattern out of date?", doc)
		}
	}
}
