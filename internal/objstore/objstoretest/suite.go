package objstoretest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"tabiya/internal/objstore"
)

// cases are the tests of a suite, by name.
type cases map[string]func(*testing.T, *objstore.Bucket)

// Run tests what every store has to support. open returns an empty bucket.
func Run(t *testing.T, open func(testing.TB) *objstore.Bucket) {
	cases{
		"an object is read as it was written":                   roundTrip,
		"a missing object is not found":                         notFound,
		"a list is in key order, across pages":                  list,
		"an object is created once":                             createdOnce,
		"one of many concurrent writers of a key succeeds":      createRace,
		"a changed object is not overwritten":                   overwrite,
		"large objects are uploaded in parts, and created once": large,
	}.run(t, open)
}

// RunSwap tests what a store has to support besides, if PutIfMatch is used.
func RunSwap(t *testing.T, open func(testing.TB) *objstore.Bucket) {
	cases{"compare and swap loses no update": swapRace}.run(t, open)
}

func (c cases) run(t *testing.T, open func(testing.TB) *objstore.Bucket) {
	for name, test := range c {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, open(t))
		})
	}
}

func put(t *testing.T, b *objstore.Bucket, key, text string) objstore.Object {
	t.Helper()
	obj, err := b.Put(t.Context(), key, strings.NewReader(text), int64(len(text)))
	if err != nil {
		t.Fatal(err)
	}
	return obj
}

