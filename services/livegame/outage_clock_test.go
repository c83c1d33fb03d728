package livegame_test

import (
	"bufio"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/internal/eventually"
	"tabiya/internal/kafka"
	"tabiya/schemas"
	"tabiya/services/openapi/openapitest"
)

// waitPulse waits for a pulse of the game's partition that is handled from now on.
func (r *rig) waitPulse(gameID string) {
	r.t.Helper()
	key := kafka.PulseKeyOf(kafka.PartitionOf(gameID, 3), 3)
	count := func() (n int) {
		if err := kafka.ReadAll(r.t.Context(), r.Config, schemas.CommandReplies, func(rec *kgo.Record) error {
			if string(rec.Key) == key {
				n++
			}
			return nil
		}); err != nil {
			r.t.Fatal(err)
		}
		return n
	}
	before := count()
	eventually.True(r.t, "a pulse", func() bool { return count() > before })
}

// lastMoveMade returns the last move of a game, and whether a TimeRestored precedes it.
func (r *rig) lastMoveMade(gameID string) (move *schemas.MoveMadePayload, restored bool) {
	r.t.Helper()
	for _, value := range r.log(gameID) {
		ev, err := schemas.DecodeEvent([]byte(value))
		if err != nil {
			r.t.Fatal(err)
		}
		switch p := ev.Payload.(type) {
		case *schemas.TimeRestoredPayload:
			restored = true
		case *schemas.MoveMadePayload:
			move = p
		}
	}
	return move, restored
}

func TestNoClockRunsWithoutProcessorOrService(t *testing.T) {
	t.Parallel()
	for _, what := range []string{"processor", "service"} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			r, stop := newRigToStop(t)
			id := r.newGame()
			r.play(id, 0, "e2e4", "e7e5", "g1f3")
			r.waitPulse(id)
			const outage = 7 * time.Second // a service is missed for 2 s before pulses stop
			if what == "service" {
				r.instance.stop()
				<-time.After(outage)
				r.instance = r.start()
				r.waitReady()
			} else {
				stop()
				<-time.After(outage)
				r.startProcessor()
			}
			key := schemas.NewID()
			answer := r.do("POST", "/v1/games/"+id+"/moves", r.black.token, moveBody("b8c6"), "Idempotency-Key", key)
			if got := answer.read(t); answer.status != 201 && answer.status != 200 || got.Ply != 4 {
				t.Fatalf("%d %s", answer.status, answer.body)
			}
			move, restored := r.lastMoveMade(id)
			if !restored || move.Ply != 4 || move.Clock.ElapsedCs < 700 || move.Clock.ChargedCs > 400 {
				t.Fatalf("restored: %v, %+v", restored, move)
			}
			if again := r.do("POST", "/v1/games/"+id+"/moves", r.black.token, moveBody("b8c6"), "Idempotency-Key", key); again.read(t).Ply != 4 {
				t.Fatalf("the move sent again: %d %s", again.status, again.body)
			}
			r.action(id, r.white, "resign", "")
			log := r.log(id)
			if got := lines(t, r.startOther().openStream("/v1/games/"+id+"/events", "*/*").Body); !slices.Equal(got, log) {
				t.Errorf("a new instance streams\n%s\nnot\n%s", strings.Join(got, "\n"), strings.Join(log, "\n"))
			}
			if last := log[len(log)-1]; !strings.Contains(last, `"restoredCs":{"whiteCs":`) {
				t.Errorf("the terminal event does not say what was restored: %s", last)
			}
		})
	}
}

func TestWatchersAreToldWhenClocksStandStillAndRunAgain(t *testing.T) {
	t.Parallel()
	r, stop := newRigToStop(t)
	id := r.newGame()
	r.play(id, 0, "e2e4", "e7e5", "g1f3")
	c := r.dialAs(id, r.black)
	before, _ := c.until("state")
	events := bufio.NewScanner(r.openStream("/v1/games/"+id+"/events", "text/event-stream").Body)
	r.waitPulse(id)
	stop()
	if f, _ := c.until("clocks"); f.Running || f.DeadlineAt != 0 {
		t.Fatalf("%+v", f)
	}
	for events.Scan() && events.Text() != "event: clocks" {
	}
	events.Scan()
	openapitest.ValidateAs(t, "StreamFrame", []byte(strings.TrimPrefix(events.Text(), "data: ")))
	if events.Text() != `data: {"type":"clocks","running":false}` {
		t.Fatal(events.Text())
	}
	late := r.dialAs(id, r.white)
	late.until("state")
	if f, _ := late.until("clocks"); f.Running {
		t.Fatalf("a new watcher: %+v", f)
	}
	r.startProcessor()
	for _, c := range []*client{c, late} {
		f, _ := c.until("clocks")
		if !f.Running || f.RunsAt == 0 || f.DeadlineAt < before.Game.DeadlineAt+3000 {
			t.Fatalf("%+v, the deadline was %v", f, before.Game.DeadlineAt)
		}
	}
}

func TestPlayersWhoAreHereReturnAfterALongOutage(t *testing.T) {
	t.Parallel()
	r := bareRig(t)
	r.instance = r.startOther()
	s := r.story(scholar...)
	r.write(s, 1, 2, 3)
	c := r.dialAs(s.id, r.white)
	c.until("state")
	seq := int64(4)
	restored := schemas.Event{
		ID: schemas.EventID(s.id, seq), Type: schemas.TimeRestored, Key: s.id, Seq: seq, OccurredAt: s.events[2].OccurredAt + 720_000, Region: "eu",
		CommandID: schemas.NewID(), Payload: &schemas.TimeRestoredPayload{Color: schemas.Black, RestoredCs: 72_000, Waiting: true},
	}
	if err := r.producer.Send(t.Context(), restored); err != nil {
		t.Fatal(err)
	}
	c.events(1)
	if got := r.show(s.id); !got.WaitsForPlayers || got.DeadlineAt != 0 {
		t.Errorf("%+v", got)
	}
	eventually.True(t, "White is reported as present, and nobody else", func() bool { return r.marks(s.id) == 1 })
}
