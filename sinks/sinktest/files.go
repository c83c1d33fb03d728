package sinktest

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"iter"
	"maps"
	"slices"
	"testing"

	"tabiya/internal/objstore"
)

// Store is what Files reads.
type Store interface {
	List(ctx context.Context, prefix, startAfter string) iter.Seq2[objstore.Object, error]
	Get(ctx context.Context, key string) (io.ReadCloser, objstore.Object, error)
}

// Files returns the content of all objects under a prefix, by key.
func Files(t testing.TB, store Store, prefix string) map[string]string {
	t.Helper()
	files := make(map[string]string)
	for object, err := range store.List(t.Context(), prefix, "") {
		if err != nil {
			t.Fatal(err)
		}
		body, _, err := store.Get(t.Context(), object.Key)
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(body)
		_ = body.Close()
		if err != nil {
			t.Fatal(err)
		}
		files[object.Key] = string(content)
	}
	return files
}

// SameFiles fails the test if two sets of files differ in a name or a byte.
func SameFiles(t testing.TB, got, want map[string]string) {
	t.Helper()
	for _, key := range slices.Sorted(maps.Keys(want)) {
		if content, ok := got[key]; !ok {
			t.Errorf("missing: %s", key)
		} else if content != want[key] {
			t.Errorf("%s: %d bytes differ from the %d wanted", key, len(content), len(want[key]))
		}
	}
	for _, key := range slices.Sorted(maps.Keys(got)) {
		if _, ok := want[key]; !ok {
			t.Errorf("unexpected: %s", key)
		}
	}
}

// Progress returns the next offset in a progress object, or -1 if there is none.
func Progress(t testing.TB, store Store, key string) int64 {
	t.Helper()
	body, _, err := store.Get(t.Context(), key)
	if errors.Is(err, objstore.ErrNotFound) {
		return -1
	}
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = body.Close() }()
	var progress struct {
		NextOffset int64 `json:"nextOffset"`
	}
	if err := json.NewDecoder(body).Decode(&progress); err != nil {
		t.Fatalf("%s: %v", key, err)
	}
	return progress.NextOffset
}
