package test

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
	pq "github.com/parquet-go/parquet-go"
	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/internal/eventually"
	"tabiya/internal/kafka"
	"tabiya/internal/objstore"
	"tabiya/internal/postgres"
	"tabiya/schemas"
)

// stores are the places where a platform keeps its data.
type stores struct {
	kafka    kafka.Config
	postgres string
	s3       objstore.Config
}

// record is an event with its bytes in the log.
type record struct {
	topic string
	value string
	schemas.Event
}

// eventLog is every event of every events topic, in partition order.
type eventLog []record

func readLog(t testing.TB, at stores) eventLog {
	t.Helper()
	var log eventLog
	for _, topic := range []string{schemas.PlayerEvents, schemas.QueueEvents, schemas.GameEvents} {
		err := kafka.ReadAll(t.Context(), at.kafka, topic, func(r *kgo.Record) error {
			ev, err := schemas.DecodeEvent(r.Value)
			if err != nil {
				return fmt.Errorf("%s/%d/%d: %w", r.Topic, r.Partition, r.Offset, err)
			}
			log = append(log, record{r.Topic, string(r.Value), ev})
			return nil
		})
		if err != nil {
			t.Fatalf("read the log: %v", err)
		}
	}
	return log
}

// checkSeqs verifies that the events of each aggregate are numbered from 1 without gaps or
// repeats, have the right ids, and that no event follows the end of a game.
func (l eventLog) checkSeqs(t testing.TB) {
	t.Helper()
	last, ended := map[string]int64{}, map[string]bool{}
	for _, r := range l {
		at := r.topic + " " + r.Key
		if r.Seq != last[at]+1 {
			t.Errorf("%s: %s has seq %d after %d", at, r.Type, r.Seq, last[at])
		}
		last[at] = r.Seq
		if ended[at] {
			t.Errorf("%s: %s after the end of the game", at, r.Type)
		}
		ended[at] = ended[at] || r.Type.Terminal()
		if want := schemas.EventID(r.Key, r.Seq); r.ID != want {
			t.Errorf("%s seq %d has the id %s, not %s", at, r.Seq, r.ID, want)
		}
	}
}

// games returns the payloads of the terminal events by game.
func (l eventLog) games() map[string]*schemas.GameOver {
	games := map[string]*schemas.GameOver{}
	for _, r := range l {
		if over, ok := r.Payload.(*schemas.GameOver); ok {
			games[r.Key] = over
		}
	}
	return games
}

// checkWhole verifies that the terminal event of a game has the same moves as its move
// events.
func (l eventLog) checkWhole(t testing.TB) {
	t.Helper()
	moves := map[string][]string{}
	for _, r := range l {
		switch p := r.Payload.(type) {
		case *schemas.MoveMadePayload:
			moves[r.Key] = append(moves[r.Key], p.UCI)
			if p.Ply != len(moves[r.Key]) {
				t.Errorf("game %s: event number %d of a move has ply %d", r.Key, len(moves[r.Key]), p.Ply)
			}
		case *schemas.GameOver:
			if !slices.Equal(p.Moves, moves[r.Key]) {
				t.Errorf("game %s ended with %v after %v", r.Key, p.Moves, moves[r.Key])
			}
		}
	}
}

