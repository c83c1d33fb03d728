package livegame

import (
	"github.com/gin-gonic/gin"

	"tabiya/internal/httpx"
	"tabiya/schemas"
)

// What players do besides moves: bodies of requests, and fields of frames.

type drawBody struct {
	Action string `json:"action"`
}

func (b drawBody) intent() (in intent, code schemas.Code, detail string) {
	if b.Action == "claim" {
		return intent{kind: schemas.ClaimDraw}, "", ""
	}
	in, ok := answering(b.Action, schemas.OfferDraw, schemas.AcceptDraw, schemas.DeclineDraw)
	if !ok {
		return in, schemas.CodeInvalidField, "action: offer, accept, decline or claim"
	}
	return in, "", ""
}

type takebackBody struct {
	Action string `json:"action"`
}

func (b takebackBody) intent() (intent, schemas.Code, string) {
	return offering(b.Action, schemas.OfferTakeback, schemas.AcceptTakeback, schemas.DeclineTakeback)
}

type rematchBody struct {
	Action string `json:"action"`
}

func (b rematchBody) intent() (intent, schemas.Code, string) {
	return offering(b.Action, schemas.OfferRematch, schemas.AcceptRematch, schemas.DeclineRematch)
}

func offering(action string, offer, accept, decline schemas.CommandType) (in intent, code schemas.Code, detail string) {
	in, ok := answering(action, offer, accept, decline)
	if !ok {
		return in, schemas.CodeInvalidField, "action: offer, accept or decline"
	}
	return in, "", ""
}

func answering(action string, offer, accept, decline schemas.CommandType) (in intent, ok bool) {
	switch action {
	case "offer":
		return intent{kind: offer}, true
	case "accept":
		return intent{kind: accept}, true
	case "decline":
		return intent{kind: decline}, true
	}
	return in, false
}

// claimBody claims the game of an opponent who has gone.
type claimBody struct {
	As string `json:"as"`
}

func (b claimBody) intent() (in intent, code schemas.Code, detail string) {
	as := schemas.ClaimAs(b.As)
	if as != schemas.ClaimWin && as != schemas.ClaimDrawOnly {
		return in, schemas.CodeInvalidField, "as: win or draw"
	}
	return intent{schemas.ClaimVanished, &schemas.ClaimVanishedPayload{As: as}, b.As}, "", ""
}

func (s *Service) draw(c *gin.Context) { actBy[drawBody](s, c) }

func (s *Service) takeback(c *gin.Context) { actBy[takebackBody](s, c) }

func (s *Service) rematch(c *gin.Context) { actBy[rematchBody](s, c) }

func (s *Service) claim(c *gin.Context) { actBy[claimBody](s, c) }

// addTime gives the opponent 15 seconds.
func (s *Service) addTime(c *gin.Context) { s.actPlainly(c, schemas.AddTime) }

// actBy is act for what a body asks for.
func actBy[B interface {
	intent() (intent, schemas.Code, string)
}](s *Service, c *gin.Context) {
	var body B
	if !httpx.Bind(c, &body) {
		return
	}
	in, code, detail := body.intent()
	s.act(c, in, code, detail)
}
