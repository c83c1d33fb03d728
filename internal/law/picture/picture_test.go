package main

import (
	"os"
	"strings"
	"testing"
)

func TestPictureIsCurrent(t *testing.T) {
	want, err := draw()
	if err != nil {
		t.Fatal(err)
	}
	path, err := file()
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Error("docs/packages.svg is stale: go run ./internal/law/picture")
	}
}

func TestPackageWithoutPlaceIsAnError(t *testing.T) {
	_, _, err := place(imports{"attic": {"schemas"}, "schemas": nil})
	if err == nil || !strings.Contains(err.Error(), "attic has no place") {
		t.Errorf("error %v, want one that names attic", err)
	}
}

func TestImportThatPointsUpIsAnError(t *testing.T) {
	_, _, err := place(imports{"schemas": {"tables"}, "tables": nil})
	if err == nil || !strings.Contains(err.Error(), "schemas imports tables") {
		t.Errorf("error %v, want one that names the import", err)
	}
}

func TestInnermostFolderHoldsThePackage(t *testing.T) {
	boxes := emptyBoxes()
	for path, title := range map[string]string{
		"internal/core/game": "internal/core", "internal/kafka": "internal", "internal/replay": "client", "services/livegame/held": "services",
	} {
		if b, _ := boxFor(boxes, path); b == nil || b.title != title {
			t.Errorf("%s is not in %s", path, title)
		}
	}
}

func TestNoLineRunsThroughABox(t *testing.T) {
	all, err := read()
	if err != nil {
		t.Fatal(err)
	}
	boxes, edges, err := place(all)
	if err != nil {
		t.Fatal(err)
	}
	lines, _, _ := layout(boxes, edges)
	if len(lines) != len(edges) {
		t.Errorf("%d lines for %d edges", len(lines), len(edges))
	}
	for _, l := range lines {
		for i, p := range l.points[1:] {
			for _, b := range boxes {
				if crosses(l.points[i], p, b.rect) {
					t.Errorf("the line from %s to %s runs through %s", l.from.title, l.to.title, b.title)
				}
			}
		}
	}
}

func crosses(p, q point, r rect) bool {
	return max(p.x, q.x) > r.x && min(p.x, q.x) < r.right() && max(p.y, q.y) > r.y && min(p.y, q.y) < r.bottom()
}
