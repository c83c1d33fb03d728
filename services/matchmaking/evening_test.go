package matchmaking

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tabiya/internal/core/queue"
	"tabiya/schemas"
	"tabiya/services/matchmaking/subscriptions"
)

// An evening on two instances of the service: players join, vanish, come back, do not
// begin their games, agree on rematches, join elsewhere meanwhile, and open two tabs;
// instances die. What it led to is judged by the log, in evening_log_test.go.
//
// TABIYA_TEST_EVENING is the number of players of `make evening`, which lasts three
// minutes; by default it is a short one.
func TestEvening(t *testing.T) {
	t.Parallel()
	size, length := 40, 9*time.Second
	if n, err := strconv.Atoi(os.Getenv("TABIYA_TEST_EVENING")); err == nil {
		size, length = n, 3*time.Minute
	}
	e := &evening{
		rig:   newRigOf(t, queue.Config{WaveInterval: 200 * time.Millisecond, Dormancy: 20 * time.Second}),
		long:  length > time.Minute,
		until: time.Now().Add(length), heard: map[string][]presence{}, driven: map[string]bool{},
	}
	e.games()
	e.urls.Store(&[]string{e.server.URL, e.start().server.URL})
	var players sync.WaitGroup
	for n := range size {
		p := e.register(fmt.Sprint("guest-", n))
		e.accounts = append(e.accounts, p)
		g := &guest{evening: e, account: p, rng: rand.New(rand.NewPCG(uint64(n), 1)), told: make(chan subscriptions.Notification, 1000)}
		players.Go(g.spend)
	}
	for time.Until(e.until) > 0 {
		time.Sleep(time.Until(e.until) / 3)
		dying := e.start()
		e.urls.Store(&[]string{e.server.URL, dying.server.URL})
		time.Sleep(min(time.Until(e.until)/3, 20*time.Second))
		e.urls.Store(&[]string{e.server.URL})
		dying.stop()
		if time.Until(e.until) < 4*time.Second {
			break
		}
	}
	players.Wait()
	e.judge()
}

type evening struct {
	*rig
	long     bool
	until    time.Time
	urls     atomic.Pointer[[]string] // of the instances that live
	accounts []account

	mu     sync.Mutex
	heard  map[string][]presence
	driven map[string]bool // games whose moves were sent
}

// presence is a time in which a player gave signs of life. to is zero while it lasts.
type presence struct{ from, to time.Time }

// present notes that a player is here until the returned function is called.
func (e *evening) present(id string) (end func()) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.heard[id] = append(e.heard[id], presence{from: time.Now()})
	n := len(e.heard[id]) - 1
	return func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		e.heard[id][n].to = time.Now()
	}
}

// guest is a player of the evening.
type guest struct {
	*evening
	account
	rng  *rand.Rand
	told chan subscriptions.Notification // by all of their tabs
	tabs []func()
}

func (g *guest) spend() {
	defer g.close()
	g.open()
	g.join("3+2")
	for time.Until(g.until) > 0 {
		select {
		case n := <-g.told:
			g.react(n)
		case <-time.After(time.Duration(200+g.rng.IntN(1500)) * time.Millisecond):
			g.roam()
		}
	}
}

// roam is what a guest does while nothing happens.
func (g *guest) roam() {
	away := time.Duration(g.rng.IntN(3000)) * time.Millisecond
	if g.long && g.rng.IntN(4) == 0 {
		away = time.Duration(g.rng.IntN(40)) * time.Second
	}
	switch g.rng.IntN(5) {
	case 0: // vanishes, and comes back
		g.close()
		time.Sleep(min(away, time.Until(g.until)))
		g.open()
	case 1: // a second tab
		g.openTab()
	default: // a sign of life of a client that polls; a first join if it is idle
		g.join("3+2")
	}
}

