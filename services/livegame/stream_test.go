package livegame_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"tabiya/schemas"
)

// openStream opens a game's stream. It ends with the test.
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

// lines reads a stream to its end.
func lines(t testing.TB, r io.Reader) (got []string) {
	t.Helper()
	scan := bufio.NewScanner(r)
	scan.Buffer(nil, 1<<20)
	for aside := false; scan.Scan(); {
		switch {
		case strings.HasPrefix(scan.Text(), "event: "):
			aside = true // the number of watchers, which may change at any moment
		case scan.Text() == "":
			aside = false
		case !aside:
			got = append(got, scan.Text())
		}
	}
	if scan.Err() != nil {
		t.Fatal(scan.Err())
	}
	return got
}

func TestAStreamFromAnySeqIsTheLog(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	id := r.newGame()
	path := "/v1/games/" + id + "/events"
	var open []io.Reader // one is opened before each move, from each seq so far and the next ones
	var from []int
	for n, uci := range scholar {
		for seq := range n + 6 {
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
	if got := r.openStream(fmt.Sprintf("%s?from_seq=%d", path, len(log)+1), "*/*"); got.StatusCode != 204 {
		t.Errorf("behind the last event: %d", got.StatusCode)
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
	for last := range len(log) {
		resumed := r.openStream(path+"?from_seq=3", "text/event-stream", "Last-Event-ID", fmt.Sprint(last))
		if got := lines(t, resumed.Body); !slices.Equal(got, want(last)) {
			t.Errorf("after %d:\n%s", last, strings.Join(got, "\n"))
		}
	}
	if done := r.openStream(path, "text/event-stream", "Last-Event-ID", fmt.Sprint(len(log))); done.StatusCode != 204 {
		t.Errorf("a browser would come back for ever: %d", done.StatusCode)
	}
}

func TestAGameIsWaitedForButNotForLong(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for _, path := range []string{"", "/events"} {
		r.refused(404, schemas.CodeGameNotFound, "GET", "/v1/games/"+schemas.NewID()+path, "", "")
	}
	stopped := r.startOther()
	id := r.newGame() // which the other instance has not seen
	if got := stopped.ok("GET", "/v1/games/"+id, "", ""); got.ID != id {
		t.Errorf("%+v", got)
	}
}

// startOther is another instance that is ready.
func (r *rig) startOther() *instance {
	r.t.Helper()
	i := r.start()
	i.waitReady()
	return i
}
