package account

import (
	"errors"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"tabiya/internal/httpx"
	"tabiya/schemas"
	"tabiya/services/account/fields"
)

// change is the body of PATCH /v1/accounts/me. A nil field stays as it is.
type change struct {
	Email           *string `json:"email"`
	Region          *string `json:"region"`
	Country         *string `json:"country"`
	Password        *string `json:"password"`
	CurrentPassword *string `json:"currentPassword"`
}

// own serves GET /v1/accounts/me.
func (s *Service) own(c *gin.Context) {
	if a, ok := s.openAccount(c); ok {
		c.JSON(http.StatusOK, viewOf(a))
	}
}

// openAccount returns the account of the token. If ok is false it has answered
// the request: there is no such account, or it is closed.
func (s *Service) openAccount(c *gin.Context) (a account, ok bool) {
	a, err := s.accounts.ByID(c.Request.Context(), httpx.PlayerID(c))
	switch {
	case err != nil:
		s.fail(c, err)
	case a.Closed:
		httpx.Fail(c, schemas.CodePlayerClosed, "the account is closed")
	default:
		return a, true
	}
	return account{}, false
}

// maxTries is how often a change is tried if concurrent changes win.
const maxTries = 5

// update serves PATCH /v1/accounts/me.
func (s *Service) update(c *gin.Context) {
	var body change
	if !httpx.Bind(c, &body) || !s.checkChange(c, body) {
		return
	}
	if body.needsPassword() && !s.mayHash(c) {
		return
	}
	ctx, hash := c.Request.Context(), ""
	for range maxTries {
		before, ok := s.openAccount(c)
		if !ok || (body.needsPassword() && !s.checkCurrentPassword(c, before, body.CurrentPassword)) {
			return
		}
		if body.Password != nil && hash == "" {
			var err error
			if hash, err = s.hashes.Hash(ctx, *body.Password); err != nil {
				s.fail(c, err)
				return
			}
		}
		after, public := body.apply(before, hash)
		if after == before {
			c.JSON(http.StatusOK, viewOf(before))
			return
		}
		if err := s.notBehind(ctx, before); err != nil {
			s.fail(c, err)
			return
		}
		after.Revision++
		notBefore, err := s.accounts.Update(ctx, after, updated{public: public, password: hash != ""})
		if errors.Is(err, errStale) {
			continue
		}
		if err != nil {
			s.fail(c, err)
			return
		}
		s.relay.Wake()
		s.respondChanged(c, after, notBefore)
		return
	}
	s.fail(c, errStale)
}

// changedAccount is the answer to a change: with a new session if the password was changed,
// since that ends the old one. Its token is absent if it is in the cookie.
type changedAccount struct {
	accountView
	Token     string        `json:"token,omitempty"`
	ExpiresAt *schemas.Time `json:"expiresAt,omitempty"`
}

// respondChanged answers with the changed account. notBefore is zero unless the change
// has ended the account's sessions.
func (s *Service) respondChanged(c *gin.Context, a account, notBefore time.Time) {
	body := changedAccount{accountView: viewOf(a)}
	if !notBefore.IsZero() {
		s.sessionsEnded(a.ID, &schemas.SessionsEndedPayload{NotBefore: schemas.TimeOf(notBefore)})
		token, expires, err := s.cfg.Signer.Player(a.ID, notBefore, s.cfg.TokenTTL)
		if err != nil {
			s.fail(c, err)
			return
		}
		if httpx.ByCookie(c) {
			httpx.SetSessionCookie(c, token, expires)
			token = ""
		}
		until := schemas.TimeOf(expires)
		body.Token, body.ExpiresAt = token, &until
	}
	c.JSON(http.StatusOK, body)
}

// checkChange validates the body. If it returns false it has answered the
// request.
func (s *Service) checkChange(c *gin.Context, body change) bool {
	var wrong []error
	check := func(field *string, valid func(string) error) {
		if field != nil {
			wrong = append(wrong, valid(*field))
		}
	}
	check(body.Email, fields.Email)
	check(body.Country, fields.Country)
	check(body.Password, fields.NewPassword)
	if body == (change{}) || body == (change{CurrentPassword: body.CurrentPassword}) {
		wrong = append(wrong, errors.New("nothing to change"))
	}
	if err := errors.Join(wrong...); err != nil {
		httpx.Fail(c, schemas.CodeInvalidField, oneLine(err))
		return false
	}
	return body.Region == nil || s.checkRegion(c, *body.Region)
}

// needsPassword reports whether the change needs the current password, so that a stolen
// token is not enough to take over the account.
func (b change) needsPassword() bool { return b.Password != nil || b.Email != nil }

// checkCurrentPassword reports whether the password is that of the account. If it
// returns false it has answered the request.
func (s *Service) checkCurrentPassword(c *gin.Context, a account, password *string) bool {
	if password == nil {
		httpx.Fail(c, schemas.CodeInvalidField, "currentPassword is needed to change password or email, and to close the account")
		return false
	}
	same, err := s.checkPassword(c, a, a.Handle, *password)
	if !same {
		s.failPassword(c, err, "currentPassword is wrong")
	}
	return same
}

// apply returns the account after the change, and whether its public part differs.
func (b change) apply(a account, newHash string) (after account, public bool) {
	after = a
	if b.Email != nil {
		after.Email = *b.Email
	}
	if b.Region != nil {
		after.Region = *b.Region
	}
	if b.Country != nil {
		after.Country = *b.Country
	}
	if newHash != "" {
		after.PasswordHash = newHash
	}
	return after, after.Region != a.Region || after.Country != a.Country
}
