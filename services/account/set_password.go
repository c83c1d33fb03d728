package account

import (
	"context"
	"errors"
	"strings"

	"github.com/gin-gonic/gin"

	"tabiya/internal/httpx"
	"tabiya/schemas"
	"tabiya/services/account/fields"
	"tabiya/services/account/recovery"
)

// maxCode is longer than any code, in bytes.
const maxCode = 64

// newPassword is the body of POST /v1/accounts/password.
type newPassword struct {
	Handle   string `json:"handle"`
	Code     string `json:"code"`
	Password string `json:"password"`
}

// setPassword serves POST /v1/accounts/password: it sets a password with a code that an
// operator has issued, ends the account's sessions and begins one.
func (s *Service) setPassword(c *gin.Context) {
	var body newPassword
	if !httpx.Bind(c, &body) {
		return
	}
	err := errors.Join(fields.Handle(body.Handle), validCode(body.Code), fields.NewPassword(body.Password))
	if err != nil {
		httpx.Fail(c, schemas.CodeInvalidField, oneLine(err))
		return
	}
	if !s.mayHash(c) {
		return
	}
	a, err := s.passwordByCode(c, body)
	switch {
	case errors.Is(err, errWrongCode):
		httpx.Fail(c, schemas.CodeWrongCredentials, err.Error())
	case err != nil:
		s.fail(c, err)
	default:
		s.relay.Wake()
		s.cfg.Logger.Info("password set with a code", "player_id", a.ID, "request_id", httpx.RequestID(c))
		s.respondWithSession(c, a)
	}
}

func validCode(code string) error {
	if n := len(strings.TrimSpace(code)); n == 0 || n > maxCode {
		return errors.New("code is missing or too long")
	}
	return nil
}

// passwordByCode sets the password, and returns the account as of when tokens of it are
// valid. An unknown handle, a closed account and a wrong code are the same to the client.
func (s *Service) passwordByCode(c *gin.Context, body newPassword) (account, error) {
	ctx, hash := c.Request.Context(), ""
	for range maxTries {
		a, err := s.find(ctx, credentials{Handle: body.Handle})
		if err != nil {
			return account{}, err
		}
		if err := s.checkCode(c, a, body); err != nil {
			return account{}, err
		}
		if err := s.notBehind(ctx, a); err != nil {
			return account{}, err
		}
		if hash == "" {
			if hash, err = s.hashes.Hash(ctx, body.Password); err != nil {
				return account{}, err
			}
		}
		a.PasswordHash = hash
		a.Revision++
		notBefore, err := s.accounts.Update(ctx, a, updated{password: true, code: body.Code})
		if errors.Is(err, errStale) {
			continue
		}
		if err != nil {
			return account{}, err
		}
		s.sessionsEnded(a.ID, &schemas.SessionsEndedPayload{NotBefore: schemas.TimeOf(notBefore)})
		a.ReadAt = notBefore
		return a, nil
	}
	return account{}, errStale
}

// checkCode counts wrong codes as wrong passwords of the account.
func (s *Service) checkCode(c *gin.Context, a account, body newPassword) error {
	key := a.ID
	if key == "" {
		key = strings.ToLower(body.Handle)
	}
	finish, ok := s.attempts.Begin(httpx.ClientNetwork(c), key)
	if !ok {
		return errTooManyWrong
	}
	wrong := false
	defer func() { finish(wrong) }()
	if a.ID == "" || a.Closed {
		wrong = true
		return errWrongCode
	}
	right, err := s.accounts.CodeMatches(c.Request.Context(), a.ID, body.Code)
	if wrong = err == nil && !right; wrong {
		return errWrongCode
	}
	return err
}

// CodeMatches reports whether code is the valid code of the account.
func (s store) CodeMatches(ctx context.Context, accountID, code string) (ok bool, err error) {
	err = s.breaker.Do(ctx, func(ctx context.Context) error {
		ok, err = recovery.CodeMatches(ctx, s.pool, accountID, code)
		return err
	})
	return ok, writeError("look for a code", err)
}
