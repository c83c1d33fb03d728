package account

import (
	"errors"
	"net/http"

	"github.com/gin-gonic/gin"

	"tabiya/internal/httpx"
	"tabiya/schemas"
)

// closing is the body of DELETE /v1/accounts/me.
type closing struct {
	CurrentPassword *string `json:"currentPassword"`
}

// close serves DELETE /v1/accounts/me. A stolen token is not enough for it.
func (s *Service) close(c *gin.Context) {
	var body closing
	if !httpx.Bind(c, &body) || !s.mayHash(c) {
		return
	}
	for range maxTries {
		a, ok := s.openAccount(c)
		if !ok || !s.checkCurrentPassword(c, a, body.CurrentPassword) {
			return
		}
		err := s.notBehind(c.Request.Context(), a)
		if err != nil {
			s.fail(c, err)
			return
		}
		a.Revision++
		err = s.accounts.Close(c.Request.Context(), a)
		if errors.Is(err, errStale) {
			continue // the password may have been changed
		}
		if err != nil {
			s.fail(c, err)
			return
		}
		s.sessionsEnded(a.ID, &schemas.PlayerClosedPayload{})
		s.relay.Wake()
		httpx.ClearSessionCookie(c)
		c.Status(http.StatusNoContent)
		return
	}
	s.fail(c, errStale)
}
