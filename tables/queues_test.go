package tables_test

import (
	"bytes"
	"fmt"
	"os"
	"reflect"
	"testing"

	"github.com/google/uuid"

	"tabiya/internal/core/queue"
	"tabiya/schemas"
	"tabiya/tables"
)

const queueKey = "eu/3+0/0"

func party(n int) queue.Party {
	id := func(kind string) uuid.UUID { return uuid.MustParse(schemas.DerivedID(kind, "test", int64(n))) }
	return queue.Party{
		TicketID: id("ticket"), PlayerID: id("player"), Handle: fmt.Sprint("player-", n),
		Rating: 1500 + float64(n), Deviation: 80.5, Attempt: 1 + n%2,
	}
}

func fullQueue() *queue.State {
	ticket := func(n int) queue.Ticket {
		return queue.Ticket{Party: party(n), JoinedAt: at.Add(-3e9), Missed: n, Seq: int64(n), Returning: n%2 == 1}
	}
	game := uuid.MustParse(gameID)
	command := uuid.MustParse(ticketID)
	return &queue.State{
		Version: 70, Offset: 99, Key: queueKey, Seq: 31, Waves: 5, LastWave: at, WaitMs: 1234,
		Waiting:    []queue.Ticket{ticket(1), ticket(2), ticket(3)},
		Matches:    []queue.Match{{GameID: game, Deadline: at + 10_000, White: ticket(4), Black: ticket(5)}},
		Pairs:      []queue.Pair{{Game: namedGame, White: new(party(6))}, {Game: namedGame}},
		Dead:       []queue.Dead{{GameID: game, Until: at + 30_000}},
		Partitions: 4, Next: []int64{0, 17, 1 << 40}, Whites: []uint32{1, 1 << 31},
		Outbox: []queue.Entry{
			{Offset: 90, At: at - 5, CommandID: command, Facts: []byte("one fact")},
			{Offset: 99, At: at + 5, CommandID: command, Facts: bytes.Repeat([]byte("fact"), 300)},
		},
	}
}

func TestQueueRowRoundTrip(t *testing.T) {
	t.Parallel()
	named := fullQueue()
	named.Matches[0].Named = &namedGame
	for i, holder := range []uuid.UUID{{1}, {2}, {1}} {
		named.Waiting[i].Holder = holder
	}
	named.Waiting[2].LapsedAt = at + 500
	named.Matches[0].Black.Holder, named.Matches[0].White.LapsedAt = uuid.UUID{3}, at-1
	for name, s := range map[string]*queue.State{"full": fullQueue(), "named match": named, "new": {Version: 1, Key: queueKey}} {
		raw := tables.Queues().Encode(queueKey, s)
		again, err := tables.Queues().Decode(queueKey, raw)
		if err != nil || !reflect.DeepEqual(again, s) {
			t.Errorf("%s: decoded as %+v: %v", name, again, err)
		}
		for n := range raw {
			if _, err := tables.Queues().Decode(queueKey, raw[:n]); err == nil {
				t.Fatalf("%s: decoded the first %d of %d bytes", name, n, len(raw))
			}
		}
	}
}

// testdata/queue-without-named.row was written by the code of before named games.
func TestQueueRowWithoutNamedGamesIsRead(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("testdata/queue-without-named.row")
	if err != nil {
		t.Fatal(err)
	}
	want := fullQueue()
	want.Pairs, want.Dead = nil, nil
	got, err := tables.Queues().Decode(queueKey, raw)
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Fatalf("%+v: %v", got, err)
	}
}

// busyQueue returns a queue with n waiting tickets, which entered one after another
// and fill its outbox.
func busyQueue(tb testing.TB, n int) *queue.State {
	cfg := queue.Config{}.WithDefaults()
	var s *queue.State
	for i := range n {
		p := party(i)
		cmd := schemas.Command{ID: p.TicketID.String(), Type: schemas.EnterQueue, Key: queueKey, Region: "eu", Actor: p.PlayerID.String(), Payload: &schemas.EnterQueuePayload{
			TicketID: p.TicketID.String(), PlayerID: p.PlayerID.String(), Handle: p.Handle, Rating: p.Rating, Deviation: p.Deviation,
			Origin: schemas.Origin{Partitions: 8, Partition: int32(i % 8), Offset: int64(1000 + i)},
		}}
		s, _, _ = cfg.Decide(s, cmd, at+schemas.Time(i), int64(100+i))
	}
	if s.WaitingCount() != n {
		tb.Fatalf("%d tickets wait, want %d", s.WaitingCount(), n)
	}
	return s
}

func TestBusyQueueRowIsCompact(t *testing.T) {
	t.Parallel()
	for n, most := range map[int]int{1: 200, 20: 3_000, 500: 42_000, 1000: 78_000} {
		size := len(tables.Queues().Encode(queueKey, busyQueue(t, n)))
		if size > most {
			t.Errorf("%d tickets take %d bytes, want at most %d", n, size, most)
		}
		t.Logf("%d tickets: %d bytes", n, size)
	}
}

func FuzzQueueRow(f *testing.F) {
	f.Add(withoutChecksum(tables.Queues().Encode(queueKey, fullQueue())))
	f.Add(withoutChecksum(tables.Queues().Encode(queueKey, &queue.State{Key: queueKey})))
	f.Fuzz(func(t *testing.T, raw []byte) {
		s, err := tables.Queues().Decode(queueKey, raw)
		if err != nil {
			return
		}
		once := tables.Queues().Encode(queueKey, s)
		again, err := tables.Queues().Decode(queueKey, once)
		if err != nil {
			t.Fatalf("decode an encoded row: %v", err)
		}
		if !bytes.Equal(tables.Queues().Encode(queueKey, again), once) {
			t.Fatal("a decoded row is encoded to other bytes")
		}
	})
}

func BenchmarkQueueRow500(b *testing.B) {
	raw := tables.Queues().Encode(queueKey, busyQueue(b, 500))
	b.Run("decode", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := tables.Queues().Decode(queueKey, raw); err != nil {
				b.Fatal(err)
			}
		}
	})
	s := busyQueue(b, 500)
	b.Run("encode", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			tables.Queues().Encode(queueKey, s)
		}
	})
}