func get(t *testing.T, b *objstore.Bucket, key string) (string, objstore.Object) {
	t.Helper()
	r, obj, err := b.Get(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	text, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(text), obj
}

func roundTrip(t *testing.T, b *objstore.Bucket) {
	for _, key := range []string{
		"raw/v1/topic=game-events/region=eu/date=2026-01-01/hour=07/0-00000000.ndjson.zst",
		"with space+plus%percent", "ключ/鍵", "a//b", "x=y&z?w#v",
	} {
		for _, text := range []string{"", "text", "longer text"} {
			wrote := put(t, b, key, text)
			read, got := get(t, b, key)
			head, err := b.Head(t.Context(), key)
			if err != nil {
				t.Fatal(err)
			}
			if read != text || got.Size != int64(len(text)) || got.ETag != wrote.ETag || head != got {
				t.Errorf("%q: wrote %+v, got %+v %q, head %+v", key, wrote, got, read, head)
			}
		}
		for range 2 { // the second time it does not exist
			if err := b.Delete(t.Context(), key); err != nil {
				t.Error(err)
			}
		}
		if _, err := b.Head(t.Context(), key); !errors.Is(err, objstore.ErrNotFound) {
			t.Errorf("%q deleted: %v", key, err)
		}
	}
}

func notFound(t *testing.T, b *objstore.Bucket) {
	if _, _, err := b.Get(t.Context(), "no/such"); !errors.Is(err, objstore.ErrNotFound) {
		t.Errorf("get: %v", err)
	}
	if _, err := b.Head(t.Context(), "no/such"); !errors.Is(err, objstore.ErrNotFound) {
		t.Errorf("head: %v", err)
	}
	for _, err := range b.List(t.Context(), "no/", "") {
		t.Errorf("list: %v", err)
	}
	if err := b.Create(t.Context()); err != nil { // it exists
		t.Errorf("create: %v", err)
	}
}

func list(t *testing.T, b *objstore.Bucket) {
	const n = 1100 // more than one page
	var want []string
	var writers sync.WaitGroup
	for i := range 4 {
		writers.Go(func() {
			for j := i; j < n; j += 4 {
				put(t, b, fmt.Sprintf("p/%04d", j), "x")
			}
		})
	}
	writers.Wait()
	for j := range n {
		want = append(want, fmt.Sprintf("p/%04d", j))
	}
	put(t, b, "q/0", "x")
	keys := func(prefix, after string) (got []string) {
		for obj, err := range b.List(t.Context(), prefix, after) {
			if err != nil {
				t.Fatal(err)
			}
			if got = append(got, obj.Key); obj.Size != 1 {
				t.Errorf("%+v", obj)
			}
		}
		return got
	}
	if got := keys("p/", ""); !slices.Equal(got, want) {
		t.Errorf("%d keys under p/, want %d in order", len(got), n)
	}
	if got := keys("p/", "p/1050"); !slices.Equal(got, want[1051:]) {
		t.Errorf("after p/1050: %v", got)
	}
	if got := keys("p/10", "p/1098"); !slices.Equal(got, []string{"p/1099"}) {
		t.Errorf("p/10 after p/1098: %v", got)
	}
	if got := keys("", "p/1099"); !slices.Equal(got, []string{"q/0"}) {
		t.Errorf("all after p/1099: %v", got)
	}
}

func createdOnce(t *testing.T, b *objstore.Bucket) {
	first, err := b.PutIfAbsent(t.Context(), "k", strings.NewReader("first"), 5)
	if err != nil {
		t.Fatal(err)
	}
	existing, err := b.PutIfAbsent(t.Context(), "k", strings.NewReader("second"), 6)
	if !errors.Is(err, objstore.ErrExists) || existing.ETag != first.ETag {
		t.Errorf("second: %+v, %v", existing, err)
	}
	if text, _ := get(t, b, "k"); text != "first" {
		t.Errorf("content %q", text)
	}
}

func createRace(t *testing.T, b *objstore.Bucket) {
	const keys, writers = 16, 24
	for k := range keys {
		key := "race/" + strconv.Itoa(k)
		var winner atomic.Int32
		var wins atomic.Int32
		var all sync.WaitGroup
		start := make(chan struct{})
		for w := range int32(writers) {
			all.Go(func() {
				body := bytes.Repeat([]byte{byte('a' + w)}, 1000)
				<-start
				_, err := b.PutIfAbsent(t.Context(), key, bytes.NewReader(body), int64(len(body)))
				switch {
				case err == nil:
					wins.Add(1)
					winner.Store(w)
				case !errors.Is(err, objstore.ErrExists):
					t.Error(err)
				}
			})
		}
		close(start)
		all.Wait()
		text, _ := get(t, b, key)
		if wins.Load() != 1 || text != strings.Repeat(string('a'+winner.Load()), 1000) {
			t.Errorf("%s: %d writers succeeded, the last was %d, the content starts with %.1q", key, wins.Load(), winner.Load(), text)
		}
	}
}

func overwrite(t *testing.T, b *objstore.Bucket) {
	old := put(t, b, "k", "one")
	put(t, b, "k", "two")
	if _, err := b.PutIfMatch(t.Context(), "k", old.ETag, strings.NewReader("three"), 5); !errors.Is(err, objstore.ErrChanged) {
		t.Errorf("replace a newer version: %v", err)
	}
	_, now := get(t, b, "k")
	if _, err := b.PutIfMatch(t.Context(), "k", now.ETag, strings.NewReader("three"), 5); err != nil {
		t.Error(err)
	}
	if text, _ := get(t, b, "k"); text != "three" {
		t.Errorf("content %q", text)
	}
	if _, err := b.PutIfMatch(t.Context(), "none", now.ETag, strings.NewReader("x"), 1); !errors.Is(err, objstore.ErrChanged) {
		t.Errorf("replace a missing object: %v", err)
	}
}

func swapRace(t *testing.T, b *objstore.Bucket) {
	const writers, each = 8, 10
	put(t, b, "n", "0")
	var all sync.WaitGroup
	for range writers {
		all.Go(func() {
			for done := 0; done < each; {
				text, obj := get(t, b, "n")
				n, err := strconv.Atoi(text)
				if err != nil {
					t.Error(err)
					return
				}
				next := strconv.Itoa(n + 1)
				_, err = b.PutIfMatch(t.Context(), "n", obj.ETag, strings.NewReader(next), int64(len(next)))
				switch {
				case err == nil:
					done++
				case !errors.Is(err, objstore.ErrChanged):
					t.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
	if text, _ := get(t, b, "n"); text != strconv.Itoa(writers*each) {
		t.Errorf("%d swaps counted %s", writers*each, text)
	}
}
