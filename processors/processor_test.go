package processors_test

import (
	"fmt"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/schemas"
)

func TestCommandWritesRowAndEvent(t *testing.T) {
	t.Parallel()
	r := newRig(t, 2)
	r.start()
	first, wrong := move("g", moveWhite, 1), move("g", moveWhite, 2)
	r.send(first, wrong)
	events := r.waitLog(schemas.GameEvents, 1)
	ev, err := schemas.DecodeEvent(events[0].Value)
	if err != nil || ev.CommandID != first.ID || ev.Seq != 1 || ev.ID != schemas.EventID("g", 1) {
		t.Fatalf("event %+v: %v", ev, err)
	}
	command := r.log(schemas.GameCommands)[0]
	if ev.OccurredAt != schemas.TimeOf(command.Timestamp) {
		t.Fatalf("occurredAt is %s, want the command's broker time %s", ev.OccurredAt, command.Timestamp)
	}
	if h := headers(events[0]); h[schemas.HeaderType] != string(schemas.RematchOffered) || h[schemas.HeaderRegion] != "eu" {
		t.Fatalf("headers %v", h)
	}
	reply, err := schemas.DecodeReply(r.waitLog(schemas.CommandReplies, 1)[0].Value)
	if err != nil || reply.CommandID != wrong.ID || reply.Code != schemas.CodeNotYourTurn {
		t.Fatalf("reply %+v: %v", reply, err)
	}
	row, err := counterTable().Decode("g", r.waitLog(schemas.GamesTable, 1)[0].Value)
	if err != nil || row.Count != 1 || row.head != (schemas.Head{Version: 1, Offset: command.Offset}) {
		t.Fatalf("row %+v: %v", row, err)
	}
}

func TestPoisonPillsGoToTheDeadLettersAndTheNextCommandIsHandled(t *testing.T) {
	t.Parallel()
	r := newRig(t, 3)
	r.start()
	key := "g"
	good := move(key, moveWhite, 1).Record()
	poison := []*kgo.Record{
		{Topic: schemas.GameCommands, Key: []byte(key), Value: []byte("not json")},
		{Topic: schemas.GameCommands, Key: []byte(key), Value: []byte(`{"commandType":"PlayMove"}`)},
		{Topic: schemas.GameCommands, Key: []byte(key), Value: nil},
		{Topic: schemas.GameCommands, Key: []byte(key), Value: []byte{}},
		{Topic: schemas.GameCommands, Key: nil, Value: []byte("\xff\xfe")},
		{Topic: schemas.GameCommands, Key: []byte("other"), Value: good.Value}, // differs from the envelope's key
	}
	if err := r.producer.SendRecords(t.Context(), poison...); err != nil {
		t.Fatal(err)
	}
	r.send(move(key, movePanic, 1), move(key, moveWhite, 1)) // a command that makes the Core panic is poison too
	if events := r.waitLog(schemas.GameEvents, 1); len(events) != 1 {
		t.Fatalf("the log has %d events, want 1", len(events))
	}
	dead := r.waitLog(schemas.DeadLetter(schemas.GameCommands), len(poison)+1)
	bySource := make(map[string]*kgo.Record)
	for _, d := range dead {
		h := headers(d)
		if h[schemas.HeaderReason] == "" {
			t.Fatalf("dead letter has no reason: headers %v", h)
		}
		bySource[h[schemas.HeaderSource]] = d
	}
	for _, p := range poison {
		d := bySource[fmt.Sprintf("%s/%d/%d", p.Topic, p.Partition, p.Offset)]
		if d == nil || string(d.Key) != string(p.Key) || string(d.Value) != string(p.Value) || (d.Value == nil) != (p.Value == nil) {
			t.Fatalf("the dead letter of %v at %d/%d is %v", p, p.Partition, p.Offset, d)
		}
	}
}

func TestTwoMembersHandleEachCommandOnce(t *testing.T) {
	t.Parallel()
	r := newRig(t, 8)
	r.start()
	const games, half = 40, 20
	play := func(from int64) {
		var cmds []schemas.Command
		for n := from; n < from+half; n++ {
			for g := range games {
				uci := moveWhite
				if n%2 == 1 {
					uci = moveBlack
				}
				cmds = append(cmds, move(fmt.Sprint("game-", g), uci, n))
			}
		}
		r.send(cmds...)
	}
	play(0)
	second := r.startUnready()
	play(half)
	second.waitReady()
	r.waitLog(schemas.GameEvents, games*2*half)
	if err := second.stop(); err != nil {
		t.Fatal(err)
	}
	play(2 * half)
	events := r.waitLog(schemas.GameEvents, games*3*half)
	if len(events) != games*3*half {
		t.Fatalf("the log has %d events, want %d", len(events), games*3*half)
	}
	last := make(map[string]int64)
	for _, e := range events {
		ev, err := schemas.DecodeEvent(e.Value)
		if err != nil || ev.Seq != last[ev.Key]+1 {
			t.Fatalf("game %s: got seq %d after %d: %v", ev.Key, ev.Seq, last[ev.Key], err)
		}
		last[ev.Key] = ev.Seq
	}
}

func TestMetricsCountCommandsByOutcome(t *testing.T) {
	t.Parallel()
	r := newRig(t, 1)
	reg := prometheus.NewPedanticRegistry()
	r.startWith(reg).waitReady()
	r.send(move("g", moveWhite, 1), move("g", moveWhite, 2))
	r.waitCommitted(0, 2)
	got := make(map[string]float64)
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			for _, l := range m.GetLabel() {
				if l.GetName() == "outcome" {
					got[l.GetValue()] = m.GetCounter().GetValue()
				}
			}
			if f.GetName() == "tabiya_consumer_lag_records" {
				got["lag"]++
			}
		}
	}
	if got["accepted"] != 1 || got["refused"] != 1 || got["lag"] != 1 {
		t.Fatalf("metrics are %v", got)
	}
}

func headers(r *kgo.Record) map[string]string {
	h := make(map[string]string)
	for _, x := range r.Headers {
		h[x.Key] = string(x.Value)
	}
	return h
}