// react is what a guest does when they are told something.
func (g *guest) react(n subscriptions.Notification) {
	switch n.Type {
	case subscriptions.TypeState:
		if n.Seat.Status == "playing" && n.Seat.Board != nil {
			g.play(n.Seat.GameID, n.Seat.Color, n.Seat.Opponent.PlayerID)
		}
	case subscriptions.TypeGameStarted:
		g.play(n.GameID, n.Color, n.Opponent.PlayerID)
	case subscriptions.TypeGameOver:
		if fate(n.GameID, 5) == 0 && n.Color == schemas.Black { // leaves a rematch for another queue
			g.join("5+0")
			time.Sleep(50 * time.Millisecond)
			g.send1(n.GameID, schemas.OfferRematch, g.id, nil)
		}
		if n.Color == schemas.White && fate(n.GameID, 2) == 0 {
			time.Sleep(50 * time.Millisecond)
			g.send1(n.GameID, schemas.OfferRematch, g.id, nil)
			g.send1(n.GameID, schemas.AcceptRematch, n.Opponent.PlayerID, nil)
		}
	}
}

// fate is a number below n that all who know the game agree on.
func fate(gameID string, n int) int {
	last, _ := strconv.ParseUint(gameID[len(gameID)-6:], 16, 64)
	return int(last) % n
}

// play plays two plies for both sides, then one of them resigns. Some do not show up.
func (g *guest) play(gameID string, color schemas.Color, opponent string) {
	if color != schemas.White || g.long && fate(gameID, 12) == 7 {
		return
	}
	g.mu.Lock()
	again := g.driven[gameID]
	g.driven[gameID] = true
	g.mu.Unlock()
	if again {
		return
	}
	g.send1(gameID, schemas.PlayMove, g.id, &schemas.PlayMovePayload{UCI: "e2e4"})
	g.send1(gameID, schemas.PlayMove, opponent, &schemas.PlayMovePayload{UCI: "e7e5"})
	loser := []string{g.id, opponent}[fate(gameID, 3)%2]
	g.send1(gameID, schemas.Resign, loser, nil)
}

func (g *guest) send1(key string, t schemas.CommandType, actor string, payload any) {
	cmd := schemas.Command{ID: schemas.NewID(), Type: t, Key: key, Region: "eu", Actor: actor, Payload: payload}
	if err := g.producer.Send(context.Background(), cmd); err != nil {
		g.t.Errorf("send %s: %v", t, err)
	}
}

func (g *guest) url() string {
	urls := *g.urls.Load()
	return urls[g.rng.IntN(len(urls))]
}

// join asks for a game. A refusal is as good as an answer: the guest waits or plays.
func (g *guest) join(pool string) {
	end := g.present(g.id)
	defer end()
	req, err := http.NewRequestWithContext(g.t.Context(), http.MethodPost, g.url()+"/v1/queues/"+pool+"/join", strings.NewReader(""))
	if err != nil {
		g.t.Error(err)
		return
	}
	req.Header.Set("Authorization", "Bearer "+g.token)
	if resp, err := http.DefaultClient.Do(req); err == nil {
		_, _ = io.Copy(io.Discard, resp.Body)
		_ = resp.Body.Close()
	}
}

func (g *guest) open() {
	g.openTab()
	if g.rng.IntN(4) == 0 {
		g.openTab()
	}
}

// openTab opens a stream, unless there are many.
func (g *guest) openTab() {
	if len(g.tabs) >= 3 {
		return
	}
	ctx, cancel := context.WithCancel(g.t.Context())
	url, end, closed := g.url(), g.present(g.id), make(chan struct{})
	go func() {
		defer close(closed)
		defer end()
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/v1/me/events", nil)
		if err != nil {
			return
		}
		req.Header.Set("Authorization", "Bearer "+g.token)
		req.Header.Set("Accept", mediaNDJSON)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			return
		}
		defer resp.Body.Close()
		for lines := bufio.NewScanner(resp.Body); lines.Scan(); {
			var n subscriptions.Notification
			if len(lines.Bytes()) == 0 || json.Unmarshal(lines.Bytes(), &n) != nil {
				continue
			}
			select {
			case g.told <- n:
			default: // a guest who is away reads nothing
			}
		}
	}()
	g.tabs = append(g.tabs, func() {
		cancel()
		<-closed
	})
}

func (g *guest) close() {
	for _, tab := range g.tabs {
		tab()
	}
	g.tabs = nil
}
