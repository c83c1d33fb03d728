package main

import (
	"context"
	"errors"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/internal/kafka"
	"tabiya/schemas"
)

// rowMeasure is the number of bytes that the 80th ply of a game writes to games-table,
// read from the topic: keys, values and headers.
func rowMeasure(b *bench) ([]Row, error) {
	s, err := b.up("row", unpaced...)
	if err != nil {
		return nil, err
	}
	defer s.stop()
	const (
		ply           = 80
		workers, each = 64, 4
	)
	moves, err := longGames(8, ply)
	if err != nil {
		return nil, err
	}
	all := make([]games, workers)
	if err := s.assignGames(all, each, moves); err != nil {
		return nil, err
	}
	if err := s.playInParallel(all, openingPlies, ply-1); err != nil {
		return nil, err
	}
	if err := s.waitUntilIdle(); err != nil { // a row may come after its event
		return nil, err
	}
	from := time.Now()
	if err := s.playInParallel(all, ply-1, ply); err != nil {
		return nil, err
	}
	if err := s.waitUntilIdle(); err != nil {
		return nil, err
	}
	var records, rows, changelog int
	err = kafka.ReadSince(context.Background(), s.kafka, schemas.GamesTable, from, func(r *kgo.Record) error {
		records++
		rows += len(r.Value)
		changelog += len(r.Key) + len(r.Value)
		for _, h := range r.Headers {
			changelog += len(h.Key) + len(h.Value)
		}
		return nil
	})
	if err == nil && records == 0 {
		err = errors.New("the moves wrote no rows")
	}
	if err != nil {
		return nil, err
	}
	const played = workers * each
	return []Row{atMost("changelog bytes a move at ply 80", float64(changelog)/played, 4096, "B", map[string]float64{
		"row bytes/move": float64(rows) / played, "records/move": float64(records) / played,
	})}, nil
}
