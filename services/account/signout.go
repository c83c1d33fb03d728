package account

import (
	"net/http"
	"time"

	"github.com/gin-gonic/gin"
	"golang.org/x/time/rate"

	"tabiya/internal/httpx"
	"tabiya/schemas"
)

// A player may sign out once in a second, and this often at once; and as many players
// are remembered.
const (
	signOutBurst     = 10
	rememberedRates  = 16_384
	signOutPerSecond = rate.Limit(1)
)

// signOut serves DELETE /v1/sessions/current: it ends the session of the token.
func (s *Service) signOut(c *gin.Context) {
	s.endSessions(c, func(a account) (*schemas.SessionsEndedPayload, error) {
		who, _ := httpx.Principal(c)
		ended := &schemas.SessionsEndedPayload{TokenID: who.Session.ID, IssuedAt: who.Session.IssuedAt}
		return ended, s.accounts.EndSession(c.Request.Context(), a, ended.TokenID, ended.IssuedAt)
	})
}

// signOutEverywhere serves DELETE /v1/sessions: it ends all sessions of the account.
func (s *Service) signOutEverywhere(c *gin.Context) {
	s.endSessions(c, func(a account) (*schemas.SessionsEndedPayload, error) {
		notBefore, err := s.accounts.EndSessions(c.Request.Context(), a)
		return &schemas.SessionsEndedPayload{NotBefore: schemas.TimeOf(notBefore)}, err
	})
}

func (s *Service) endSessions(c *gin.Context, end func(account) (*schemas.SessionsEndedPayload, error)) {
	if !httpx.BindNothing(c) {
		return
	}
	if !s.signOuts.Allow(httpx.PlayerID(c), time.Now()) {
		httpx.Fail(c, schemas.CodeRateLimited, "at most one session can be ended in a second")
		return
	}
	a, ok := s.openAccount(c)
	if !ok {
		return
	}
	ended, err := end(a)
	if err != nil {
		s.fail(c, err)
		return
	}
	s.sessionsEnded(a.ID, ended)
	s.relay.Wake()
	httpx.ClearSessionCookie(c)
	c.Status(http.StatusNoContent)
}

// sessionsEnded makes this process refuse the tokens at once, before it reads the event
// back: what was answered is true, at least here.
func (s *Service) sessionsEnded(playerID string, payload any) {
	s.cfg.Verifier.Sessions.Apply(playerID, payload, schemas.TimeOf(s.cfg.Now()))
}
