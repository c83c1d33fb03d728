package processors_test

import (
	"context"
	"log/slog"
	"slices"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/internal/eventually"
	"tabiya/internal/kafka"
	"tabiya/processors"
	"tabiya/schemas"
)

// poisons are records that are not the row of their key. row is the key's row, and
// other that of another key.
var poisons = map[string]func(row, other []byte) []byte{
	"garbage":                       func([]byte, []byte) []byte { return []byte("\x00\xff\xfe neither a row \x80 nor JSON") },
	"text":                          func([]byte, []byte) []byte { return []byte("a line of text of forty or so characters") },
	"no bytes":                      func([]byte, []byte) []byte { return []byte{} },
	"half a row":                    func(row, _ []byte) []byte { return row[:len(row)/2] },
	"a garbage body":                func(row, _ []byte) []byte { return append(slices.Clone(row[:21]), "garbage"...) },
	"a garbage body, no checksum":   func(row, _ []byte) []byte { return append(append([]byte{1}, row[1:17]...), "garbage"...) },
	"half a row without a checksum": func(row, _ []byte) []byte { return slices.Concat([]byte{1}, row[1:17], row[21:len(row)/2]) },
	"a row of an unknown format":    func(row, _ []byte) []byte { return append([]byte{31}, row[1:]...) },
	"another key's row":             func(_, other []byte) []byte { return other },
}

// tablesOf are the table topics of the groups.
var tablesOf = map[string]string{
	schemas.GamesGroup: schemas.GamesTable, schemas.PlayersGroup: schemas.PlayersTable, schemas.MatchmakingGroup: schemas.MatchmakingTable,
}

// start runs the real processor until the returned function is called. It waits
// until a command with a new key is accepted.
func (g group) start(r *rig, n int) (stop func()) {
	r.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- g.run(ctx, processors.Config{Kafka: r.Config, Logger: slog.New(slog.DiscardHandler)}) }()
	stop = func() {
		cancel()
		if err := <-ended; err != nil {
			r.t.Errorf("run: %v", err)
		}
		ended <- nil // for the next call
	}
	r.t.Cleanup(stop)
	g.accept(r, g.command(n))
	return stop
}

// accept sends a command and waits for its event.
func (g group) accept(r *rig, cmd schemas.Command) {
	r.t.Helper()
	r.send(cmd)
	eventually.True(r.t, "the event of an accepted command", func() bool { return g.accepted(r, cmd.ID) })
}

// acceptOne sends commands until one of them is accepted.
func (g group) acceptOne(r *rig, command func() schemas.Command) {
	r.t.Helper()
	var ids []string
	eventually.True(r.t, "the event of an accepted command", func() bool {
		cmd := command()
		ids = append(ids, cmd.ID)
		r.send(cmd)
		return g.accepted(r, ids...)
	})
}

// accepted reports whether the event of one of the commands is in the log.
func (g group) accepted(r *rig, ids ...string) bool {
	r.t.Helper()
	return slices.ContainsFunc(r.log(g.event.Topic()), func(rec *kgo.Record) bool {
		ev, err := schemas.DecodeEvent(rec.Value)
		return err == nil && ev.Type == g.event && slices.Contains(ids, ev.CommandID)
	})
}

// expectReply waits for the refusal of a command.
func (r *rig) expectReply(cmd schemas.Command, code schemas.Code) {
	r.t.Helper()
	eventually.True(r.t, "the reply to a refused command", func() bool {
		for _, rec := range r.log(schemas.CommandReplies) {
			if reply, err := schemas.DecodeReply(rec.Value); err == nil && reply.CommandID == cmd.ID {
				if reply.Code != code || reply.Key != cmd.Key || reply.Actor != cmd.Actor || reply.CommandType != cmd.Type {
					r.t.Fatalf("got reply %+v, want code %s", reply, code)
				}
				return true
			}
		}
		return false
	})
}

func (r *rig) produce(records ...*kgo.Record) {
	r.t.Helper()
	if err := r.producer.SendRecords(r.t.Context(), records...); err != nil {
		r.t.Fatal(err)
	}
}

// produceTo writes a record to a partition of its own choice, as a producer with
// another hash does.
func (r *rig) produceTo(partition int32, rec *kgo.Record) {
	r.t.Helper()
	client, err := kgo.NewClient(append(r.Config.Opts(), kgo.RecordPartitioner(kgo.ManualPartitioner()))...)
	if err != nil {
		r.t.Fatal(err)
	}
	defer client.Close()
	rec.Partition = partition
	if err := client.ProduceSync(r.t.Context(), rec).FirstErr(); err != nil {
		r.t.Fatal(err)
	}
}

