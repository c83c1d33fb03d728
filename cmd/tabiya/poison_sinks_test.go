package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"testing"
	"time"

	"tabiya/internal/core/game"
	"tabiya/internal/eventually"
	"tabiya/internal/kafka"
	"tabiya/internal/objstore/objstoretest"
	"tabiya/internal/postgres/postgrestest"
	"tabiya/internal/supervise"
	"tabiya/schemas"
	"tabiya/sinks/archive"
	"tabiya/sinks/events"
	"tabiya/test/check"
)

func TestMain(m *testing.M) { objstoretest.Main(m) }

// sinks are all sinks, as `tabiya sink` wires them, and what they write to.
type sinks struct {
	t        *testing.T
	database *postgrestest.Database
	store    *objstoretest.Store
	parts    []supervise.Part
}

var eventsTopics = []string{schemas.PlayerEvents, schemas.QueueEvents, schemas.GameEvents}

func (p *platform) startSinks() *sinks {
	p.t.Helper()
	s := &sinks{t: p.t, database: postgrestest.New(p.t), store: objstoretest.New(p.t)}
	n := newNode(slog.New(slog.DiscardHandler))
	ctx, cancel := context.WithCancel(context.Background())
	for _, name := range []string{"postgres", "raw", "parquet"} {
		if err := n.addSink(ctx, name, dependencies{
			kafka: p.Config, postgres: s.database.DSN, s3: s.store.Config,
			archive: archiveFlags{ArchiveWindow: time.Second, ArchiveGrace: 100 * time.Millisecond, ArchiveTemp: p.t.TempDir()},
		}); err != nil {
			p.t.Fatal(err)
		}
	}
	s.parts = n.workers
	var ended []chan error
	for _, part := range s.parts {
		done := make(chan error, 1)
		ended = append(ended, done)
		go func() { done <- part.Run(ctx) }()
	}
	p.t.Cleanup(func() {
		cancel()
		for i, done := range ended {
			if err := <-done; err != nil {
				p.t.Errorf("%s ended with %v", s.parts[i].Name, err)
			}
		}
		for _, closeIt := range n.closers {
			closeIt()
		}
	})
	return s
}

// eventsOf returns what the sinks must make of the events topics: the lines of the raw
// archive, every event with its place, and where the records stand that are no events.
func (p *platform) eventsOf() (lines, all check.Log, undecodable []string) {
	p.t.Helper()
	for _, topic := range eventsTopics {
		for _, r := range p.log(topic) {
			at := check.Event{Topic: r.Topic, Partition: r.Partition, Offset: r.Offset, Value: string(r.Value)}
			at.Region = archive.RegionOf(string(kafka.Header(r, schemas.HeaderRegion)))
			if value := bytes.TrimSpace(r.Value); json.Valid(value) && bytes.HasPrefix(value, []byte("{")) {
				lines = append(lines, at)
			}
			ev, err := events.Decode(topic, r.Value)
			if err != nil {
				undecodable = append(undecodable, fmt.Sprintf("%s/%d/%d", r.Topic, r.Partition, r.Offset))
				continue
			}
			at.Body, at.Event = ev.PayloadJSON, ev.Event
			all = append(all, at)
		}
	}
	return lines, all, undecodable
}

// agree returns an error unless the sinks have written each event of the log once, in its
// order, and each other record of the events topics is a dead letter.
func (s *sinks) agree(p *platform) error {
	ctx := p.t.Context()
	lines, all, undecodable := p.eventsOf()
	raw, err := check.ReadRaw(ctx, s.store.Bucket)
	if err != nil {
		return err
	}
	rows, games, err := check.ReadParquet(ctx, s.store.Bucket)
	if err != nil {
		return err
	}
	finished, err := check.ReadPostgres(ctx, s.database.Pool)
	if err != nil {
		return err
	}
	ratings, err := check.ReadRatings(ctx, s.database.Pool)
	if err != nil {
		return err
	}
	var found []error
	for _, f := range slices.Concat(lines.Raw(raw), all.Parquet(rows, games), all.Postgres(finished), all.Ratings(ratings)) {
		found = append(found, errors.New(f.String()))
	}
	dead := map[string]bool{}
	for _, topic := range eventsTopics {
		for _, r := range p.log(schemas.DeadLetter(topic)) {
			dead[string(kafka.Header(r, schemas.HeaderSource))] = true
		}
	}
	for _, at := range undecodable {
		if !dead[at] {
			found = append(found, fmt.Errorf("%s is neither an event nor a dead letter", at))
		}
	}
	return errors.Join(found...)
}

// wait waits until the sinks agree with the log and checks that none is stuck.
func (s *sinks) wait(p *platform) {
	s.t.Helper()
	eventually.NoError(s.t, "the sinks to agree with the log", func() error { return s.agree(p) })
	for _, part := range s.parts {
		if err := part.Ready(); err != nil {
			s.t.Errorf("%s is not ready: %v", part.Name, err)
		}
	}
}

// resignAll ends games and waits until both players of each are rated.
func (p *platform) resignAll(live map[string]*game.State) {
	p.t.Helper()
	for _, g := range live {
		p.accept(schemas.Command{ID: schemas.NewID(), Type: schemas.Resign, Key: g.ID, Region: g.Region, Actor: g.White.PlayerID})
	}
	eventually.True(p.t, "a rating for each player of each game", func() bool {
		rated := map[string]int{}
		for _, r := range p.log(schemas.PlayerEvents) {
			if ev, err := schemas.DecodeEvent(r.Value); err == nil && ev.Type == schemas.PlayerRated {
				rated[ev.Payload.(*schemas.PlayerRatedPayload).GameID]++
			}
		}
		for id := range live {
			if rated[id] != 2 {
				return false
			}
		}
		return true
	})
}
