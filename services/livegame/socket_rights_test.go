package livegame_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"tabiya/internal/eventually"
	"tabiya/schemas"
)

// Clients that are not players, and players whose token has expired, get the same
// answer to every frame. White may send the row's frame in the row's state; the row has
// the answer to Black.
func TestAuthorizationOfFrames(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	begun := func(string) {}
	moved := func(id string) { r.play(id, 0, scholar[:2]...) }
	repeated := func(id string) {
		for plies := range 2 {
			r.play(id, 4*plies, "g1f3", "g8f6", "f3g1", "f6g8")
		}
	}
	over := func(id string) { r.ok("POST", "/v1/games/"+id+"/resign", r.white.token, "") }
	offered := func(what string, before func(string)) func(string) {
		return func(id string) {
			before(id)
			r.ok("POST", "/v1/games/"+id+"/"+what, r.black.token, offer)
		}
	}
	left := func(id string) {
		r.play(id, 0, scholar[:3]...)
		c := r.dialAs(id, r.black)
		c.until("state")
		c.send(leaveFrame)
		eventually.True(t, "Black is gone", func() bool { return r.show(id).Black.ClaimableAt != 0 })
	}
	rows := []struct {
		fields string              // of the frame
		state  func(gameID string) // nil: left
		black  schemas.Code
	}{
		{`"type":"move","uci":"e2e4"`, begun, schemas.CodeNotYourTurn},
		{`"type":"resign"`, begun, ""},
		{`"type":"abort"`, begun, ""},
		{`"type":"draw","action":"offer"`, begun, ""},
		{`"type":"draw","action":"accept"`, offered("draw", begun), schemas.CodeNoDrawOffer},
		{`"type":"draw","action":"decline"`, offered("draw", begun), schemas.CodeNoDrawOffer},
		{`"type":"draw","action":"claim"`, repeated, schemas.CodeNotYourTurn},
		{`"type":"takeback","action":"offer"`, moved, ""},
		{`"type":"takeback","action":"accept"`, offered("takeback", moved), schemas.CodeNoTakebackOffer},
		{`"type":"takeback","action":"decline"`, offered("takeback", moved), schemas.CodeNoTakebackOffer},
		{`"type":"time"`, moved, ""},
		{`"type":"rematch","action":"offer"`, over, ""},
		{`"type":"rematch","action":"accept"`, offered("rematch", over), schemas.CodeNoRematchOffer},
		{`"type":"rematch","action":"decline"`, offered("rematch", over), schemas.CodeNoRematchOffer},
		{`"type":"claim","as":"win"`, nil, schemas.CodeYourTurn},
		{`"type":"claim","as":"draw"`, nil, schemas.CodeYourTurn},
	}
	// newGames creates a game for White and one for Black, because each frame changes it.
	newGames := func(state func(gameID string)) (games [2]string) {
		for n := range games {
			games[n] = r.ok("POST", "/v1/games", r.caller, r.gameBody(blitzClock)).ID
			state(games[n])
		}
		return games
	}
	claimable := [][2]string{newGames(left), newGames(left)} // first: Black must be gone for ten seconds
	short := r.white
	var err error
	if short.token, _, err = r.signer.Player(short.id, time.Now(), 10*time.Minute); err != nil {
		t.Fatal(err)
	}
	stranger := r.person("Stranger")
	for _, row := range rows {
		t.Run(row.fields, func(t *testing.T) {
			var games [2]string
			if row.state == nil {
				games, claimable = claimable[0], claimable[1:]
			} else {
				games = newGames(row.state)
			}
			whites, blacks := games[0], games[1]
			says := func(who string, c *client, code schemas.Code) (seq int64) {
				t.Helper()
				c.until("state")
				c.send(fmt.Sprintf(`{%s,"clientMoveId":%q}`, row.fields, schemas.NewID()))
				kind := "ack"
				if code != "" {
					kind = "refused"
				}
				f, _ := c.until(kind)
				if f.Code != code {
					t.Errorf("%s: %+v, want %s", who, f, code)
				}
				return f.Seq
			}
			before := r.show(whites)
			if at := before.Black.ClaimableAt; at != 0 {
				<-time.After(time.Until(at.Std()) + 500*time.Millisecond)
			}
			says("a client without a token", r.dial(whites, ""), schemas.CodeUnauthenticated)
			says("a service", r.dial(whites, "", "Authorization", "Bearer "+r.caller), schemas.CodeForbidden)
			says("a stranger", r.dialAs(whites, stranger), schemas.CodeNotAPlayer)
			expired := r.dialAs(whites, short)
			r.ahead.Store(int64(20 * time.Minute))
			says("a player whose token has expired", expired, schemas.CodeTokenExpired)
			r.ahead.Store(0)
			if seq := says("White", r.dialAs(whites, r.white), ""); seq != before.Seq+1 {
				t.Errorf("event %d is White's, after event %d", seq, before.Seq)
			}
			says("Black", r.dialAs(blacks, r.black), row.black)
		})
	}
}

func TestRefusedFramesChangeNothing(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	id := r.newGame()
	c, resp, err := r.tryDial(id, "", []string{"bearer." + r.white.token, "tabiya.v1"})
	if err != nil || resp.Header.Get("Sec-WebSocket-Protocol") != "tabiya.v1" {
		t.Fatalf("%v %v", err, resp)
	}
	c.until("state")
	for text, code := range map[string]schemas.Code{
		`{"type":"move","uci":"e2e5"}`:          schemas.CodeIllegalMove,
		`{"type":"move","uci":"castle"}`:        schemas.CodeMalformedMove,
		`{"type":"move","uci":"e2e4","ply":3}`:  schemas.CodeWrongPly,
		`{"type":"draw","action":"accept"}`:     schemas.CodeNoDrawOffer,
		`{"type":"draw","action":"beg"}`:        schemas.CodeInvalidField,
		`{"type":"takeback","action":"claim"}`:  schemas.CodeInvalidField,
		`{"type":"rematch","action":"decline"}`: schemas.CodeGameNotOver,
	} {
		c.send(text)
		if f, _ := c.until("refused"); f.Code != code {
			t.Errorf("%s: %+v, want %s", text, f, code)
		}
	}
	expired, _, err := r.signer.Player(r.white.id, time.Now().Add(-2*time.Hour), time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	for query, status := range map[string]int{
		"?access_token=nonsense": 401, "?access_token=" + expired: 401,
		"?from_seq=0": 400, "?from_seq=x": 400, "?from_seq=1&from_seq=2": 400,
	} {
		if _, resp, err := r.tryDial(id, query, nil); err == nil || resp == nil || resp.StatusCode != status {
			t.Errorf("%s: %v %v", query, err, resp)
		}
	}
	if log := r.log(id); len(log) != 2 {
		t.Errorf("a refused frame wrote an event: %s", strings.Join(log, "\n"))
	}
}