// rows returns the last value of each key of a table topic.
func (r *rig) rows(topic string) map[string][]byte {
	r.t.Helper()
	rows := make(map[string][]byte)
	for _, rec := range r.log(topic) {
		rows[string(rec.Key)] = rec.Value
	}
	return rows
}

func TestPoisonRowCostsItsKeyAlone(t *testing.T) {
	t.Parallel()
	for topic, g := range groups() {
		t.Run(topic, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, 1)
			table := tablesOf[g.name]
			n := 0
			next := func() int { n++; return n }
			stop := g.start(r, next())
			other := g.command(next())
			g.accept(r, other)
			poisoned := make(map[string]schemas.Command)
			for what := range poisons {
				poisoned[what] = g.command(next())
				g.accept(r, poisoned[what])
			}
			eventually.True(t, "all rows", func() bool { return len(r.rows(table)) == len(poisons)+2 })
			rows := r.rows(table)
			for what, poison := range poisons {
				key := poisoned[what].Key
				r.produce(&kgo.Record{Topic: table, Key: []byte(key), Value: poison(rows[key], rows[other.Key])})
			}
			// The owner has its rows in memory, so it goes on as before.
			g.accept(r, g.command(next()))
			stop()

			stop = g.start(r, next())
			for _, cmd := range poisoned {
				again := g.command(next())
				again.Key, again.Actor = cmd.Key, schemas.ActorService
				r.send(again)
				r.expectReply(again, schemas.CodeQuarantined)
				again.ID, again.Actor = schemas.NewID(), schemas.ActorSystem // gets no reply
				r.send(again)
			}
			replies := len(r.log(schemas.CommandReplies))
			if replies != len(poisons) {
				t.Fatalf("there are %d replies, want %d", replies, len(poisons))
			}
			g.accept(r, g.command(next()))
			stop()

			// The quarantine survives a restart; a tombstone lifts it.
			stop = g.start(r, next())
			for _, cmd := range poisoned {
				again := g.command(next())
				again.Key, again.Actor = cmd.Key, schemas.ActorService
				r.send(again)
				r.expectReply(again, schemas.CodeQuarantined)
				r.produce(&kgo.Record{Topic: table, Key: []byte(cmd.Key)})
			}
			stop()
			g.start(r, next())
			for _, cmd := range poisoned {
				fresh := func() schemas.Command {
					fresh := g.command(next())
					fresh.Key = cmd.Key
					return fresh
				}
				if topic == schemas.QueueCommands { // until its row is made again, its key is quarantined
					g.acceptOne(r, fresh)
				} else {
					g.accept(r, fresh())
				}
			}
			if dead := r.log(schemas.DeadLetter(topic)); len(dead) != 0 {
				t.Fatalf("there are %d dead letters, want none", len(dead))
			}
		})
	}
}

func TestMisplacedRowIsIgnored(t *testing.T) {
	t.Parallel()
	r := newRig(t, 4)
	reg := prometheus.NewPedanticRegistry()
	key, wrong := "g", (kafka.PartitionOf("g", 4)+1)%4
	m := r.startWith(reg)
	m.waitReady()
	r.send(move(key, moveWhite, 1))
	r.waitLog(schemas.GamesTable, 1)
	if err := m.stop(); err != nil {
		t.Fatal(err)
	}
	withoutRow := schemas.NewID()
	for kafka.PartitionOf(withoutRow, 4) == wrong {
		withoutRow = schemas.NewID()
	}
	for _, misplaced := range []string{key, withoutRow} {
		value := counterTable().Encode(misplaced, &counter{head: schemas.Head{Version: 9, Offset: 99}, Count: 8})
		r.produceTo(wrong, &kgo.Record{Topic: schemas.GamesTable, Key: []byte(misplaced), Value: value})
	}
	r.produceTo(wrong, &kgo.Record{Topic: schemas.GamesTable, Key: []byte(key), Value: []byte("garbage")})
	r.produceTo(wrong, &kgo.Record{Topic: schemas.GamesTable, Key: []byte("a"), Value: []byte("garbage")})
	r.produceTo(wrong, &kgo.Record{Topic: schemas.GamesTable, Key: []byte("a")}) // deleted

	r.startWith(reg).waitReady()
	r.send(move(key, moveBlack, 2)) // legal only if Count is 1
	r.waitLog(schemas.GameEvents, 2)
	if n := gauge(t, reg, "tabiya_misplaced_rows"); n != 2 {
		t.Fatalf("%g misplaced rows are counted, want 2", n)
	}
	if n := gauge(t, reg, "tabiya_quarantined_keys"); n != 0 {
		t.Fatalf("%g quarantined keys are counted, want none", n)
	}
}

