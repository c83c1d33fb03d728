package matchmaking_test

import (
	"math"
	"testing"
	"time"

	"tabiya/internal/core/queue"
	"tabiya/internal/core/rating"
	"tabiya/schemas"
)

// newTable is a rig with all processors and two players.
func newTable(t *testing.T) (r *rig, anna, bob string) {
	t.Helper()
	r = newRig(t)
	for _, name := range []string{"players", "matchmaking", "games"} {
		r.start(name, queue.Config{WaveInterval: 100 * time.Millisecond})
	}
	return r, r.register(1), r.register(2)
}

// firstGame pairs two players, who play a game that the first one resigns.
func (r *rig) firstGame(anna, bob string) (m *schemas.MatchFoundPayload, white, black *schemas.PlayerRatedPayload) {
	r.t.Helper()
	r.queued(r.join(anna))
	r.queued(r.join(bob))
	m = r.event(schemas.MatchFound, queueKey).Payload.(*schemas.MatchFoundPayload)
	r.event(schemas.GameStarted, m.GameID)
	white, black = r.playAndLose(m.GameID, m.White, m.Black, anna)
	return m, white, black
}

// agree lets the players of a finished game agree on a rematch.
func (r *rig) agree(gameID string, white, black schemas.Seated) *schemas.RematchAcceptedPayload {
	r.t.Helper()
	r.send(schemas.Command{ID: schemas.NewID(), Type: schemas.OfferRematch, Key: gameID, Actor: white.PlayerID})
	r.event(schemas.RematchOffered, gameID)
	r.send(schemas.Command{ID: schemas.NewID(), Type: schemas.AcceptRematch, Key: gameID, Actor: black.PlayerID})
	return r.event(schemas.RematchAccepted, gameID).Payload.(*schemas.RematchAcceptedPayload)
}

// A chain of rematches used to be rated from the ratings before the first game, which
// took from the loser, and gave to the winner, far more than Glicko-2 says.
func TestChainOfRematchesIsRatedFromPresentRatings(t *testing.T) {
	t.Parallel()
	r, anna, bob := newTable(t)
	m, white, black := r.firstGame(anna, bob)
	before := map[string]*schemas.PlayerRatedPayload{m.White.PlayerID: white, m.Black.PlayerID: black}
	stale := map[string]schemas.Seated{m.White.PlayerID: m.White, m.Black.PlayerID: m.Black}
	ratingOf := func(p *schemas.PlayerRatedPayload) rating.Rating {
		return rating.Rating{Rating: p.Rating, Deviation: p.Deviation, Volatility: p.Volatility}
	}
	farmed := 0.0
	for range 4 {
		accepted := r.agree(m.GameID, m.White, m.Black)
		next := r.event(schemas.MatchFound, schemas.NamedQueueKey("eu", accepted.GameID)).Payload.(*schemas.MatchFoundPayload)
		if next.GameID != accepted.GameID || next.White.PlayerID != m.Black.PlayerID || next.Black.PlayerID != m.White.PlayerID || next.Named.RematchOf != m.GameID {
			t.Fatalf("the rematch of %+v is %+v", m, next)
		}
		for _, side := range []schemas.Seated{next.White, next.Black} {
			if side.Rating != before[side.PlayerID].Rating {
				t.Fatalf("the seat is %+v, the rating before %+v", side, before[side.PlayerID])
			}
		}
		r.event(schemas.GameStarted, next.GameID)
		if code := r.reply(r.join(anna)).Code; code != schemas.CodeAlreadyPlaying {
			t.Fatalf("a player of a rematch joined a queue: code %q", code)
		}
		white, black := r.playAndLose(next.GameID, next.White, next.Black, anna)
		after := map[string]*schemas.PlayerRatedPayload{next.White.PlayerID: white, next.Black.PlayerID: black}
		for own, other := range map[string]string{anna: bob, bob: anna} {
			game := rating.Game{Opponent: before[other].Rating, OpponentDeviation: before[other].Deviation}
			if own == bob {
				game.Score = 1
			}
			idle := time.Duration(after[own].Basis.SinceLastMs) * time.Millisecond
			want, _ := rating.UpdateBy(rating.Parameters, ratingOf(before[own]), idle, game)
			if math.Abs(want.Rating-after[own].Rating) > 0.1 { // the opponent's deviation has grown for some milliseconds
				t.Fatalf("%s: rated %+v, Glicko-2 says %+v", own, after[own], want)
			}
			if own == anna {
				game.Opponent, game.OpponentDeviation = stale[other].Rating, stale[other].Deviation
				would, _ := rating.UpdateBy(rating.Parameters, ratingOf(before[own]), idle, game)
				farmed += would.Rating - want.Rating
			}
		}
		before, m = after, next
	}
	if math.Abs(farmed) < 10 {
		t.Fatalf("the ratings of before the first game would have made a difference of %.1f alone", farmed)
	}
	t.Logf("the loser keeps %.1f points more than by the ratings of before the first game", -farmed)
}

func TestRematchFailsWhenSeatIsTakenOrAccountClosed(t *testing.T) {
	t.Parallel()
	r, anna, bob := newTable(t)
	m, _, _ := r.firstGame(anna, bob)
	sides := map[string]schemas.Color{m.White.PlayerID: schemas.White, m.Black.PlayerID: schemas.Black}

	elsewhere := schemas.NewID()
	r.send(schemas.Command{ID: elsewhere, Type: schemas.JoinQueue, Key: anna, Actor: anna, Payload: &schemas.JoinQueuePayload{Queue: "eu/5+0/0"}})
	r.queued(elsewhere)
	accepted := r.agree(m.GameID, m.White, m.Black)
	failed := r.event(schemas.RematchFailed, m.GameID).Payload.(*schemas.RematchFailedPayload)
	if failed.GameID != accepted.GameID || failed.Reason != schemas.SeatTaken || failed.Color != sides[anna] {
		t.Fatalf("%+v", failed)
	}
	// The other one is free at once.
	r.queued(r.join(bob))
	leave := schemas.NewID()
	r.send(schemas.Command{ID: leave, Type: schemas.LeaveQueue, Key: bob, Actor: bob})
	r.event(schemas.PlayerLeftQueue, queueKey)

	r.send(schemas.Command{ID: schemas.NewID(), Type: schemas.LeaveQueue, Key: anna, Actor: anna})
	r.event(schemas.PlayerLeftQueue, "eu/5+0/0")
	r.queued(r.join(anna))
	r.queued(r.join(bob))
	m = r.event(schemas.MatchFound, queueKey).Payload.(*schemas.MatchFoundPayload)
	r.event(schemas.GameStarted, m.GameID)
	r.playAndLose(m.GameID, m.White, m.Black, bob)
	r.send(schemas.Command{ID: schemas.NewID(), Type: schemas.ClosePlayer, Key: bob, Actor: schemas.ActorService})
	r.event(schemas.PlayerClosed, bob)
	r.agree(m.GameID, m.White, m.Black)
	if failed := r.event(schemas.RematchFailed, m.GameID).Payload.(*schemas.RematchFailedPayload); failed.Reason != schemas.AccountClosed {
		t.Fatalf("%+v", failed)
	}
}
