package test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"

	"tabiya/internal/client"
	"tabiya/schemas"
)

// White's second move is the first that can be too late, since a side's first
// one is free. The clocks differ, so that there are races at every moment; the lag
// bank is as it is at the start, and of so short games the same (ADR 18).
const (
	racing    = "g1f3"
	racingPly = 3
	leastCs   = 50
	mostCs    = 250
	bankCs    = 3 * 15
	// distance is how long White's packets take to the server and back: more than
	// the bank holds, so that a move is in time up to the fall of the flag.
	distance = time.Second
)

// duel is a game in which White's move races with his flag.
type duel struct {
	race    *race
	players [2]client.Player
	clocks  schemas.TimeControl
	id      string
	conn    *websocket.Conn // White's
	key     string          // of the racing move
	seq     int64           // what White was told of it: its event,
	code    schemas.Code    // or why there is none
	heard   [2][]string     // the events that each side was told
}

// aim is when moves are sent, against the fall of the flag. Each answer moves it
// a little, so that as many come before the flag as behind it, however long a
// command takes on this machine.
type aim struct{ offset atomic.Int64 }

const (
	aimStep   = 500 * time.Microsecond
	aimSpread = 20 * time.Millisecond // on both sides
)

func (a *aim) at(flag time.Time) time.Time {
	return flag.Add(time.Duration(a.offset.Load()) + rand.N(2*aimSpread) - aimSpread)
}

func (a *aim) learn(flagCameFirst bool) {
	if flagCameFirst {
		a.offset.Add(-int64(aimStep))
	} else {
		a.offset.Add(int64(aimStep))
	}
}

func (d *duel) play(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, catchUp)
	defer cancel()
	made, err := d.race.clients[0].CreateGame(ctx, d.race.serviceToken, schemas.NewID(), client.NewGame{
		White: d.players[0].ID, Black: d.players[1].ID, TimeControl: d.clocks,
	})
	if err != nil {
		return err
	}
	d.id = made.ID
	black := make(chan error, 1)
	go func() { black <- d.followBlack(ctx) }()
	if err := d.playWhite(ctx); err != nil {
		return fmt.Errorf("white: %w", err)
	}
	if err := <-black; err != nil {
		return fmt.Errorf("black: %w", err)
	}
	return nil
}

// followBlack reads the game's stream to its end. Black moves once.
func (d *duel) followBlack(ctx context.Context) error {
	if _, err := d.race.clients[1].WaitForGame(ctx, d.id); err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, d.race.urls[1]+"/v1/games/"+d.id+"/events", nil)
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Bearer "+d.players[1].Token)
	stream, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		return err
	}
	defer stream.Body.Close()
	for lines := bufio.NewScanner(stream.Body); lines.Scan(); {
		if lines.Text() == "" {
			continue
		}
		ev, err := d.hear(1, lines.Bytes())
		if err != nil || ev.Type.Terminal() {
			return err
		}
		if move, ok := ev.Payload.(*schemas.MoveMadePayload); ok && move.Ply == 1 {
			if _, err := d.race.clients[1].Move(ctx, d.players[1], d.id, schemas.NewID(), "e7e5", 2); err != nil {
				return err
			}
		}
	}
	return errors.New("the stream ended before the game")
}

func (d *duel) hear(side int, event []byte) (schemas.Event, error) {
	d.heard[side] = append(d.heard[side], string(event))
	return schemas.DecodeEvent(event)
}
