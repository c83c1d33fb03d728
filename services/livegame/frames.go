package livegame

import (
	"encoding/json"
	"fmt"
	"strconv"

	"tabiya/internal/httpx"
	"tabiya/schemas"
)

// maxFrame is the longest frame a client may send, in bytes.
const maxFrame = 4 << 10

// clientFrame is all that a client can say. A field that the type does not have
// is refused.
type clientFrame struct {
	Type         string  `json:"type"`
	UCI          *string `json:"uci"`
	Ply          *int    `json:"ply"`
	Lag          *int64  `json:"lag"` // centiseconds, as the client sees it
	Action       *string `json:"action"`
	As           *string `json:"as"` // what a claim asks for
	ClientMoveID string  `json:"clientMoveId"`
}

// Types of a client's frames.
const (
	frameMove     = "move"
	frameResign   = "resign"
	frameAbort    = "abort"
	frameDraw     = "draw"
	frameTakeback = "takeback"
	frameTime     = "time"
	frameRematch  = "rematch"
	frameClaim    = "claim"
	frameLeave    = "leave"
	framePing     = "ping"
)

// parseFrame reads a frame. Any bytes at all give a frame or a code with a detail;
// one that is no good has its clientMoveId alone, where that is to be found.
func parseFrame(text []byte) (f clientFrame, code schemas.Code, detail string) {
	if code, err := httpx.DecodeStrict(text, &f); err != nil {
		return named(text), code, err.Error()
	}
	if code, detail := f.check(); code != "" {
		return named(text), code, detail
	}
	return f, "", ""
}

// named is the clientMoveId of a frame that is no good otherwise.
func named(text []byte) clientFrame {
	var f struct {
		ClientMoveID string `json:"clientMoveId"`
	}
	if json.Unmarshal(text, &f) != nil || !httpx.ValidIdempotencyKey(f.ClientMoveID) {
		return clientFrame{}
	}
	return clientFrame{ClientMoveID: f.ClientMoveID}
}

// check refuses a field that the frame's type does not have.
func (f clientFrame) check() (schemas.Code, string) {
	switch {
	case f.ClientMoveID != "" && !httpx.ValidIdempotencyKey(f.ClientMoveID):
		return schemas.CodeInvalidIdempotency, "clientMoveId: 1 to " + strconv.Itoa(httpx.MaxIdempotencyKey) + " visible ASCII characters"
	case f.Type != frameMove && (f.UCI != nil || f.Ply != nil || f.Lag != nil):
		return schemas.CodeInvalidField, "uci, ply and lag go with a move"
	case f.Lag != nil && *f.Lag < 0:
		return schemas.CodeInvalidField, "lag: centiseconds, from 0"
	case f.Type != frameDraw && f.Type != frameTakeback && f.Type != frameRematch && f.Action != nil:
		return schemas.CodeInvalidField, "action goes with a draw, a takeback or a rematch"
	case f.Type != frameClaim && f.As != nil:
		return schemas.CodeInvalidField, "as goes with a claim"
	}
	switch f.Type {
	case frameMove, frameResign, frameAbort, frameDraw, frameTakeback, frameTime, frameRematch, frameClaim, frameLeave, framePing:
		return "", ""
	}
	return schemas.CodeInvalidField, "type: move, resign, abort, draw, takeback, time, rematch, claim, leave or ping"
}

// intent is what the frame asks for, of any type but leave and ping.
func (f clientFrame) intent() (intent, schemas.Code, string) {
	switch f.Type {
	case frameMove:
		return moveBody{orZero(f.UCI), orZero(f.Ply)}.intent()
	case frameDraw:
		return drawBody{orZero(f.Action)}.intent()
	case frameTakeback:
		return takebackBody{orZero(f.Action)}.intent()
	case frameRematch:
		return rematchBody{orZero(f.Action)}.intent()
	case frameClaim:
		return claimBody{orZero(f.As)}.intent()
	case frameTime:
		return intent{kind: schemas.AddTime}, "", ""
	case frameResign:
		return intent{kind: schemas.Resign}, "", ""
	default:
		return intent{kind: schemas.AbortGame}, "", ""
	}
}

func orZero[T any](p *T) T {
	if p == nil {
		var zero T
		return zero
	}
	return *p
}

// serverFrame is what the server says besides events and acks.
type serverFrame struct {
	Type         string       `json:"type"`
	ClientMoveID string       `json:"clientMoveId,omitempty"`
	Code         schemas.Code `json:"code,omitempty"`
	Detail       string       `json:"detail,omitempty"`
	Game         *gameView    `json:"game,omitempty"`
	LagCs        *int64       `json:"lagCs,omitempty"`
}

func (f serverFrame) item() item {
	text, err := json.Marshal(f)
	if err != nil {
		panic(err) // strings and numbers always encode
	}
	return textItem(text)
}

func stateFrame(v gameView) item {
	return serverFrame{Type: "state", Game: &v}.item()
}

// Types of frames that streams have as well, as named events.
const (
	typeWatchers = "watchers"
	typeTV       = "tv"
)

func watchersFrame(count int) item {
	return textItem(fmt.Appendf(nil, `{"type":%q,"count":%d}`, typeWatchers, count))
}

func errorFrame(code schemas.Code, detail string) item {
	return serverFrame{Type: "error", Code: code, Detail: detail}.item()
}

func refusedFrame(clientMoveID string, code schemas.Code, detail string) item {
	return serverFrame{Type: "refused", ClientMoveID: clientMoveID, Code: code, Detail: detail}.item()
}

// ackFrame needs care only for the id, which may hold a quote.
func ackFrame(clientMoveID string, seq int64) item {
	var buf [128]byte
	text := append(buf[:0], `{"type":"ack"`...)
	if clientMoveID != "" {
		id, err := json.Marshal(clientMoveID)
		if err != nil {
			panic(err) // a string always encodes
		}
		text = append(append(text, `,"clientMoveId":`...), id...)
	}
	text = append(text, `,"seq":`...)
	text = strconv.AppendInt(text, seq, 10)
	return textItem(append(text, '}'))
}
