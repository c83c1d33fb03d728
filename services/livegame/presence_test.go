package livegame_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/internal/eventually"
	"tabiya/internal/kafka"
	"tabiya/schemas"
)

// newBlitz creates a blitz game of the rig's two players in which both have moved.
func (r *rig) newBlitz() (gameID string) {
	r.t.Helper()
	id := r.create(blitzClock)
	r.play(id, 0, scholar[:2]...)
	return id
}

// recordedPresence returns the disconnects and returns that a game's log has.
func (r *rig) recordedPresence(gameID string) (all []string) {
	r.t.Helper()
	for _, value := range r.log(gameID) {
		var ev struct {
			EventType schemas.EventType
			Payload   struct {
				Color    schemas.Color
				Explicit bool
			}
		}
		if err := json.Unmarshal([]byte(value), &ev); err != nil {
			r.t.Fatal(err)
		}
		if ev.EventType == schemas.PlayerLeft || ev.EventType == schemas.PlayerReturned {
			all = append(all, fmt.Sprint(ev.EventType, " ", ev.Payload.Color, " ", ev.Payload.Explicit))
		}
	}
	return all
}

// eventuallyRecorded waits until the game's log has as many disconnects and returns as
// want, and compares them.
func (r *rig) eventuallyRecorded(gameID string, want ...string) {
	r.t.Helper()
	var got []string
	eventually.True(r.t, fmt.Sprint("recorded: ", want), func() bool {
		got = r.recordedPresence(gameID)
		return len(got) >= len(want)
	})
	if !slices.Equal(got, want) {
		r.t.Errorf("recorded %q, not %q", got, want)
	}
}

// claimableAfter reports whether the opponent may claim the game this long after the log
// recorded the disconnect, and whether the log recorded it within 5 s.
func claimableAfter(s seat, wait time.Duration) bool {
	recordedAfter := s.ClaimableAt.Std().Add(-wait).Sub(s.GoneSince.Std())
	return s.GoneSince != 0 && recordedAfter >= 0 && recordedAfter < 5*time.Second
}

// marks returns the number of MarkGone and MarkPresent commands for a game.
func (r *rig) marks(gameID string) (n int) {
	r.t.Helper()
	err := kafka.ReadAll(r.t.Context(), r.Config, schemas.GameCommands, func(rec *kgo.Record) error {
		cmd, err := schemas.DecodeCommand(rec.Value)
		if cmd.Key == gameID && (cmd.Type == schemas.MarkGone || cmd.Type == schemas.MarkPresent) {
			n++
		}
		return err
	})
	if err != nil {
		r.t.Fatal(err)
	}
	return n
}

const (
	whiteLeft  = "PlayerLeft white false"
	whiteBack  = "PlayerReturned white false"
	blackWent  = "PlayerLeft black true" // with a leave frame
	whileGone  = 3 * time.Second         // longer than goneAfter and a check
	leaveFrame = `{"type":"leave"}`
)

func TestDisconnectAndReturnAreRecorded(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	id := r.newBlitz()
	c := r.dialAs(id, r.white)
	c.until("state")
	watcher := r.dial(id, "")
	watcher.until("state")
	_ = c.conn.CloseNow()
	_ = watcher.conn.CloseNow()
	r.eventuallyRecorded(id, whiteLeft)
	got := r.show(id)
	if !claimableAfter(got.White, 40*time.Second) || got.Black.GoneSince != 0 {
		t.Errorf("%+v", got)
	}
	r.refused(409, schemas.CodeTooEarlyToClaim, "POST", "/v1/games/"+id+"/claim", r.black.token, `{"as":"win"}`)
	back := r.dialAs(id, r.white)
	back.until("state")
	r.eventuallyRecorded(id, whiteLeft, whiteBack)
	if got := r.show(id); got.White.GoneSince != 0 || got.White.ClaimableAt != 0 {
		t.Errorf("%+v", got)
	}
	r.refused(409, schemas.CodeOpponentPresent, "POST", "/v1/games/"+id+"/claim", r.black.token, `{"as":"win"}`)
}

// Nothing is recorded for a player who reconnects again and again or still has a stream,
// for a spectator, or in a finished game.
func TestConnectedPlayerIsNotRecordedAsGone(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	id, over := r.newBlitz(), r.newBlitz()
	last := r.dialAs(over, r.black)
	last.until("state")
	r.action(over, r.white, "resign", "")
	for range 30 {
		c := r.dialAs(id, r.white)
		c.until("state")
		_ = c.conn.CloseNow()
	}
	_ = last.conn.CloseNow()
	stream := r.openStream("/v1/games/"+id+"/events", "*/*", "Authorization", "Bearer "+r.white.token)
	if stream.StatusCode != http.StatusOK {
		t.Fatal(stream.Status)
	}
	stranger := r.dialAs(id, r.person("Stranger"))
	stranger.until("state")
	stranger.send(leaveFrame)
	if code := stranger.closed(); code != websocket.StatusNormalClosure {
		t.Errorf("closed with %v", code)
	}
	<-time.After(whileGone)
	if n := r.marks(id) + r.marks(over); n != 0 {
		t.Errorf("%d commands", n)
	}
	stream.Body.Close()
	r.eventuallyRecorded(id, whiteLeft)
	if n := r.marks(id); n != 1 {
		t.Errorf("%d commands", n)
	}
}

