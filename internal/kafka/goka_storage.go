package kafka

import (
	"errors"
	"maps"
	"slices"
	"sync"

	"github.com/lovoo/goka/storage"
)

// Storage is a Goka table partition in memory. It is filled from the changelog
// at each assignment and kept nowhere else, so nothing local can diverge from
// the log. Values are not copied: they must not be changed once they are set.
type Storage struct {
	// OnRecovered is called once the changelog is read, before the first
	// command; OnClosed when the partition is given up. Both may be nil.
	OnRecovered func() error
	OnClosed    func()

	mu     sync.RWMutex
	rows   map[string][]byte
	offset int64
	has    bool
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
	if !s.has {
		return otherwise, nil
	}
	return s.offset, nil
}

func (s *Storage) SetOffset(offset int64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.offset, s.has = offset, true
	return nil
}

// All is a copy of the rows; the values are shared.
func (s *Storage) All() map[string][]byte {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return maps.Clone(s.rows)
}

// Iterator goes over a snapshot in the order of the keys.
func (s *Storage) Iterator() (storage.Iterator, error) { return s.IteratorWithRange(nil, nil) }

// IteratorWithRange is Iterator for start <= key < limit; nil is unbounded.
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
		return nil, errors.New("the iterator is not at a row")
	}
	return i.rows[i.keys[i.at]], nil
}

func (i *rowIterator) Err() error { return nil }

func (i *rowIterator) Release() { i.rows, i.keys = nil, nil }
