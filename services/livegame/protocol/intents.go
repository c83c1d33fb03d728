package protocol

import (
	"strconv"

	"tabiya/schemas"
)

// Intent is what a player asks for, in a request or a frame.
type Intent struct {
	Kind    schemas.CommandType
	Payload any
	// Content is what a repeat under the same idempotency key must match, beside Kind.
	// It is empty for a kind whose commands are all alike.
	Content string
}

// Body is the body of a player's request. Intent returns a code and a detail for a
// body that is invalid in every game.
type Body interface {
	Intent() (Intent, schemas.Code, string)
}

// Move is the body of POST /v1/games/{id}/moves.
type Move struct {
	UCI string `json:"uci"`
	Ply int    `json:"ply"` // the ply that the move would be, from 1; 0 for any
}

// Intent implements Body.
func (m Move) Intent() (in Intent, code schemas.Code, detail string) {
	switch {
	case !validUCI(m.UCI):
		return in, schemas.CodeMalformedMove, "uci: a move such as e2e4 or e7e8q"
	case m.Ply < 0:
		return in, schemas.CodeInvalidField, "ply: counts from 1"
	}
	return Intent{schemas.PlayMove, &schemas.PlayMovePayload{UCI: m.UCI, Ply: m.Ply}, m.UCI + " " + strconv.Itoa(m.Ply)}, "", ""
}

// validUCI reports whether s has the form of a UCI move: two squares, and a piece for a
// promotion.
func validUCI(s string) bool {
	if len(s) != 4 && len(s) != 5 {
		return false
	}
	square := func(s string) bool { return s[0] >= 'a' && s[0] <= 'h' && s[1] >= '1' && s[1] <= '8' }
	if !square(s[:2]) || !square(s[2:4]) {
		return false
	}
	return len(s) == 4 || s[4] == 'q' || s[4] == 'r' || s[4] == 'b' || s[4] == 'n'
}

// Draw is the body of POST /v1/games/{id}/draw.
type Draw struct {
	Action string `json:"action"`
}

// Intent implements Body.
func (d Draw) Intent() (in Intent, code schemas.Code, detail string) {
	if d.Action == "claim" {
		return Intent{Kind: schemas.ClaimDraw}, "", ""
	}
	in, ok := offerIntent(d.Action, schemas.OfferDraw, schemas.AcceptDraw, schemas.DeclineDraw)
	if !ok {
		return in, schemas.CodeInvalidField, "action: offer, accept, decline or claim"
	}
	return in, "", ""
}

// Takeback is the body of POST /v1/games/{id}/takeback.
type Takeback struct {
	Action string `json:"action"`
}

// Intent implements Body.
func (t Takeback) Intent() (Intent, schemas.Code, string) {
	return offer(t.Action, schemas.OfferTakeback, schemas.AcceptTakeback, schemas.DeclineTakeback)
}

// Rematch is the body of POST /v1/games/{id}/rematch.
type Rematch struct {
	Action string `json:"action"`
}

// Intent implements Body.
func (r Rematch) Intent() (Intent, schemas.Code, string) {
	return offer(r.Action, schemas.OfferRematch, schemas.AcceptRematch, schemas.DeclineRematch)
}

func offer(action string, offer, accept, decline schemas.CommandType) (in Intent, code schemas.Code, detail string) {
	in, ok := offerIntent(action, offer, accept, decline)
	if !ok {
		return in, schemas.CodeInvalidField, "action: offer, accept or decline"
	}
	return in, "", ""
}

func offerIntent(action string, offer, accept, decline schemas.CommandType) (in Intent, ok bool) {
	switch action {
	case "offer":
		return Intent{Kind: offer}, true
	case "accept":
		return Intent{Kind: accept}, true
	case "decline":
		return Intent{Kind: decline}, true
	}
	return in, false
}

// Claim is the body of POST /v1/games/{id}/claim, with which a player claims the game
// because the opponent is gone.
type Claim struct {
	As string `json:"as"` // win or draw
}

// Intent implements Body.
func (c Claim) Intent() (in Intent, code schemas.Code, detail string) {
	as := schemas.ClaimAs(c.As)
	if as != schemas.ClaimWin && as != schemas.ClaimDrawOnly {
		return in, schemas.CodeInvalidField, "as: win or draw"
	}
	return Intent{schemas.ClaimVanished, &schemas.ClaimVanishedPayload{As: as}, c.As}, "", ""
}
