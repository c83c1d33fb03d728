package abuse

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/coder/websocket"

	"tabiya/internal/client"
	"tabiya/internal/gamestest"
)

// honestGame is a game of two players who move all the time, each over a socket.
type honestGame struct {
	t       *testing.T
	p       *platform
	players [2]client.Player
	moves   []string

	id    string
	conns [2]*websocket.Conn
	ply   int
}

const (
	// pliesOfGame is how long a game lasts; then another begins.
	pliesOfGame = 500
	// moveEvery is the honest players' pace.
	moveEvery = 20 * time.Millisecond
	// answerLimit is how long a move may take. Only a test that fails waits that long.
	answerLimit = 20 * time.Second
)

// honestGame registers two players and begins their first game.
func (p *platform) honestGame(t *testing.T) *honestGame {
	t.Helper()
	h := &honestGame{t: t, p: p, moves: gamestest.QuietGame(pliesOfGame, 2)}
	for side := range h.players {
		var err error
		if h.players[side], err = register(t.Context(), p.api, "honest"); err != nil {
			t.Fatal(err)
		}
	}
	h.begin()
	t.Cleanup(func() {
		for _, conn := range h.conns {
			_ = conn.CloseNow()
		}
	})
	return h
}

// begin begins another game.
func (h *honestGame) begin() {
	h.t.Helper()
	var err error
	if h.id, err = newGame(h.t.Context(), h.p.api, h.p.ServiceToken, h.players[0], h.players[1]); err != nil {
		h.t.Fatal(err)
	}
	h.ply = 0
	for side := range h.players {
		h.connect(side)
	}
}

// connect opens a player's socket, or opens it again. It fails if the player is not
// admitted at once.
func (h *honestGame) connect(side int) {
	h.t.Helper()
	if old := h.conns[side]; old != nil {
		_ = old.CloseNow()
	}
	conn, _, err := websocket.Dial(h.t.Context(), h.p.URL+"/v1/games/"+h.id+"/socket",
		&websocket.DialOptions{HTTPHeader: http.Header{"Authorization": {"Bearer " + h.players[side].Token}}})
	if err != nil {
		h.t.Fatalf("an honest player is not admitted: %v", err)
	}
	conn.SetReadLimit(1 << 20)
	h.conns[side] = conn
}

// move plays the next ply and returns how long it took until the mover had the answer.
func (h *honestGame) move() time.Duration {
	h.t.Helper()
	if h.ply == len(h.moves) {
		h.begin()
	}
	ctx, cancel := context.WithTimeout(h.t.Context(), answerLimit)
	defer cancel()
	conn, id := h.conns[h.ply%2], fmt.Sprint(h.ply)
	start := time.Now()
	frame := fmt.Sprintf(`{"type":"move","uci":%q,"ply":%d,"clientMoveId":%q}`, h.moves[h.ply], h.ply+1, id)
	if err := conn.Write(ctx, websocket.MessageText, []byte(frame)); err != nil {
		h.t.Fatalf("ply %d: %v", h.ply+1, err)
	}
	for {
		_, text, err := conn.Read(ctx)
		if err != nil {
			h.t.Fatalf("ply %d has no answer after %s: %v", h.ply+1, time.Since(start), err)
		}
		var f struct{ Type, ClientMoveID, Code, Detail string }
		if err := json.Unmarshal(text, &f); err != nil {
			h.t.Fatal(err)
		}
		if f.ClientMoveID != id || (f.Type != "ack" && f.Type != "refused") {
			continue
		}
		if f.Type == "refused" {
			h.t.Fatalf("ply %d was refused: %s %s", h.ply+1, f.Code, f.Detail)
		}
		h.ply++
		return time.Since(start)
	}
}

// play moves for a while and returns what the moves took.
func (h *honestGame) play(d time.Duration) (took latencies) {
	h.t.Helper()
	for end := time.Now().Add(d); time.Now().Before(end); {
		due := time.Now().Add(moveEvery)
		took = append(took, h.move())
		time.Sleep(time.Until(due))
	}
	return took
}

// stillPlays fails the test if the game is over or a player counts as gone.
func (h *honestGame) stillPlays() {
	h.t.Helper()
	var game struct {
		Status       string
		White, Black struct{ GoneSince string }
	}
	err := h.p.api.Do(h.t.Context(), client.Request{Method: http.MethodGet, Path: "/v1/games/" + h.id}, &game)
	if err != nil || game.Status == "over" || game.White.GoneSince+game.Black.GoneSince != "" {
		h.t.Fatalf("the honest game: %+v, %v", game, err)
	}
}

// latencies of moves.
type latencies []time.Duration

func (l latencies) p99() time.Duration {
	sorted := slices.Sorted(slices.Values(l))
	return sorted[len(sorted)*99/100]
}

// judged reports whether the speed of the honest moves decides the test. It needs a
// machine on which nothing else runs: make abuse.
func judged() bool { return os.Getenv("TABIYA_TEST_ABUSE") == "judge" }

const (
	// rounds without and with the attack, in turns: the machine's speed changes.
	rounds     = 5
	roundTakes = 1500 * time.Millisecond
	// mostSlower is how much slower the honest moves may be.
	mostSlower = 3
	// attempts allow for moments in which the machine did something else.
	attempts = 3
)

// withstands plays the honest game in turns without and with the attack, and compares
// the p99 of its moves, which decides only if judged. during, if not nil, is called in each
// round of the attack.
func (h *honestGame) withstands(name string, during func()) {
	h.t.Helper()
	a := h.p.startAttack(h.t, name, h.id)
	var ratio float64
	for range attempts {
		var quiet, attacked latencies
		for range rounds {
			quiet = append(quiet, h.play(roundTakes)...)
			a.during(func() {
				attacked = append(attacked, h.play(roundTakes)...)
				if during != nil {
					during()
				}
				h.stillPlays()
			})
		}
		ratio = float64(attacked.p99()) / float64(quiet.p99())
		h.t.Logf("p99 %s without and %s with the attack (%d and %d moves): %.1f times", quiet.p99(), attacked.p99(), len(quiet), len(attacked), ratio)
		if ratio <= mostSlower || !judged() {
			return
		}
	}
	h.t.Errorf("%s made honest moves %.1f times slower, more than %d", name, ratio, mostSlower)
}
