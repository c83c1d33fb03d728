package sinks_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/internal/kafka"
	"tabiya/internal/objstore/objstoretest"
	"tabiya/internal/postgres/postgrestest"
	"tabiya/schemas"
	"tabiya/sinks/sinktest"
)

// undecodable are values that are not events, and how the reason of their dead
// letter starts.
var undecodable = []struct {
	name   string
	value  []byte
	reason string
}{
	{"garbage", []byte("\x00\xff\xfe not JSON \x80"), "decode event: not UTF-8"},
	{"an object that is not an event", []byte("{}"), `decode event: no type`},
	{"no value", nil, "decode event: unexpected end of JSON input"},
}

// Each events topic has every undecodable value, each followed by an event.
func TestUndecodableRecordsAreDeadLettersAndTheRestIsWritten(t *testing.T) {
	t.Parallel()
	good := make(map[string][]schemas.Event)
	for seed := range uint64(len(undecodable)) {
		good[schemas.GameEvents] = append(good[schemas.GameEvents], sinktest.Terminal(sinktest.Game(seed+1, 4, sinktest.Start))...)
	}
	for _, ev := range sinktest.Others(sinktest.Start) {
		if topic := ev.Type.Topic(); len(good[topic]) < len(undecodable) {
			good[topic] = append(good[topic], ev)
		}
	}
	log, bucket, db := sinktest.NewLog(t, 1), objstoretest.New(t), postgrestest.New(t)
	var ids, games []string
	var topics []string
	for _, topic := range schemas.Topics() {
		if strings.HasSuffix(topic.Name, "-events") {
			topics = append(topics, topic.Name)
		}
	}
	for _, topic := range topics {
		if len(good[topic]) != len(undecodable) {
			t.Fatalf("%d events for %s", len(good[topic]), topic)
		}
		for i, u := range undecodable {
			next := good[topic][i]
			ids = append(ids, next.ID)
			if next.Type.Terminal() {
				games = append(games, next.Key)
			}
			log.Append(t, &kgo.Record{Topic: topic, Key: []byte(next.Key), Value: u.value}, sinktest.Record(next, 1))
		}
	}
	log.Pass(time.Hour)
	runAll(t, log, bucket, db)

	for _, topic := range topics {
		var dead []*kgo.Record
		if err := kafka.ReadAll(t.Context(), log.Config, schemas.DeadLetter(topic), func(r *kgo.Record) error {
			dead = append(dead, r)
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		if len(dead) != len(undecodable) {
			t.Errorf("%s: %d dead letters, want %d", topic, len(dead), len(undecodable))
		}
		for i, u := range undecodable {
			source := fmt.Sprintf("%s/0/%d", topic, 2*i)
			at := slices.IndexFunc(dead, func(d *kgo.Record) bool { return header(d, schemas.HeaderSource) == source })
			if at < 0 {
				t.Errorf("%s: no dead letter from %s", u.name, source)
				continue
			}
			d, key := dead[at], good[topic][i].Key
			if string(d.Value) != string(u.value) || (d.Value == nil) != (u.value == nil) || string(d.Key) != key {
				t.Errorf("%s: got key %q, value %q, want %q, %q", source, d.Key, d.Value, key, u.value)
			}
			if reason := header(d, schemas.HeaderReason); !strings.HasPrefix(reason, u.reason) {
				t.Errorf("%s: reason %q, want %q", source, reason, u.reason)
			}
		}
	}

	slices.Sort(ids)
	slices.Sort(games)
	if got := parquetIDs(t, bucket); !slices.Equal(got, ids) {
		t.Errorf("parquet has events %q, want %q", got, ids)
	}
	// Raw has every JSON object: one for each topic is not an event.
	if got := rawIDs(t, bucket); !slices.Equal(got, append(make([]string, len(topics)), ids...)) {
		t.Errorf("raw has events %q, want %q", got, ids)
	}
	rows, err := db.Pool.Query(t.Context(), `SELECT game_id::text FROM games ORDER BY game_id::text COLLATE "C"`)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := pgx.CollectRows(rows, pgx.RowTo[string]); err != nil || !slices.Equal(got, games) {
		t.Errorf("postgres has games %q, want %q: %v", got, games, err)
	}
}

func header(r *kgo.Record, name string) string {
	for _, h := range r.Headers {
		if h.Key == name {
			return string(h.Value)
		}
	}
	return ""
}
