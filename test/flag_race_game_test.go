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

const (
	// The racing move is White's second, the first that can be too late, since the first
	// move of each side costs no time. The clocks differ, so that races happen at all times.
	// The lag bank is that of the start, and does not fill up in so short a game (ADR 18).
	racing    = "g1f3"
	racingPly = 3
	leastCs   = 50
	mostCs    = 250
	bankCs    = 3 * 15
	// whiteLatency is the delay of White's packets in one direction, pongs included. It is
	// more than the lag bank holds, so a move is in time until the flag falls; and less than
	// the shortest clock and the bank, so that there is time to move.
	whiteLatency = 600 * time.Millisecond
)

// raceGame is a game in which White's move races against White's flag.
type raceGame struct {
	race    *race
	players [2]client.Player
	clocks  schemas.TimeControl
	id      string
	conn    *websocket.Conn // White's
	key     string          // idempotency key of the racing move
	seq     int64           // White's answer: the seq of the racing move's event,
	code    schemas.Code    // or the code of its refusal
	events  [2][]string     // that each side received
}

// aim decides when moves are sent, relative to the fall of the flag. Each answer shifts
// it a little, so that the move and the flag come first equally often, however long a
// command takes on this machine.
type aim struct{ offset atomic.Int64 }

const (
	aimStep   = 500 * time.Microsecond
	aimSpread = 20 * time.Millisecond // before and after
)

func (a *aim) sendTime(flag time.Time) time.Time {
	return flag.Add(time.Duration(a.offset.Load()) + rand.N(2*aimSpread) - aimSpread)
}

func (a *aim) adjust(flagCameFirst bool) {
	if flagCameFirst {
		a.offset.Add(-int64(aimStep))
	} else {
		a.offset.Add(int64(aimStep))
	}
}

func (d *raceGame) play(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, sinkTimeout)
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

// followBlack reads the game's stream to its end and plays Black's one move.
func (d *raceGame) followBlack(ctx context.Context) error {
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
		ev, err := d.decodeEvent(1, lines.Bytes())
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

func (d *raceGame) decodeEvent(side int, event []byte) (schemas.Event, error) {
	d.events[side] = append(d.events[side], string(event))
	return schemas.DecodeEvent(event)
}