func gauge(t *testing.T, reg prometheus.Gatherer, name string) float64 {
	t.Helper()
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == name {
			return f.GetMetric()[0].GetGauge().GetValue()
		}
	}
	t.Fatalf("there is no metric %s", name)
	return 0
}

// The row is good, but computing its timer panics: at the recovery, and after a
// command.
func TestPanicWhileComputingATimerQuarantinesTheKey(t *testing.T) {
	t.Parallel()
	r := newRig(t, 1)
	broken := &counter{head: schemas.Head{Version: 1, Offset: -1}, Count: panicCount}
	due := &counter{head: schemas.Head{Version: 1, Offset: -1}, Deadline: schemas.TimeOf(time.Now())}
	late := &counter{head: schemas.Head{Version: 1, Offset: -1}, Count: panicWhenDue, Deadline: due.Deadline - 1}
	r.produce(
		&kgo.Record{Topic: schemas.GamesTable, Key: []byte("late"), Value: counterTable().Encode("late", late)},
		&kgo.Record{Topic: schemas.GamesTable, Key: []byte("broken"), Value: counterTable().Encode("broken", broken)},
		&kgo.Record{Topic: schemas.GamesTable, Key: []byte("due"), Value: counterTable().Encode("due", due)},
	)
	reg := prometheus.NewPedanticRegistry()
	m := r.startWith(reg)
	m.waitReady()
	r.waitLog(schemas.GameEvents, 1) // the timer of the good row fired
	for _, key := range []string{"broken", "late"} {
		at := move(key, moveWhite, 1)
		r.send(at)
		r.expectReply(at, schemas.CodeQuarantined)
	}

	r.send(move("later", moveTimer, 1))
	after := move("later", moveWhite, 2)
	r.send(after)
	r.expectReply(after, schemas.CodeQuarantined)
	if n := gauge(t, reg, "tabiya_quarantined_keys"); n != 3 {
		t.Fatalf("%g quarantined keys are counted, want 3", n)
	}
	if err := m.stop(); err != nil {
		t.Fatal(err)
	}
	if n := gauge(t, reg, "tabiya_quarantined_keys"); n != 0 {
		t.Fatalf("%g quarantined keys are counted after the stop, want none", n)
	}
	r.startWith(reg).waitReady()
	eventually.True(t, "the keys to be quarantined again", func() bool { return gauge(t, reg, "tabiya_quarantined_keys") == 3 })
}

// A stale owner's row behind the corrupt one must not win, now or after compaction.
func TestStaleRowDoesNotLiftTheQuarantine(t *testing.T) {
	t.Parallel()
	r := newRig(t, 1)
	row := func(version int64) *kgo.Record {
		value := counterTable().Encode("g", &counter{head: schemas.Head{Version: version, Offset: -1}})
		return &kgo.Record{Topic: schemas.GamesTable, Key: []byte("g"), Value: value}
	}
	r.produce(row(5), &kgo.Record{Topic: schemas.GamesTable, Key: []byte("g"), Value: []byte("garbage")}, row(4))
	m := r.start()
	cmd := move("g", moveWhite, 1)
	r.send(cmd)
	r.expectReply(cmd, schemas.CodeQuarantined)
	if last := r.rows(schemas.GamesTable)["g"]; string(last) != "garbage" {
		t.Fatalf("the last record is %q, want the corrupt row", last)
	}
	if err := m.stop(); err != nil {
		t.Fatal(err)
	}
	r.produce(row(6)) // a good row supersedes it
	r.start()
	r.send(move("g", moveWhite, 2))
	r.waitLog(schemas.GameEvents, 1)
}

// A command that was accepted before the row became corrupt is replayed: a refusal
// would contradict its event.
func TestReplayForAQuarantinedKeyGetsNoReply(t *testing.T) {
	t.Parallel()
	r := newRig(t, 1)
	m := r.start()
	restore := r.HoldCommits(t, schemas.GamesGroup)
	accepted := move("g", moveWhite, 1)
	r.send(accepted)
	r.waitLog(schemas.GameEvents, 1)
	if err := m.stop(); err != nil {
		t.Fatal(err)
	}
	restore()
	r.produce(&kgo.Record{Topic: schemas.GamesTable, Key: []byte("g"), Value: []byte("garbage")})
	r.start()
	next := move("g", moveBlack, 2)
	r.send(next)
	r.expectReply(next, schemas.CodeQuarantined)
	if n := len(r.log(schemas.CommandReplies)); n != 1 {
		t.Fatalf("there are %d replies, want that to the new command alone", n)
	}
}
