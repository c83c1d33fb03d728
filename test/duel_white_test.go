package test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/coder/websocket"

	"tabiya/schemas"
)

// duelFrame is what White's socket says.
type duelFrame struct {
	Type, ClientMoveID string
	Code               schemas.Code
	Seq                int64
	LagCs              *int64 // nil before the first measure
	Event              json.RawMessage
}

// playWhite races, and hears the game to its end.
func (d *duel) playWhite(ctx context.Context) error {
	url := strings.Replace(d.race.urls[0], "http", "ws", 1) + "/v1/games/" + d.id + "/socket?from_seq=1"
	conn, _, err := websocket.Dial(ctx, url, &websocket.DialOptions{HTTPHeader: http.Header{"Authorization": {"Bearer " + d.players[0].Token}}})
	if err != nil {
		return err
	}
	defer conn.CloseNow()
	d.conn = conn
	<-time.After(distance) // the server's ping waits for its pong
	if err := d.say(ctx, `{"type":"ping"}`); err != nil {
		return err
	}
	over := false
	return d.frames(ctx, func(f duelFrame) (done bool, err error) {
		switch f.Type {
		case "pong":
			switch {
			case f.LagCs == nil:
				err = d.say(ctx, `{"type":"ping"}`)
			case *f.LagCs < bankCs:
				err = fmt.Errorf("a lag of %d cs was measured, of %s", *f.LagCs, distance)
			default:
				err = d.move(ctx, "first", "e2e4", 1)
			}
		case "error":
			err = errors.New(string(f.Code))
		case "ack", "refused":
			err = d.answered(ctx, f)
		case "event":
			var ev schemas.Event
			if ev, err = d.hear(0, f.Event); err != nil {
				return false, err
			}
			over = over || ev.Type.Terminal()
			if move, ok := ev.Payload.(*schemas.MoveMadePayload); ok && move.Ply == racingPly-1 {
				err = d.shoot(ctx, timeAfter(move, bankCs).Std())
			}
		}
		return over && (d.seq > 0 || d.code != ""), err
	})
}

// shoot sends the racing move in the moment in which the flag falls.
func (d *duel) shoot(ctx context.Context, flag time.Time) error {
	<-time.After(time.Until(d.race.aim.at(flag)))
	d.race.sent <- struct{}{}
	return d.move(ctx, d.key, racing, racingPly)
}

// answered takes the answer to one of White's moves. One that says nothing of
// the move is no answer: he asks again.
func (d *duel) answered(ctx context.Context, f duelFrame) error {
	uci, ply := "e2e4", 1
	if f.ClientMoveID == d.key {
		uci, ply = racing, racingPly
	}
	switch {
	case slices.Contains([]schemas.Code{schemas.CodeOutcomeUnknown, schemas.CodeUnavailable}, f.Code):
		<-time.After(50 * time.Millisecond)
		return d.move(ctx, f.ClientMoveID, uci, ply)
	case ply == racingPly:
		d.seq, d.code = f.Seq, f.Code
		d.race.aim.learn(f.Code != "")
	case f.Code != "":
		return fmt.Errorf("%s was refused: %s", uci, f.Code)
	}
	return nil
}

func (d *duel) move(ctx context.Context, id, uci string, ply int) error {
	return d.say(ctx, fmt.Sprintf(`{"type":"move","uci":%q,"ply":%d,"clientMoveId":%q}`, uci, ply, id))
}

func (d *duel) say(ctx context.Context, frame string) error {
	return d.conn.Write(ctx, websocket.MessageText, []byte(frame))
}

// frames calls hear for each frame until it is done.
func (d *duel) frames(ctx context.Context, hear func(duelFrame) (done bool, err error)) error {
	for {
		_, text, err := d.conn.Read(ctx)
		if err != nil {
			return err
		}
		var f duelFrame
		if err := json.Unmarshal(text, &f); err != nil {
			return fmt.Errorf("decode %s: %w", text, err)
		}
		if done, err := hear(f); done || err != nil {
			return err
		}
	}
}
