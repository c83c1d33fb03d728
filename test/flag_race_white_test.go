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

// whiteFrame is a frame that the server sends to White.
type whiteFrame struct {
	Type, ClientMoveID string
	Code               schemas.Code
	Seq                int64
	LagCs              *int64 // nil before the first measure
	Event              json.RawMessage
}

// playWhite plays the racing move and reads the socket until the game is over.
func (d *raceGame) playWhite(ctx context.Context) error {
	url := strings.Replace(d.race.urls[0], "http", "ws", 1) + "/v1/games/" + d.id + "/socket?from_seq=1"
	conn, _, err := websocket.Dial(ctx, url, &websocket.DialOptions{
		HTTPClient: throughDelay(whiteLatency),
		// Behind a gateway: what TCP knows of a direct connection bounds its lag, and on
		// loopback that is nothing.
		HTTPHeader: http.Header{"Authorization": {"Bearer " + d.players[0].Token}, "X-Forwarded-For": {"127.0.0.9"}},
	})
	if err != nil {
		return err
	}
	defer conn.CloseNow()
	d.conn = conn
	if err := d.send(ctx, `{"type":"ping"}`); err != nil {
		return err
	}
	over := false
	return d.frames(ctx, func(f whiteFrame) (done bool, err error) {
		switch f.Type {
		case "pong":
			switch {
			case f.LagCs == nil:
				err = d.send(ctx, `{"type":"ping"}`)
			case *f.LagCs < bankCs:
				err = fmt.Errorf("the server measured a lag of %d cs with a latency of %s", *f.LagCs, whiteLatency)
			default:
				err = d.move(ctx, "first", "e2e4", 1)
			}
		case "error":
			err = errors.New(string(f.Code))
		case "ack", "refused":
			err = d.answered(ctx, f)
		case "event":
			var ev schemas.Event
			if ev, err = d.decodeEvent(0, f.Event); err != nil {
				return false, err
			}
			over = over || ev.Type.Terminal()
			if move, ok := ev.Payload.(*schemas.MoveMadePayload); ok && move.Ply == racingPly-1 {
				err = d.sendRacingMove(ctx, timeAfter(move, bankCs).Std())
			}
		}
		return over && (d.seq > 0 || d.code != ""), err
	})
}

// sendRacingMove sends the racing move so that it arrives as the flag falls.
func (d *raceGame) sendRacingMove(ctx context.Context, flag time.Time) error {
	<-time.After(time.Until(d.race.aim.sendTime(flag).Add(-whiteLatency)))
	d.race.sent <- struct{}{}
	return d.move(ctx, d.key, racing, racingPly)
}

// answered handles the answer to one of White's moves. If the outcome is unknown, it
// sends the move again.
func (d *raceGame) answered(ctx context.Context, f whiteFrame) error {
	uci, ply := "e2e4", 1
	if f.ClientMoveID == d.key {
		uci, ply = racing, racingPly
	}
	switch {
	case slices.Contains([]schemas.Code{schemas.CodeOutcomeUnknown, schemas.CodeUnavailable, schemas.CodeRateLimited}, f.Code):
		<-time.After(50 * time.Millisecond)
		return d.move(ctx, f.ClientMoveID, uci, ply)
	case ply == racingPly:
		d.seq, d.code = f.Seq, f.Code
		d.race.aim.adjust(f.Code != "")
	case f.Code != "":
		return fmt.Errorf("%s was refused: %s", uci, f.Code)
	}
	return nil
}

func (d *raceGame) move(ctx context.Context, id, uci string, ply int) error {
	return d.send(ctx, fmt.Sprintf(`{"type":"move","uci":%q,"ply":%d,"clientMoveId":%q}`, uci, ply, id))
}

func (d *raceGame) send(ctx context.Context, frame string) error {
	return d.conn.Write(ctx, websocket.MessageText, []byte(frame))
}

// frames calls handle for each frame until it returns true.
func (d *raceGame) frames(ctx context.Context, handle func(whiteFrame) (done bool, err error)) error {
	for {
		_, text, err := d.conn.Read(ctx)
		if err != nil {
			return err
		}
		var f whiteFrame
		if err := json.Unmarshal(text, &f); err != nil {
			return fmt.Errorf("decode %s: %w", text, err)
		}
		if done, err := handle(f); done || err != nil {
			return err
		}
	}
}
