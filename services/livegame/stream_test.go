package livegame_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"tabiya/schemas"
	"tabiya/services/livegame"
	"tabiya/services/openapi/openapitest"
)

// openStream opens a stream. It is closed at the end of the test.
func (i *instance) openStream(path, accept string, headers ...string) *http.Response {
	i.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	i.t.Cleanup(cancel)
	req, err := http.NewRequestWithContext(ctx, "GET", i.server.URL+path, nil)
	if err != nil {
		i.t.Fatal(err)
	}
	req.Header.Set("Accept", accept)
	for n := 0; n < len(headers); n += 2 {
		req.Header.Set(headers[n], headers[n+1])
	}
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		i.t.Fatal(err)
	}
	i.t.Cleanup(func() { resp.Body.Close() })
	return resp
}

// lines reads the events of a stream, up to the stream's end or the event that ends the
// game.
func lines(t testing.TB, r io.Reader) (got []string) {
	t.Helper()
	scan := bufio.NewScanner(r)
	scan.Buffer(nil, 1<<20)
	for aside := false; scan.Scan(); {
		switch {
		case strings.HasPrefix(scan.Text(), "event: "):
			aside = true // a watchers frame, which may come at any time
		case scan.Text() == "":
			aside = false
		case !aside:
			got = append(got, scan.Text())
			if event := strings.TrimPrefix(scan.Text(), "data: "); strings.HasPrefix(event, "{") {
				openapitest.ValidateAs(t, "GameEvent", []byte(event))
			}
			if ending.MatchString(scan.Text()) {
				return got
			}
		}
	}
	if scan.Err() != nil {
		t.Fatal(scan.Err())
	}
	return got
}

// ending matches the event that ends a game. Rematch events may follow it.
var ending = regexp.MustCompile(`"eventType":"Game(Ended|Resigned|Timeout|Aborted)"`)

func TestStreamFromAnySeqIsTheLog(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	id := r.newGame()
	path := "/v1/games/" + id + "/events"
	var open []io.Reader // before each move, a stream from each seq so far and from the next ones
	var from []int
	for n, uci := range scholar {
		for seq := range min(n+6, len(scholar)+3) {
			open = append(open, r.openStream(fmt.Sprintf("%s?from_seq=%d", path, seq+1), "application/x-ndjson").Body)
			from = append(from, seq)
		}
		r.play(id, n, uci)
	}
	log := r.log(id)
	for n, stream := range open {
		if got, want := lines(t, stream), log[min(from[n], len(log)):]; !slices.Equal(got, want) {
			t.Errorf("from_seq=%d: %d events, want %d:\n%s", from[n]+1, len(got), len(want), strings.Join(got, "\n"))
		}
	}
	for seq := range log { // the game is over now
		if got := lines(t, r.openStream(fmt.Sprintf("%s?from_seq=%d", path, seq+1), "*/*").Body); !slices.Equal(got, log[seq:]) {
			t.Errorf("from_seq=%d after the end: %s", seq+1, strings.Join(got, "\n"))
		}
	}
}

func TestServerSentEventsResumeAfterLastEventID(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	id := r.newGame()
	path := "/v1/games/" + id + "/events"
	live := r.openStream(path, "text/event-stream")
	r.play(id, 0, scholar...)
	log := r.log(id)
	want := func(after int) (all []string) {
		for seq := after + 1; seq <= len(log); seq++ {
			all = append(all, fmt.Sprintf("id: %d", seq), "data: "+log[seq-1])
		}
		return all
	}
	if got := lines(t, live.Body); live.Header.Get("Content-Type") != "text/event-stream" || !slices.Equal(got, want(0)) {
		t.Errorf("%v\n%s", live.Header, strings.Join(got, "\n"))
	}
	for last := range log {
		resumed := r.openStream(path+"?from_seq=3", "text/event-stream", "Last-Event-ID", fmt.Sprint(last))
		if got := lines(t, resumed.Body); !slices.Equal(got, want(last)) {
			t.Errorf("after %d:\n%s", last, strings.Join(got, "\n"))
		}
	}
}

func TestMissingGameIsWaitedForBriefly(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for _, path := range []string{"", "/events"} {
		r.refused(404, schemas.CodeGameNotFound, "GET", "/v1/games/"+schemas.NewID()+path, "", "")
	}
	other := r.startOther()
	id := r.newGame() // the other instance may not have read it yet
	if got := other.ok("GET", "/v1/games/"+id, "", ""); got.ID != id {
		t.Errorf("%+v", got)
	}
}

// startOther starts another instance and waits until it is ready.
func (r *rig) startOther(tune ...func(*livegame.Config)) *instance {
	r.t.Helper()
	i := r.start(tune...)
	i.waitReady()
	return i
}

// Rematch events follow the game's end, so the stream continues until the game is evicted.
// A client that reconnects in between misses none.
func TestStreamContinuesAfterTheEndForARematch(t *testing.T) {
	t.Parallel()
	clock := newStoppedClock()
	r := newRig(t, lingering(time.Hour), livegame.EvictByClock(clock.now))
	id := r.newGame()
	path := "/v1/games/" + id + "/events"
	r.play(id, 0, scholar...)
	over := len(r.log(id))
	behind := r.openStream(fmt.Sprintf("%s?from_seq=%d", path, over+1), "*/*")
	socket := r.dial(id, fmt.Sprintf("?from_seq=%d", over+1))
	socket.until("state")
	failed := &schemas.FailRematchPayload{GameID: schemas.DerivedID(id, "rematch", int64(over+2)), Reason: schemas.NoAnswer}
	for _, c := range []schemas.Command{
		{Type: schemas.OfferRematch, Actor: r.black.id}, {Type: schemas.AcceptRematch, Actor: r.white.id},
		{Type: schemas.FailRematch, Actor: schemas.ActorSystem, Payload: failed},
	} {
		c.ID, c.Key, c.Region = schemas.NewID(), id, "eu"
		if err := r.producer.Send(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
	sent := socket.events(3)
	log := r.log(id)
	clock.advance(t, 2*time.Hour)
	if got := lines(t, behind.Body); !slices.Equal(got, log[over:]) || !slices.Equal(sent, got) {
		t.Errorf("the stream\n%s\nthe socket\n%s\nthe log\n%s", strings.Join(got, "\n"), strings.Join(sent, "\n"), strings.Join(log[over:], "\n"))
	}
	r.evicted(id)
	if got := r.openStream(fmt.Sprintf("%s?from_seq=%d", path, over+2), "*/*"); !slices.Equal(lines(t, got.Body), log[over+1:]) {
		t.Error("after the eviction the stream differs from the log")
	}
	if got := r.openStream(path, "text/event-stream", "Last-Event-ID", fmt.Sprint(len(log))); got.StatusCode != 204 {
		t.Errorf("a browser would reconnect again and again: %d", got.StatusCode)
	}
}
