package livegame_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"

	"tabiya/internal/eventually"
	"tabiya/schemas"
	"tabiya/services/livegame"
)

// played is a History: the creation times of games, and some rows.
type played struct {
	mu    sync.Mutex
	games map[string]time.Time
	rows  map[string][]byte
	away  bool
	calls int
}

func (p *played) Played(_ context.Context, gameID string) (time.Time, []byte, bool, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.calls++
	if p.away {
		return time.Time{}, nil, false, errors.New("away")
	}
	at, ok := p.games[gameID]
	return at, p.rows[gameID], ok, nil
}

func (p *played) add(gameID string, at time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.games[gameID] = at
}

func finishedIn(p *played) func(*livegame.Config) {
	return func(c *livegame.Config) { c.History = p }
}

// evicted waits until the instance no longer holds the game.
func (i *instance) evicted(gameID string) {
	i.t.Helper()
	eventually.True(i.t, "the game is evicted", func() bool { return i.do("GET", "/v1/games/"+gameID, "", "").status == 404 })
}

// startAfter starts an instance that does not know the finished game. An instance that
// starts soon after the end still reads the last events, so startAfter waits for the
// eviction and makes the instance forget the game.
func (r *rig) startAfter(gameID string, tune ...func(*livegame.Config)) *instance {
	r.t.Helper()
	i := r.start(append(tune, lingering(50*time.Millisecond))...)
	i.waitReady()
	i.evicted(gameID)
	i.service.ForgetFinished()
	return i
}

func TestFinishedGameStreamsTheLogFromAnySeq(t *testing.T) {
	t.Parallel()
	r := newRig(t, lingering(50*time.Millisecond))
	history := &played{games: map[string]time.Time{}}
	made := time.Now()
	id := r.newGame()
	for n, uci := range scholar { // among the events of other games
		other := r.newGame()
		r.play(id, n, uci)
		r.ok("POST", "/v1/games/"+other+"/abort", r.white.token, "")
	}
	history.add(id, made.Add(2*time.Second)) // the clock of another broker
	log := r.log(id)
	r.evicted(id)
	// An instance that held the game remembers it; one that starts later reads it.
	late := r.startAfter(id, finishedIn(history))
	path := "/v1/games/" + id
	for name, i := range map[string]*instance{"held it": r.instance, "started later": late} {
		for seq := range log {
			if got := lines(t, i.openStream(fmt.Sprintf("%s/events?from_seq=%d", path, seq+1), "*/*").Body); !slices.Equal(got, log[seq:]) {
				t.Errorf("%s, from_seq=%d: %s", name, seq+1, strings.Join(got, "\n"))
			}
		}
		if got := i.openStream(path+"/events", "text/event-stream", "Last-Event-ID", fmt.Sprint(len(log))); got.StatusCode != 204 {
			t.Errorf("%s: after the last event: %d", name, got.StatusCode)
		}
		c := i.dial(id, "?from_seq=3")
		if state, _ := c.until("state"); state.Game.ID != id || *state.Game.Watchers != 0 {
			t.Errorf("%s: %+v", name, state)
		}
		if got := c.events(len(log) - 2); !slices.Equal(got, log[2:]) {
			t.Errorf("%s: the socket saw %s", name, strings.Join(got, "\n"))
		}
		if code := c.closed(); code != websocket.StatusNormalClosure {
			t.Errorf("%s: closed with %v", name, code)
		}
	}
	if history.calls == 0 {
		t.Error("history was not asked, so the game was not read from the log")
	}
}

// The row that a game's last records carry has all its events, even if they are far apart
// in the log.
func TestFinishedGameOutOfReachIsStreamedFromItsRow(t *testing.T) {
	t.Parallel()
	r := newRig(t, lingering(time.Second))
	history := &played{games: map[string]time.Time{}, rows: map[string][]byte{}}
	id := r.newGame()
	history.add(id, time.Now())
	r.play(id, 0, scholar...)
	r.ok("POST", "/v1/games/"+id+"/rematch", r.black.token, `{"action":"offer"}`)
	r.ok("POST", "/v1/games/"+id+"/rematch", r.white.token, `{"action":"accept"}`)
	log := r.log(id)
	rows := r.rows(id)
	if len(rows) != 3 {
		t.Fatalf("%d records carry a row", len(rows))
	}
	for _, n := range []int{0, 2} { // the rows after its end and after the rematch
		history.mu.Lock()
		history.rows[id] = rows[n]
		history.mu.Unlock()
		far := r.startAfter(id, finishedIn(history), func(c *livegame.Config) { c.MaxLogBytes = 1000 })
		want := log[:len(log)-2+n]
		got, err := io.ReadAll(far.openStream("/v1/games/"+id+"/events", "*/*").Body)
		if err != nil || string(got) != strings.Join(want, "\n")+"\n" {
			t.Errorf("row %d: %v, not %d events:\n%s", n, err, len(want), got)
		}
	}
	history.rows[id] = []byte("no row")
	r.startAfter(id, finishedIn(history), func(c *livegame.Config) { c.MaxLogBytes = 1000 }).
		refused(404, schemas.CodeGameNotFound, "GET", "/v1/games/"+id+"/events", "", "")
}

