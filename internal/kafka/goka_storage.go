package kafka

import (
	"errors"
	"maps"
	"slices"
	"sync"

	"github.com/lovoo/goka/storage"
)

// Storage holds one partition of a Goka table in memory. Goka fills it from the
// changelog at each assignment. It is stored nowhere else, so it cannot diverge
// from the changelog. Values are not copied: do not change them after Set.
type Storage struct {
	// OnRecovered is called when the changelog has been read, before the first
	// callback. It may be nil.
	OnRecovered func() error
	// OnClosed is called when the partition is given up. It may be nil.
	OnClosed func()

	mu        sync.RWMutex
	rows      map[string][]byte
	offset    int64 // of the changelog
	hasOffset bool
}

var _ storage.Storage = (*Storage)(nil)

// NewStorage makes an empty storage.
func NewStorage() *Storage { return &Storage{rows: make(map[string][]byte)} }

func (s *Storage) Open() error { return nil }

func (s *Storage) Close() error {
	if s.OnClosed != nil {
		s.OnClosed()
	}
	return nil
}

func (s *Storage) MarkRecovered() error {
	if s.OnRecovered != nil {
		return s.OnRecovered()
	}
	return nil
}

func (s *Storage) Has(key string) (bool, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	_, ok := s.rows[key]
	return ok, nil
}

func (s *Storage) Get(key string) ([]byte, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.rows[key], nil
}

func (s *Storage) Set(key string, value []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rows[key] = value
	return nil
}

func (s *Storage) Delete(key string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.rows, key)
	return nil
}

func (s *Storage) GetOffset(otherwise int64) (int64, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if !s.hasOffset {
		return otherwise, nil
	}
	return s.offset, nil
}

func (s *Storage) SetOffset(offset int64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.offset, s.hasOffset = offset, true
	return nil
}

// All returns a copy of the map of rows. The values are shared.
func (s *Storage) All() map[string][]byte {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return maps.Clone(s.rows)
}

// Iterator iterates over a snapshot in key order.
func (s *Storage) Iterator() (storage.Iterator, error) { return s.IteratorWithRange(nil, nil) }

// IteratorWithRange is Iterator for start <= key < limit; nil means unbounded.
func (s *Storage) IteratorWithRange(start, limit []byte) (storage.Iterator, error) {
	rows := s.All()
	keys := slices.Sorted(maps.Keys(rows))
	keys = slices.DeleteFunc(keys, func(k string) bool {
		return k < string(start) || (limit != nil && k >= string(limit))
	})
	return &rowIterator{rows: rows, keys: keys, at: -1}, nil
}

type rowIterator struct {
	rows map[string][]byte
	keys []string
	at   int
}

func (i *rowIterator) Next() bool {
	i.at++
	return i.at < len(i.keys)
}

func (i *rowIterator) Seek(key []byte) bool {
	n, _ := slices.BinarySearch(i.keys, string(key))
	i.at = n - 1
	return n < len(i.keys)
}

func (i *rowIterator) Key() []byte {
	if i.at < 0 || i.at >= len(i.keys) {
		return nil
	}
	return []byte(i.keys[i.at])
}

func (i *rowIterator) Value() ([]byte, error) {
	if i.at < 0 || i.at >= len(i.keys) {
		return nil, errors.New("iterator is not at a row")
	}
	return i.rows[i.keys[i.at]], nil
}

func (i *rowIterator) Err() error { return nil }

func (i *rowIterator) Release() { i.rows, i.keys = nil, nil }
