package matchmaking_test

import (
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/internal/core/queue"
	"tabiya/internal/kafka"
	"tabiya/schemas"
)

func TestTwoPlayersMeetPlayAndMeetAgain(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for _, name := range []string{"players", "matchmaking", "games"} {
		r.start(name, queue.Config{WaveInterval: 100 * time.Millisecond})
	}
	anna, bob := r.register(1), r.register(2)
	first := r.join(anna)
	r.queued(first)
	if again := r.join(anna); r.reply(again).Code != schemas.CodeAlreadyQueued {
		t.Fatal("one player waits twice")
	}
	r.send(schemas.Command{ID: first, Type: schemas.JoinQueue, Key: anna, Actor: anna, Payload: &schemas.JoinQueuePayload{Queue: queueKey}})
	if reply := r.reply(first); reply.Type != schemas.CommandRepeated || reply.Seq != 1 {
		t.Fatalf("%+v", reply)
	}
	leave := schemas.NewID()
	r.send(schemas.Command{ID: leave, Type: schemas.LeaveQueue, Key: anna, Actor: anna})
	if e := r.event(schemas.PlayerLeftQueue, queueKey); e.CommandID != leave {
		t.Fatalf("%+v", e)
	}

	// The seat is free a moment later: until then the player is told that he waits.
	var ticket *schemas.PlayerQueuedPayload
	for ticket == nil {
		id := r.join(anna)
		said := await(r, "an answer to "+id, func(m any) bool {
			switch m := m.(type) {
			case schemas.Reply:
				return m.CommandID == id
			case schemas.Event:
				return m.CommandID == id
			}
			return false
		})
		if e, ok := said.(schemas.Event); ok {
			ticket = e.Payload.(*schemas.PlayerQueuedPayload)
		}
	}
	r.queued(r.join(bob))
	white, black := ticket.Rating, ticket.Rating
	for range 2 {
		m := r.event(schemas.MatchFound, queueKey).Payload.(*schemas.MatchFoundPayload)
		if c := r.event(schemas.GameCreated, m.GameID).Payload.(*schemas.GameCreatedPayload); c.White != m.White || c.Queue != queueKey || !c.Rated {
			t.Fatalf("%+v", c)
		}
		r.event(schemas.GameStarted, m.GameID)
		r.event(schemas.MatchConfirmed, queueKey)
		// Whether the seat has heard yet that the game runs, it is taken.
		if code := r.reply(r.join(anna)).Code; code != schemas.CodeAlreadyPlaying && code != schemas.CodeAlreadyQueued {
			t.Fatalf("who plays may not join, but: %q", code)
		}
		white, black = r.playAndResign(m.GameID, m.White, m.Black)
		if white >= m.White.Rating || black <= m.Black.Rating {
			t.Fatalf("rated %v and %v after %+v", white, black, m)
		}
		// The seats are free, and the tickets carry the ratings of the game before.
		if p := r.queued(r.join(m.White.PlayerID)); p.Rating != white {
			t.Fatalf("%+v, rated %v", p, white)
		}
		if p := r.queued(r.join(m.Black.PlayerID)); p.Rating != black {
			t.Fatalf("%+v, rated %v", p, black)
		}
	}
}

func TestAMatchWhoseGameDoesNotStartIsMadeAgain(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	queues := queue.Config{WaveInterval: 100 * time.Millisecond, MatchDeadline: 2 * time.Second}
	r.start("players", queues)
	r.start("matchmaking", queues)
	anna, bob := r.register(1), r.register(2)
	a, b := r.queued(r.join(anna)), r.queued(r.join(bob))

	failed := r.event(schemas.MatchFailed, queueKey).Payload.(*schemas.MatchFailedPayload)
	r.start("games", queues)
	c := r.event(schemas.MatchConfirmed, queueKey).Payload.(*schemas.MatchConfirmedPayload)
	if c.GameID == failed.GameID || c.White.Attempt < 2 || c.White.Attempt != c.Black.Attempt {
		t.Fatalf("%+v after %+v", c, failed)
	}
	tickets := map[string]bool{c.White.TicketID: true, c.Black.TicketID: true}
	if !tickets[a.TicketID] || !tickets[b.TicketID] {
		t.Fatalf("other tickets than %+v and %+v: %+v", a, b, c)
	}
	r.playAndResign(c.GameID, c.White, c.Black)
	r.queued(r.join(anna))
	r.queued(r.join(bob))
}

// All three processors forget their commits and start again: what they had
// judged is not judged again, and nobody meets anybody twice.
func TestARestartFromTheBeginningChangesNothing(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.RequireFake(t)
	queues := queue.Config{WaveInterval: 100 * time.Millisecond}
	names := []string{"players", "matchmaking", "games"}
	var restore []func()
	for _, group := range []string{schemas.PlayersGroup, schemas.MatchmakingGroup, schemas.GamesGroup} {
		restore = append(restore, r.HoldCommits(t, group))
	}
	var life []running
	for _, name := range names {
		life = append(life, r.start(name, queues))
	}
	anna, bob, carl := r.register(1), r.register(2), r.register(3)
	r.queued(r.join(anna))
	r.queued(r.join(bob))
	m := r.event(schemas.MatchConfirmed, queueKey).Payload.(*schemas.MatchConfirmedPayload)
	r.queued(r.join(carl))
	for _, p := range life {
		p.stop()
	}
	for _, again := range restore {
		again()
	}
	for _, name := range names {
		r.start(name, queues)
	}
	r.playAndResign(m.GameID, m.White, m.Black)
	r.queued(r.join(anna))
	next := r.event(schemas.MatchConfirmed, queueKey).Payload.(*schemas.MatchConfirmedPayload)
	pair := map[string]bool{next.White.PlayerID: true, next.Black.PlayerID: true}
	if !pair[anna] || !pair[carl] {
		t.Fatalf("%+v is not between the two who wait", next)
	}
	for _, topic := range []string{schemas.PlayerEvents, schemas.QueueEvents, schemas.GameEvents} {
		seqs := map[string]int64{}
		err := kafka.ReadAll(t.Context(), r.Config, topic, func(rec *kgo.Record) error {
			e, err := schemas.DecodeEvent(rec.Value)
			if err == nil && e.Seq != seqs[e.Key]+1 {
				t.Errorf("%s of %s has seq %d after %d", e.Type, e.Key, e.Seq, seqs[e.Key])
			}
			seqs[e.Key] = e.Seq
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}