func TestClaimAcceptedAfterPlayerLeft(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	byFrame, byReason, comesBack := r.newBlitz(), r.newBlitz(), r.newBlitz()
	for _, id := range []string{byFrame, byReason, comesBack} {
		r.play(id, 2, scholar[2]) // Black is to move
		c := r.dialAs(id, r.black)
		c.until("state")
		if id == byReason {
			_ = c.conn.Close(websocket.StatusNormalClosure, "leave")
			continue
		}
		c.send(leaveFrame)
		if code := c.closed(); code != websocket.StatusNormalClosure {
			t.Errorf("closed with %v", code)
		}
	}
	r.eventuallyRecorded(byFrame, blackWent)
	r.eventuallyRecorded(byReason, blackWent)
	r.eventuallyRecorded(comesBack, blackWent)
	got := r.show(byFrame).Black
	if !claimableAfter(got, 10*time.Second) {
		t.Errorf("%+v", got)
	}
	c := r.dialAs(byReason, r.white)
	c.until("state")
	r.refused(409, schemas.CodeTooEarlyToClaim, "POST", "/v1/games/"+byFrame+"/claim", r.white.token, `{"as":"win"}`)
	// On an instance that starts later, the time counts from its start: until then nobody
	// could reconnect to it.
	started := schemas.TimeOf(time.Now())
	if got := r.startOther().ok("GET", "/v1/games/"+comesBack, "", "").Black; got.ClaimableAt < started.Add(10*time.Second) {
		t.Errorf("%+v, and it was started at %v", got, started)
	}
	<-time.After(time.Until(r.show(comesBack).Black.ClaimableAt.Std()) + 500*time.Millisecond)
	r.dialAs(comesBack, r.black).until("state") // the log may not have recorded the return yet
	r.refused(409, schemas.CodeOpponentPresent, "POST", "/v1/games/"+comesBack+"/claim", r.white.token, `{"as":"win"}`)
	// An instance that could not hear of a return until now lets the player return first.
	r.startOther().refused(409, schemas.CodeTooEarlyToClaim, "POST", "/v1/games/"+byFrame+"/claim", r.white.token, `{"as":"win"}`)
	if got := r.action(byFrame, r.white, "claim", `{"as":"win"}`); got.Result != schemas.WhiteWins || got.Termination != schemas.Abandoned || got.Ply != 3 {
		t.Errorf("%+v", got)
	}
	c.send(`{"type":"claim","as":"draw","clientMoveId":"c"}`)
	c.until("ack")
	if got := r.show(byReason); got.Result != schemas.Draw || got.Termination != schemas.Abandoned || got.Black.GoneSince != 0 {
		t.Errorf("%+v", got)
	}
}

// While no processor runs, MarkGone and MarkPresent wait in the log. A claim that waits
// with them is refused, and so is a claim made while they are being processed, even if
// the disconnect was recorded before the outage. Many claims do not fill the log.
func TestClaimRejectedAfterReconnectDuringOutage(t *testing.T) {
	t.Parallel()
	r, stop := newRigToStop(t, answerWithin(300*time.Millisecond))
	before, during := r.newBlitz(), r.newBlitz()
	leave := func(id string) {
		c := r.dialAs(id, r.black)
		c.until("state")
		c.send(leaveFrame)
		c.closed()
		eventually.True(t, "Black is marked as gone", func() bool { return r.marks(id) == 1 })
	}
	for _, id := range []string{before, during} {
		r.play(id, 2, scholar[2]) // Black is to move
	}
	leave(before)
	r.eventuallyRecorded(before, blackWent)
	eventually.True(t, "the instance has read that Black is gone", func() bool { return r.show(before).Black.GoneSince != 0 })
	stop()
	leave(during)
	for _, id := range []string{before, during} {
		r.dialAs(id, r.black).until("state")
	}
	claim := func(id string) answer { return r.do("POST", "/v1/games/"+id+"/claim", r.white.token, `{"as":"win"}`) }
	<-time.After(11 * time.Second)
	for _, id := range []string{before, during} {
		var claims sync.WaitGroup
		for range 20 {
			claims.Go(func() {
				if a := claim(id); a.status != 503 && a.status != 429 { // some are too many in flight
					t.Errorf("%d %s", a.status, a.body)
				}
			})
		}
		claims.Wait()
		if n := r.marks(id); n > 4 {
			t.Errorf("%d presence commands", n)
		}
	}
	r.startProcessor()
	for _, id := range []string{before, during} {
		eventually.True(t, "disconnect and return are recorded, or the game is over", func() bool {
			claim(id)
			return len(r.recordedPresence(id)) == 2 || r.show(id).Result != schemas.NoResult
		})
		eventually.True(t, "the claim is judged", func() bool { // it was refused too often
			a := claim(id)
			if a.status != 409 && a.status != 429 {
				t.Fatalf("%d %s", a.status, a.body)
			}
			return a.status == 409
		})
		if got := r.recordedPresence(id); !slices.Equal(got, []string{blackWent, "PlayerReturned black false"}) {
			t.Errorf("recorded %q", got)
		}
		if got := r.show(id); got.Result != schemas.NoResult {
			t.Errorf("%+v", got)
		}
	}
}
