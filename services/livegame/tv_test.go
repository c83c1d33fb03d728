package livegame_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"tabiya/internal/core/player"
	"tabiya/schemas"
	"tabiya/services/openapi/openapitest"
)

// rated registers a player with a blitz rating.
func (r *rig) rated(handle string, points float64) person {
	r.t.Helper()
	p := r.person(handle)
	r.players.mu.Lock()
	defer r.players.mu.Unlock()
	r.players.rows[p.id].Ratings = []player.Rating{{Speed: schemas.Blitz, Rating: points, Deviation: 50, Volatility: 0.06}}
	return p
}

const blitzClock = `{"initialCs":30000,"incrementCs":0}`

// blitzOf creates a blitz game of two players with these ratings.
func (r *rig) blitzOf(white, black float64) (gameID string, whitePlayer person) {
	r.t.Helper()
	w, b := r.rated("White", white), r.rated("Black", black)
	return r.ok("POST", "/v1/games", r.caller, `{"white":"`+w.id+`","black":"`+b.id+`","timeControl":`+blitzClock+`}`).ID, w
}

// onTV returns the game on the instance's blitz channel, and the number of channels that
// show a game.
func (i *instance) onTV() (gameID string, channels int) {
	i.t.Helper()
	a := i.do("GET", "/v1/tv", "", "")
	var got struct {
		Channels []struct {
			Speed schemas.Speed
			Game  reply
		}
	}
	if err := json.Unmarshal(a.body, &got); err != nil || a.status != 200 {
		i.t.Fatalf("%d %s", a.status, a.body)
	}
	for _, c := range got.Channels {
		if c.Speed == schemas.Blitz {
			gameID = c.Game.ID
		}
	}
	return gameID, len(got.Channels)
}

func TestTVShowsTheBestGameAndChangesOnlyToAHigherStep(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	if id, n := r.onTV(); n != 0 {
		t.Fatalf("%s is shown", id)
	}
	r.newGame() // of another speed
	first, firstWhite := r.blitzOf(2010, 2010)
	second, _ := r.blitzOf(2000, 2040) // a higher average, in the same step
	shows := func(want string) {
		t.Helper()
		for name, i := range map[string]*instance{"this instance": r.instance, "a new one": r.startOther()} {
			if id, n := i.onTV(); id != want || n != 2 {
				t.Errorf("%s shows %s of %d, want %s", name, id, n, want)
			}
		}
	}
	shows(first)
	third, thirdWhite := r.blitzOf(2060, 2060)
	shows(third)
	r.blitzOf(1500, 1500)
	shows(third)
	r.ok("POST", "/v1/games/"+first+"/resign", firstWhite.token, "")
	shows(third)
	r.ok("POST", "/v1/games/"+third+"/resign", thirdWhite.token, "")
	shows(second)
}

// tvFrames reads a channel's frames.
type tvFrames struct {
	t    *testing.T
	sse  bool
	scan *bufio.Scanner
}

func (i *instance) watchTV(accept string) *tvFrames {
	i.t.Helper()
	resp := i.openStream("/v1/tv/blitz/events", accept)
	if resp.StatusCode != http.StatusOK || resp.Header.Get("Content-Type") != accept {
		i.t.Fatalf("%d %v", resp.StatusCode, resp.Header)
	}
	return &tvFrames{i.t, accept == "text/event-stream", bufio.NewScanner(resp.Body)}
}

// next returns the next frame that is not a watchers frame; closed is true if the stream
// has ended.
func (f *tvFrames) next() (got frame, closed bool) {
	f.t.Helper()
	name := ""
	for f.scan.Scan() {
		text := f.scan.Text()
		if after, ok := strings.CutPrefix(text, "event: "); ok {
			name = after
			continue
		}
		data, _ := strings.CutPrefix(text, "data: ")
		if !strings.HasPrefix(data, "{") {
			continue
		}
		openapitest.ValidateAs(f.t, "TVFrame", []byte(data))
		got = frame{}
		if err := json.Unmarshal([]byte(data), &got); err != nil {
			f.t.Fatalf("%s: %v", text, err)
		}
		if named := got.Type; f.sse && name != strings.TrimPrefix(named, "event") {
			f.t.Errorf("the event is called %q, the frame %q", name, named)
		}
		if name = ""; got.Type != "watchers" {
			return got, false
		}
	}
	return frame{}, true
}

func TestTVStreamContinuesWithTheNextGame(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	streams := []*tvFrames{r.watchTV("application/x-ndjson"), r.watchTV("text/event-stream")}
	shown := func(gameID string, ply int) {
		t.Helper()
		for _, s := range streams {
			if f, closed := s.next(); closed || f.Type != "tv" || f.Game.ID != gameID || f.Game.Ply != ply {
				t.Fatalf("%+v, want %s after %d plies", f, gameID, ply)
			}
		}
	}
	event := func(gameID string, kind schemas.EventType) {
		t.Helper()
		for _, s := range streams {
			f, closed := s.next()
			if want := fmt.Sprintf(`"eventType":"%s"`, kind); closed || f.Type != "event" || !strings.Contains(string(f.Event), want) || !strings.Contains(string(f.Event), gameID) {
				t.Fatalf("%s %s, want %s of %s", f.Type, f.Event, kind, gameID)
			}
		}
	}
	shown("", 0)
	weak, weakWhite := r.blitzOf(1500, 1500)
	for _, s := range streams { // a game is shown from its creation; GameStarted may follow
		if f, closed := s.next(); closed || f.Type != "tv" || f.Game.ID != weak {
			t.Fatalf("%+v", f)
		} else if f.Game.Seq == 1 {
			s.next()
		}
	}
	r.ok("POST", "/v1/games/"+weak+"/moves", weakWhite.token, moveBody("e2e4"))
	event(weak, schemas.MoveMade)

	strong, strongWhite := r.blitzOf(2500, 2500)
	for _, s := range streams {
		if f, closed := s.next(); closed || f.Type != "tv" || f.Game.ID != strong {
			t.Fatalf("%+v", f)
		} else if f.Game.Seq == 1 {
			s.next()
		}
	}
	r.ok("POST", "/v1/games/"+strong+"/resign", strongWhite.token, "")
	event(strong, schemas.GameResigned)
	shown(weak, 1)
	r.ok("POST", "/v1/games/"+weak+"/resign", weakWhite.token, "")
	event(weak, schemas.GameResigned)
	shown("", 0)
	go r.instance.stop()
	for _, s := range streams {
		if f, closed := s.next(); !closed {
			t.Errorf("after the stop: %+v", f)
		}
	}
}

func TestUnknownSpeedHasNoTV(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.refused(404, schemas.CodeNotFound, "GET", "/v1/tv/warp/events", "", "")
	r.refused(406, schemas.CodeNotAcceptable, "GET", "/v1/tv/blitz/events", "", "", "Accept", "image/png")
}
