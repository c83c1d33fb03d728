package passwords

import (
	"context"
	"errors"
	"testing"
	"time"
)

func newHasher(t *testing.T, slots int) *Hasher {
	t.Helper()
	h, err := NewHasher(slots)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func TestEmptyHashIsComparedAndMatchesNothing(t *testing.T) {
	t.Parallel()
	h := newHasher(t, 1)
	var compared []string
	compare := h.compare
	h.compare = func(password, hash string) (bool, error) {
		compared = append(compared, hash)
		return compare(password, hash)
	}
	hash, err := h.Hash(t.Context(), "password one")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		password, hash string
		want           bool
	}{
		{"password one", hash, true},
		{"password two", hash, false},
		{"no account has this", "", false},
	} {
		if same, err := h.Matches(t.Context(), c.password, c.hash); same != c.want || err != nil {
			t.Errorf("%q matches %q: %v %v", c.password, c.hash, same, err)
		}
	}
	if len(compared) != 3 || compared[2] != h.dummy || len(compared[2]) != len(hash) {
		t.Errorf("compared with %q", compared)
	}
}

func TestHashingRefusedWhenTooManyWait(t *testing.T) {
	t.Parallel()
	h := newHasher(t, 1)
	// All slots are taken and as many requests wait as may.
	for range cap(h.admitted) {
		h.admitted <- struct{}{}
	}
	if _, err := h.Hash(t.Context(), "password one"); !errors.Is(err, ErrBusy) {
		t.Fatal(err)
	}
	if _, err := h.Matches(t.Context(), "password one", ""); !errors.Is(err, ErrBusy) {
		t.Fatal(err)
	}
	<-h.admitted
	if _, err := h.Hash(t.Context(), "password one"); err != nil {
		t.Fatal(err)
	}

	// A request that stops waiting makes room for another.
	for range cap(h.slots) {
		h.slots <- struct{}{}
	}
	before := len(h.admitted)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := h.Hash(ctx, "password one"); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	if len(h.admitted) != before {
		t.Fatal("the place was not freed")
	}
}

// Open attempts count as wrong.
func TestConcurrentAttemptsLimited(t *testing.T) {
	t.Parallel()
	a := NewAttempts(func() time.Time { return time.Unix(1_000_000, 0) })
	var finishes []func(wrong bool)
	for range 60 {
		if finish, ok := a.Begin("address", "id"); ok {
			finishes = append(finishes, finish)
		}
	}
	if len(finishes) != MaxWrong {
		t.Fatalf("%d of 60 attempts begin", len(finishes))
	}
	if _, ok := a.Begin("other address", "id"); !ok {
		t.Error("another address is limited as well")
	}
	for i, finish := range finishes {
		finish(i > 0) // one password was right
	}
	finish, ok := a.Begin("address", "id")
	if !ok {
		t.Fatal("a right password counts as a wrong one")
	}
	if _, ok := a.Begin("address", "id"); ok {
		t.Error("one attempt too many")
	}
	if finish(true); len(a.open) != 1 { // that of the other address
		t.Errorf("open attempts: %v", a.open)
	}
}
