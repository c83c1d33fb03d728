package protocol

import (
	"encoding/json"
	"strconv"

	"tabiya/internal/httpx"
	"tabiya/schemas"
)

// MaxFrame is the longest frame that a client may send, in bytes.
const MaxFrame = 4 << 10

// ClientFrame is a frame from a client. ParseFrame refuses a frame with a field that
// its type does not have.
type ClientFrame struct {
	Type         string  `json:"type"`
	UCI          *string `json:"uci"`
	Ply          *int    `json:"ply"`
	Lag          *int64  `json:"lag"` // the round trip that the client measured, in centiseconds
	Action       *string `json:"action"`
	As           *string `json:"as"` // win or draw, of a claim
	ClientMoveID string  `json:"clientMoveId"`
}

// Types of a client's frames that are not commands.
const (
	FrameLeave = "leave"
	FramePing  = "ping"
)

const (
	frameMove     = "move"
	frameResign   = "resign"
	frameAbort    = "abort"
	frameDraw     = "draw"
	frameTakeback = "takeback"
	frameTime     = "time"
	frameRematch  = "rematch"
	frameClaim    = "claim"
)

// ParseFrame parses a frame. It accepts any bytes. For a malformed frame it returns a
// code and a detail, and of f only the ClientMoveID is set, if it can be read.
func ParseFrame(text []byte) (f ClientFrame, code schemas.Code, detail string) {
	if code, err := httpx.DecodeStrict(text, &f); err != nil {
		return onlyID(text), code, err.Error()
	}
	if code, detail := f.check(); code != "" {
		return onlyID(text), code, detail
	}
	return f, "", ""
}

// onlyID returns a frame with nothing but the ClientMoveID of a malformed frame.
func onlyID(text []byte) ClientFrame {
	var f struct {
		ClientMoveID string `json:"clientMoveId"`
	}
	if json.Unmarshal(text, &f) != nil || !httpx.ValidIdempotencyKey(f.ClientMoveID) {
		return ClientFrame{}
	}
	return ClientFrame{ClientMoveID: f.ClientMoveID}
}

// check returns a code and a detail if the frame has an invalid field, an unknown type,
// or a field that its type does not have.
func (f ClientFrame) check() (schemas.Code, string) {
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
	case frameMove, frameResign, frameAbort, frameDraw, frameTakeback, frameTime, frameRematch, frameClaim, FrameLeave, FramePing:
		return "", ""
	}
	return schemas.CodeInvalidField, "type: move, resign, abort, draw, takeback, time, rematch, claim, leave or ping"
}

// Intent returns what the frame asks for. The frame's type must not be FrameLeave or
// FramePing.
func (f ClientFrame) Intent() (Intent, schemas.Code, string) {
	switch f.Type {
	case frameMove:
		return Move{deref(f.UCI), deref(f.Ply)}.Intent()
	case frameDraw:
		return Draw{deref(f.Action)}.Intent()
	case frameTakeback:
		return Takeback{deref(f.Action)}.Intent()
	case frameRematch:
		return Rematch{deref(f.Action)}.Intent()
	case frameClaim:
		return Claim{deref(f.As)}.Intent()
	case frameTime:
		return Intent{Kind: schemas.AddTime}, "", ""
	case frameResign:
		return Intent{Kind: schemas.Resign}, "", ""
	default:
		return Intent{Kind: schemas.AbortGame}, "", ""
	}
}

// deref returns *p, or the zero value if p is nil.
func deref[T any](p *T) T {
	if p == nil {
		var zero T
		return zero
	}
	return *p
}
