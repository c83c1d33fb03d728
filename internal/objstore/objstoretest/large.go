package objstoretest

import (
	"bytes"
	"errors"
	"io"
	"sync"
	"sync/atomic"
	"testing"

	"tabiya/internal/objstore"
)

// pattern is a large body that is generated as it is read.
type pattern struct{ seed byte }

func (p pattern) ReadAt(b []byte, off int64) (int, error) {
	for i := range b {
		at := off + int64(i)
		b[i] = p.seed + byte(at) + byte(at>>16)
	}
	return len(b), nil
}

func large(t *testing.T, b *objstore.Bucket) {
	const size = 65<<20 + 12345
	var wins, lost atomic.Int32
	var winner atomic.Int32
	var all sync.WaitGroup
	for w := range int32(2) {
		all.Go(func() {
			_, err := b.PutIfAbsent(t.Context(), "big", pattern{byte(w)}, size)
			switch {
			case err == nil:
				wins.Add(1)
				winner.Store(w)
			case errors.Is(err, objstore.ErrExists):
				lost.Add(1)
			default:
				t.Error(err)
			}
		})
	}
	all.Wait()
	if wins.Load() != 1 || lost.Load() != 1 {
		t.Fatalf("%d writers succeeded, %d found the object", wins.Load(), lost.Load())
	}
	r, obj, err := b.Get(t.Context(), "big")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if obj.Size != size {
		t.Errorf("size %d", obj.Size)
	}
	got, want := make([]byte, 1<<20), make([]byte, 1<<20)
	for off := int64(0); off < size; {
		n, err := io.ReadFull(r, got)
		if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Fatal(err)
		}
		_, _ = pattern{byte(winner.Load())}.ReadAt(want[:n], off)
		if !bytes.Equal(got[:n], want[:n]) {
			t.Fatalf("differs after offset %d", off)
		}
		off += int64(n)
	}
	for obj, err := range b.List(t.Context(), "", "") {
		if err != nil || obj.Key != "big" {
			t.Errorf("left over: %+v %v", obj, err)
		}
	}
}
