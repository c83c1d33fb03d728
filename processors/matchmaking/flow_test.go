package matchmaking_test

import (
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/internal/core/queue"
	"tabiya/internal/kafka"
	"tabiya/schemas"
)

func TestTwoPlayersArePairedPlayAndArePairedAgain(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for _, name := range []string{"players", "matchmaking", "games"} {
		r.start(name, queue.Config{WaveInterval: 100 * time.Millisecond})
	}
	anna, bob := r.register(1), r.register(2)
	first := r.join(anna)
	r.queued(first)
	if again := r.join(anna); r.reply(again).Code != schemas.CodeAlreadyQueued {
		t.Fatal("the player has two tickets")
	}
	r.send(schemas.Command{ID: first, Type: schemas.JoinQueue, Key: anna, Actor: anna, Payload: &schemas.JoinQueuePayload{Queue: queueKey}})
	if reply := r.reply(first); reply.Type != schemas.CommandRepeated || reply.Seq != 1 {
		t.Fatalf("got %+v, want CommandRepeated of event 1", reply)
	}
	leave := schemas.NewID()
	r.send(schemas.Command{ID: leave, Type: schemas.LeaveQueue, Key: anna, Actor: anna})
	if e := r.event(schemas.PlayerLeftQueue, queueKey); e.CommandID != leave {
		t.Fatalf("got %+v, want the event of command %s", e, leave)
	}

	// The seat is freed a moment later. Until then the player is refused as queued.
	var ticket *schemas.PlayerQueuedPayload
	for ticket == nil {
		id := r.join(anna)
		answer := await(r, "an answer to "+id, func(m any) bool {
			switch m := m.(type) {
			case schemas.Reply:
				return m.CommandID == id
			case schemas.Event:
				return m.CommandID == id
			}
			return false
		})
		if e, ok := answer.(schemas.Event); ok {
			ticket = e.Payload.(*schemas.PlayerQueuedPayload)
		}
	}
	r.queued(r.join(bob))
	var white, black float64
	for range 2 {
		m := r.event(schemas.MatchFound, queueKey).Payload.(*schemas.MatchFoundPayload)
		if c := r.event(schemas.GameCreated, m.GameID).Payload.(*schemas.GameCreatedPayload); c.White != m.White || c.Queue != queueKey || !c.Rated {
			t.Fatalf("got %+v for the match %+v", c, m)
		}
		r.event(schemas.GameStarted, m.GameID)
		r.event(schemas.MatchConfirmed, queueKey)
		// The seat is taken, whether or not the game's SeatInGame has arrived.
		if code := r.reply(r.join(anna)).Code; code != schemas.CodeAlreadyPlaying && code != schemas.CodeAlreadyQueued {
			t.Fatalf("a playing player joined a queue: code %q", code)
		}
		white, black = r.playAndResign(m.GameID, m.White, m.Black)
		if white >= m.White.Rating || black <= m.Black.Rating {
			t.Fatalf("the new ratings are %v and %v after %+v", white, black, m)
		}
		// The seats are free again, and the new tickets carry the new ratings.
		if p := r.queued(r.join(m.White.PlayerID)); p.Rating != white {
			t.Fatalf("the ticket is %+v, want rating %v", p, white)
		}
		if p := r.queued(r.join(m.Black.PlayerID)); p.Rating != black {
			t.Fatalf("the ticket is %+v, want rating %v", p, black)
		}
	}
}

func TestTicketsArePairedAgainWhenTheirGameDoesNotStart(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	queues := queue.Config{WaveInterval: 100 * time.Millisecond, MatchDeadline: 2 * time.Second}
	r.start("players", queues)
	r.start("matchmaking", queues)
	anna, bob := r.register(1), r.register(2)
	a, b := r.queued(r.join(anna)), r.queued(r.join(bob))

	failed := r.event(schemas.MatchFailed, queueKey).Payload.(*schemas.MatchFailedPayload)
	r.start("games", queues)
	instance := r.liveInstance()
	for _, ticket := range []string{a.TicketID, b.TicketID} { // it hears of both
		r.send(schemas.Command{ID: schemas.NewID(), Type: schemas.HoldTicket, Key: queueKey, Actor: schemas.ActorSystem, Payload: &schemas.HoldTicketPayload{TicketID: ticket, Holder: instance}})
	}
	c := r.event(schemas.MatchConfirmed, queueKey).Payload.(*schemas.MatchConfirmedPayload)
	if c.GameID == failed.GameID || c.White.Attempt < 2 || c.White.Attempt != c.Black.Attempt {
		t.Fatalf("got %+v after %+v", c, failed)
	}
	tickets := map[string]bool{c.White.TicketID: true, c.Black.TicketID: true}
	if !tickets[a.TicketID] || !tickets[b.TicketID] {
		t.Fatalf("the match is %+v, want the tickets %+v and %+v", c, a, b)
	}
	r.playAndResign(c.GameID, c.White, c.Black)
	r.queued(r.join(anna))
	r.queued(r.join(bob))
}

// liveInstance returns an instance of the service that says that it lives until the test
// ends.
func (r *rig) liveInstance() string {
	instance := schemas.NewID()
	go func() {
		for r.t.Context().Err() == nil {
			sign := &kgo.Record{Topic: schemas.BrokerClock, Key: []byte(schemas.InstanceSign + instance), Value: []byte("{}")}
			r.producer.SendRecordAsync(sign, func(error) {})
			time.Sleep(schemas.InstanceSignEvery)
		}
	}()
	return instance
}

// No processor commits anything, so all commands are replayed after the restart. None
// may be decided again, and no player may be paired twice.
func TestReplayOfAllCommandsChangesNothing(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.RequireFake(t)
	queues := queue.Config{WaveInterval: 100 * time.Millisecond}
	names := []string{"players", "matchmaking", "games"}
	var restore []func()
	for _, group := range []string{schemas.PlayersGroup, schemas.MatchmakingGroup, schemas.GamesGroup} {
		restore = append(restore, r.HoldCommits(t, group))
	}
	var firstRun []running
	for _, name := range names {
		firstRun = append(firstRun, r.start(name, queues))
	}
	anna, bob, carl := r.register(1), r.register(2), r.register(3)
	r.queued(r.join(anna))
	r.queued(r.join(bob))
	m := r.event(schemas.MatchConfirmed, queueKey).Payload.(*schemas.MatchConfirmedPayload)
	r.queued(r.join(carl))
	for _, p := range firstRun {
		p.stop()
	}
	for _, restoreCommits := range restore {
		restoreCommits()
	}
	for _, name := range names {
		r.start(name, queues)
	}
	r.playAndResign(m.GameID, m.White, m.Black)
	r.queued(r.join(anna))
	next := r.event(schemas.MatchConfirmed, queueKey).Payload.(*schemas.MatchConfirmedPayload)
	pair := map[string]bool{next.White.PlayerID: true, next.Black.PlayerID: true}
	if !pair[anna] || !pair[carl] {
		t.Fatalf("the match is %+v, want the two waiting players", next)
	}
	for _, topic := range []string{schemas.PlayerEvents, schemas.QueueEvents, schemas.GameEvents} {
		seqs := map[string]int64{}
		err := kafka.ReadAll(t.Context(), r.Config, topic, func(rec *kgo.Record) error {
			e, err := schemas.DecodeEvent(rec.Value)
			if err == nil && e.Seq != seqs[e.Key]+1 {
				t.Errorf("%s of %s: got seq %d after %d", e.Type, e.Key, e.Seq, seqs[e.Key])
			}
			seqs[e.Key] = e.Seq
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}
