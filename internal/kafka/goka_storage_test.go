package kafka_test

import (
	"fmt"
	"testing"

	"tabiya/internal/kafka"
)

func TestStorageReturnsRowsOffsetAndRangesThatWereSet(t *testing.T) {
	t.Parallel()
	recovered, closed := 0, 0
	s := kafka.NewStorage()
	s.OnRecovered = func() error { recovered++; return nil }
	s.OnClosed = func() { closed++ }
	if o, err := s.GetOffset(-3); err != nil || o != -3 {
		t.Fatalf("offset %d, %v", o, err)
	}
	for i := range 10 {
		if err := s.Set(fmt.Sprint("k", i), []byte{byte(i)}); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Delete("k3"); err != nil {
		t.Fatal(err)
	}
	if err := s.SetOffset(41); err != nil {
		t.Fatal(err)
	}
	if o, _ := s.GetOffset(-3); o != 41 {
		t.Fatalf("offset %d", o)
	}
	if v, _ := s.Get("k3"); v != nil {
		t.Fatalf("k3 is %v", v)
	}
	if has, _ := s.Has("k4"); !has {
		t.Fatal("k4 is missing")
	}
	it, err := s.IteratorWithRange([]byte("k2"), []byte("k6"))
	if err != nil {
		t.Fatal(err)
	}
	var got string
	for it.Next() {
		v, err := it.Value()
		if err != nil {
			t.Fatal(err)
		}
		got += fmt.Sprint(string(it.Key()), v[0], " ")
	}
	it.Release()
	if got != "k22 k44 k55 " {
		t.Fatalf("the range is %q", got)
	}
	all, _ := s.Iterator()
	if !all.Seek([]byte("k7")) || !all.Next() || string(all.Key()) != "k7" || all.Seek([]byte("z")) {
		t.Fatal("Seek is wrong")
	}
	if err := s.MarkRecovered(); err != nil || recovered != 1 {
		t.Fatalf("%d, %v", recovered, err)
	}
	if err := s.Close(); err != nil || closed != 1 {
		t.Fatalf("%d, %v", closed, err)
	}
}
