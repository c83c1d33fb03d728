package account

import (
	"context"
	"errors"

	"github.com/gin-gonic/gin"

	"tabiya/internal/httpx"
	"tabiya/schemas"
	"tabiya/services/account/fields"
)

type credentials struct {
	Handle   string `json:"handle"`
	Email    string `json:"email"`
	Password string `json:"password"`
}

// signIn serves POST /v1/sessions. An unknown name and a wrong password get the
// same answer after the same time.
func (s *Service) signIn(c *gin.Context) {
	var body credentials
	if !httpx.Bind(c, &body) {
		return
	}
	if (body.Handle == "") == (body.Email == "") {
		httpx.Fail(c, schemas.CodeInvalidField, "send either handle or email")
		return
	}
	// No account can have an invalid name or password: no need to look.
	invalid := errors.Join(fields.Password(body.Password), fields.Email(body.Email))
	if body.Handle != "" {
		invalid = errors.Join(invalid, fields.Handle(body.Handle))
	}
	if invalid != nil {
		httpx.Fail(c, schemas.CodeInvalidField, oneLine(invalid))
		return
	}
	if !s.mayHash(c) {
		return
	}
	a, err := s.find(c.Request.Context(), body)
	if err != nil {
		s.fail(c, err)
		return
	}
	same, err := s.checkPassword(c, a, body.Handle+body.Email, body.Password)
	if !same {
		s.failPassword(c, err, "the name or the password is wrong")
		return
	}
	if err := s.notBehind(c.Request.Context(), a); err != nil {
		s.fail(c, err)
		return
	}
	s.respondWithSession(c, a)
}

// find returns the account, or one without a password hash if there is none.
func (s *Service) find(ctx context.Context, body credentials) (a account, err error) {
	if body.Handle != "" {
		a, err = s.accounts.ByHandle(ctx, body.Handle)
	} else {
		a, err = s.accounts.ByEmail(ctx, body.Email)
	}
	if errors.Is(err, errNoAccount) {
		return account{}, nil
	}
	return a, err
}