func TestUnreadableFinishedGameIsRefused(t *testing.T) {
	t.Parallel()
	r := newRig(t, lingering(50*time.Millisecond))
	history := &played{games: map[string]time.Time{}}
	made := time.Now()
	open, private := r.newGame(), r.newPrivate()
	for _, id := range []string{open, private} {
		history.add(id, made)
		r.ok("POST", "/v1/games/"+id+"/abort", r.white.token, "")
	}
	r.evicted(open)
	late := r.startAfter(open, finishedIn(history))
	late.refused(404, schemas.CodeGameNotFound, "GET", "/v1/games/"+private+"/events", r.person("Stranger").token, "")
	if got := lines(t, late.openStream("/v1/games/"+private+"/events", "*/*", "Authorization", "Bearer "+r.black.token).Body); len(got) != 3 {
		t.Errorf("its player reads %d events", len(got))
	}
	late.refused(404, schemas.CodeGameNotFound, "GET", "/v1/games/"+schemas.NewID()+"/events", "", "")
	history.mu.Lock()
	history.away = true
	history.mu.Unlock()
	late.refused(503, schemas.CodeUnavailable, "GET", "/v1/games/"+open+"/events", "", "")
	history.mu.Lock()
	history.away = false
	history.mu.Unlock()

	far := r.startAfter(open, finishedIn(history), func(c *livegame.Config) { c.MaxLogBytes = 1000 })
	a := far.refused(404, schemas.CodeGameNotFound, "GET", "/v1/games/"+open+"/events", "", "")
	if detail := a.read(t).Detail; !strings.Contains(detail, "too far apart") {
		t.Error(detail)
	}
	alone := r.startAfter(open) // without history
	alone.refused(404, schemas.CodeGameNotFound, "GET", "/v1/games/"+open+"/events", "", "")
}

// Streams and sockets that open during the eviction of a game get the whole game, from
// the held game or from the finished one.
func TestGameIsStreamedWholeWhileItIsEvicted(t *testing.T) {
	t.Parallel()
	history := &played{games: map[string]time.Time{}}
	r := newRig(t, lingering(30*time.Millisecond), finishedIn(history))
	for range 5 {
		id := r.newGame()
		history.add(id, time.Now())
		r.play(id, 0, scholar[:len(scholar)-1]...)
		var clients sync.WaitGroup
		var mu sync.Mutex
		got := map[string]int{} // results of streams and sockets
		note := func(what string) {
			mu.Lock()
			defer mu.Unlock()
			got[what]++
		}
		until := time.Now().Add(300 * time.Millisecond)
		for range 4 {
			clients.Go(func() {
				for time.Now().Before(until) {
					resp := r.openStream("/v1/games/"+id+"/events", "*/*")
					note(fmt.Sprint("stream ", resp.StatusCode, " ", strings.Join(lines(t, resp.Body), "\n")))
				}
			})
			clients.Go(func() {
				for time.Now().Before(until) {
					c, resp, err := r.tryDial(id, "?from_seq=1", nil)
					if err != nil {
						note(fmt.Sprint("socket ", err, resp))
						continue
					}
					var events []string
					for {
						_, text, err := c.conn.Read(c.ctx)
						if err != nil {
							note(fmt.Sprint("socket ", websocket.CloseStatus(err), " ", strings.Join(events, "\n")))
							break
						}
						if event, ok := strings.CutPrefix(string(text), `{"type":"event","event":`); ok {
							events = append(events, strings.TrimSuffix(event, "}"))
						}
					}
				}
			})
		}
		r.play(id, len(scholar)-1, scholar[len(scholar)-1])
		clients.Wait()
		all := strings.Join(r.log(id), "\n")
		for what, n := range got {
			switch what {
			case "stream 200 " + all, "socket StatusNormalClosure " + all:
			case "socket StatusTryAgainLater ": // at the moment of the eviction
			default:
				t.Errorf("%d times: %s", n, what)
			}
		}
	}
}