// checkPostgres waits until the sink has written one row per game and one per player of it,
// and verifies their moves.
func (l eventLog) checkPostgres(t testing.TB, at stores) {
	t.Helper()
	pool, err := postgres.Open(t.Context(), at.postgres)
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	games := l.games()
	eventually.NoError(t, "the games in Postgres", func() error {
		var rows, players int
		err := pool.QueryRow(t.Context(), `SELECT (SELECT count(*) FROM games), (SELECT count(*) FROM player_games)`).Scan(&rows, &players)
		if err == nil && (rows != len(games) || players != 2*len(games)) {
			err = fmt.Errorf("%d games and %d player_games, of %d games", rows, players, len(games))
		}
		return err
	})
	rows, err := pool.Query(t.Context(), `SELECT game_id::text, result, plies, moves FROM games`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var (
			id, result, moves string
			plies             int
		)
		if err := rows.Scan(&id, &result, &plies, &moves); err != nil {
			t.Fatal(err)
		}
		over, ok := games[id]
		if !ok {
			t.Errorf("game %s is in Postgres, but not in the log", id)
			continue
		}
		if string(over.Result) != result || over.Plies != plies || strings.Join(over.Moves, " ") != moves {
			t.Errorf("game %s: Postgres has %s %v, the log has %s %v", id, result, moves, over.Result, over.Moves)
		}
		delete(games, id)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	for id := range games {
		t.Errorf("game %s is in the log, but not in Postgres", id)
	}
}

// checkRaw waits until the raw archive holds the bytes of each record exactly once.
func (l eventLog) checkRaw(t testing.TB, at stores) {
	t.Helper()
	want := map[string]int{}
	for _, r := range l {
		want[r.value]++
	}
	bucket := open(t, at)
	eventually.NoError(t, "the raw archive", func() error {
		got := map[string]int{}
		for key, text := range objects(t, bucket, "raw/v1/") {
			follower, err := zstd.NewReader(bytes.NewReader(text))
			if err != nil {
				return err
			}
			plain, err := io.ReadAll(follower)
			if err != nil {
				return fmt.Errorf("%s: %w", key, err)
			}
			for line := range bytes.Lines(plain) {
				got[string(bytes.TrimSuffix(line, []byte("\n")))]++
			}
		}
		return same(want, got)
	})
}

// eventRow and gameRow are the columns to compare.
type eventRow struct {
	EventID string `parquet:"event_id"`
	Topic   string `parquet:"topic"`
	Seq     int64  `parquet:"seq"`
}

type gameRow struct {
	GameID string   `parquet:"game_id"`
	Result string   `parquet:"result"`
	Moves  []string `parquet:"moves,list"`
}

// checkParquet waits until the Parquet archive holds one row per event and one per game,
// with the right moves.
func (l eventLog) checkParquet(t testing.TB, at stores) {
	t.Helper()
	wantEvents, wantGames := map[string]int{}, map[string]int{}
	for _, r := range l {
		wantEvents[fmt.Sprint(r.ID, r.topic, r.Seq)]++
	}
	for id, over := range l.games() {
		wantGames[fmt.Sprint(id, over.Result, over.Moves)]++
	}
	bucket := open(t, at)
	eventually.NoError(t, "the Parquet archive", func() error {
		gotEvents, gotGames := map[string]int{}, map[string]int{}
		for key, text := range objects(t, bucket, "events/v1/") {
			rows, err := pq.Read[eventRow](bytes.NewReader(text), int64(len(text)))
			if err != nil {
				return fmt.Errorf("%s: %w", key, err)
			}
			for _, r := range rows {
				gotEvents[fmt.Sprint(r.EventID, r.Topic, r.Seq)]++
			}
		}
		for key, text := range objects(t, bucket, "games/v1/") {
			rows, err := pq.Read[gameRow](bytes.NewReader(text), int64(len(text)))
			if err != nil {
				return fmt.Errorf("%s: %w", key, err)
			}
			for _, r := range rows {
				gotGames[fmt.Sprint(r.GameID, r.Result, r.Moves)]++
			}
		}
		if err := same(wantEvents, gotEvents); err != nil {
			return fmt.Errorf("events: %w", err)
		}
		if err := same(wantGames, gotGames); err != nil {
			return fmt.Errorf("games: %w", err)
		}
		return nil
	})
}

// same returns an error that describes the first difference between two multisets.
func same(want, got map[string]int) error {
	for _, key := range slices.Sorted(maps.Keys(got)) {
		if got[key] != want[key] {
			return fmt.Errorf("%.200s is there %d times, not %d (%d of %d)", key, got[key], want[key], len(got), len(want))
		}
	}
	for key := range want {
		if got[key] == 0 {
			return fmt.Errorf("%.200s is missing (%d of %d are there)", key, len(got), len(want))
		}
	}
	return nil
}

func open(t testing.TB, at stores) *objstore.Bucket {
	t.Helper()
	bucket, err := objstore.Open(t.Context(), at.s3)
	if err != nil {
		t.Fatal(err)
	}
	return bucket
}

func objects(t testing.TB, bucket *objstore.Bucket, prefix string) map[string][]byte {
	t.Helper()
	found := map[string][]byte{}
	for object, err := range bucket.List(t.Context(), prefix, "") {
		if err != nil {
			t.Fatalf("list %s: %v", prefix, err)
		}
		body, _, err := bucket.Get(t.Context(), object.Key)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(body)
		body.Close()
		if err != nil {
			t.Fatal(err)
		}
		found[object.Key] = text
	}
	return found
}

// sinkTimeout is how long a sink may take to have all that is in the log: the
// archive's window and grace in these tests, and a busy machine.
const sinkTimeout = 90 * time.Second
