package test

import (
	"errors"
	"io"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tabiya/internal/client"
	"tabiya/internal/core/pgn"
	"tabiya/internal/core/rules"
	"tabiya/internal/gamestest"
	"tabiya/schemas"
)

// outOfTurnPlayers plays real games in which players also move out of turn. Whether such
// a move is refused or accepted depends on timing; the log must agree with the answer.
type outOfTurnPlayers struct {
	client *client.Client

	mu       sync.Mutex
	accepted map[string]string // description of the move by command id
	refused  map[string]string
}

func newOutOfTurnPlayers(url string) *outOfTurnPlayers {
	return &outOfTurnPlayers{
		client:   client.New(client.Config{URL: url, Patience: 4 * time.Minute, Connections: 16}),
		accepted: map[string]string{}, refused: map[string]string{},
	}
}

// until plays the games of the sample again and again, a few at a time, until
// stop is closed.
func (h *outOfTurnPlayers) until(t testing.TB, stop <-chan struct{}, serviceToken string) {
	t.Helper()
	games := sampleMoves(t)
	var next atomic.Int64
	var playing sync.WaitGroup
	for range 4 {
		playing.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				moves := games[int(next.Add(1)-1)%len(games)]
				h.play(t, moves[:min(30, len(moves))], serviceToken)
			}
		})
	}
	playing.Wait()
}

// sampleMoves reads the moves of the sample's games from the usual position.
func sampleMoves(t testing.TB) [][]string {
	t.Helper()
	var games [][]string
	for r := pgn.NewReader(gamestest.Sample.Open(t)); ; {
		g, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if g.StartFEN == rules.StartFEN {
			games = append(games, g.Moves)
		}
	}
	if want := gamestest.Sample.Games - gamestest.Sample.SetUp; len(games) != want {
		t.Fatalf("%d games from the usual position, want %d", len(games), want)
	}
	return games
}

func (h *outOfTurnPlayers) play(t testing.TB, moves []string, serviceToken string) {
	t.Helper()
	var players [2]client.Player
	for i := range players {
		var err error
		handle := "h-" + schemas.NewID()[18:]
		if players[i], err = h.client.Register(t.Context(), handle, client.Registration{Handle: handle[:18], Password: "correct horse battery"}); err != nil {
			t.Error(err)
			return
		}
	}
	made, err := h.client.CreateGame(t.Context(), serviceToken, schemas.NewID(), client.NewGame{
		White: players[0].ID, Black: players[1].ID, TimeControl: schemas.TimeControl{InitialCs: 60 * 6000},
	})
	if err != nil {
		t.Error(err)
		return
	}
	for i := 0; i < len(moves); i++ {
		early := make(chan bool, 1)
		if i+1 < len(moves) && rand.IntN(3) == 0 {
			go func() { early <- h.move(t, players[(i+1)%2], made.ID, moves[i+1]) }()
		} else {
			early <- false
		}
		on := h.move(t, players[i%2], made.ID, moves[i])
		if !on {
			return // the game is over, or was aborted since a kill delayed its first move
		}
		if <-early {
			i++
		}
	}
}

// move plays a move without a ply number and records the answer.
func (h *outOfTurnPlayers) move(t testing.TB, p client.Player, gameID, uci string) bool {
	key := schemas.NewID()
	_, err := h.client.Move(t.Context(), p, gameID, key, uci, 0)
	var no *client.Problem
	id := schemas.GameCommandID(gameID, schemas.CommandID(p.ID, key))
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case err == nil:
		h.accepted[id] = uci + " in " + gameID
	case errors.As(err, &no) && no.Status < 500:
		h.refused[id] = uci + " in " + gameID + ": " + string(no.Code)
	default:
		t.Errorf("move %s in %s: %v", uci, gameID, err)
	}
	return err == nil
}

// check verifies that every accepted move is in the log once and no refused move is.
func (h *outOfTurnPlayers) check(t testing.TB, log eventLog) {
	t.Helper()
	h.mu.Lock()
	defer h.mu.Unlock()
	events := map[string]int{}
	for _, r := range log {
		if r.Type == schemas.MoveMade {
			events[r.CommandID]++
		}
	}
	for id, what := range h.accepted {
		if events[id] != 1 {
			t.Errorf("accepted move %s is in the log %d times", what, events[id])
		}
	}
	for id, what := range h.refused {
		if events[id] != 0 {
			t.Errorf("refused move %s is in the log %d times", what, events[id])
		}
	}
	if len(h.accepted) == 0 || len(h.refused) == 0 {
		t.Errorf("%d moves accepted and %d refused: the test needs both", len(h.accepted), len(h.refused))
	}
	t.Logf("out-of-turn players: %d moves accepted, %d refused", len(h.accepted), len(h.refused))
}
