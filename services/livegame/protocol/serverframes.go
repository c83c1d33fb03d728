package protocol

import (
	"encoding/json"
	"strconv"

	"tabiya/schemas"
	"tabiya/services/livegame/outbox"
)

// TypeTV is the type of the frame with the game that a TV channel shows now.
const TypeTV = "tv"

// serverFrame is any frame to a client but an event, ack or watchers frame.
type serverFrame struct {
	Type         string       `json:"type"`
	ClientMoveID string       `json:"clientMoveId,omitempty"`
	Code         schemas.Code `json:"code,omitempty"`
	Detail       string       `json:"detail,omitempty"`
	Game         *Game        `json:"game,omitempty"`
	LagCs        *int64       `json:"lagCs,omitempty"`
	Now          schemas.Time `json:"now,omitempty"`
}

func (f serverFrame) item() outbox.Item {
	text, err := json.Marshal(f)
	if err != nil {
		panic(err) // strings and numbers always encode
	}
	return outbox.TextItem(text)
}

// StateFrame is the first frame of a socket, with the game's present state.
func StateFrame(g Game) outbox.Item { return serverFrame{Type: "state", Game: &g}.item() }

// TVFrame has the game that a TV channel shows now; g is nil if it shows none.
func TVFrame(g *Game) outbox.Item { return serverFrame{Type: TypeTV, Game: g}.item() }

// PongFrame answers a ping frame. lagCs is the round trip that the server measured, in
// centiseconds; nil before the first sample. now is the server's time, by which an app
// shows running clocks.
func PongFrame(lagCs *int64, now schemas.Time) outbox.Item {
	return serverFrame{Type: "pong", LagCs: lagCs, Now: now}.item()
}

// ErrorFrame answers a frame that no ack or refused frame answers; see Answers to
// frames in the package documentation.
func ErrorFrame(code schemas.Code, detail string) outbox.Item {
	return serverFrame{Type: "error", Code: code, Detail: detail}.item()
}

// RefusedFrame answers a command that was refused.
func RefusedFrame(clientMoveID string, code schemas.Code, detail string) outbox.Item {
	return serverFrame{Type: "refused", ClientMoveID: clientMoveID, Code: code, Detail: detail}.item()
}

// AckFrame answers a command that was accepted. seq is the seq of its event. The frame
// is encoded by hand for speed, because there is one for each move.
func AckFrame(clientMoveID string, seq int64) outbox.Item {
	var buf [128]byte
	text := append(buf[:0], `{"type":"ack"`...)
	if clientMoveID != "" {
		id, err := json.Marshal(clientMoveID) // it may hold a quote
		if err != nil {
			panic(err) // a string always encodes
		}
		text = append(append(text, `,"clientMoveId":`...), id...)
	}
	text = append(text, `,"seq":`...)
	text = strconv.AppendInt(text, seq, 10)
	return outbox.TextItem(append(text, '}'))
}
