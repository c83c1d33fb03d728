package account

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"tabiya/internal/httpx"
	"tabiya/schemas"
	"tabiya/services/account/fields"
)

type newAccount struct {
	Handle   string `json:"handle"`
	Password string `json:"password"`
	Email    string `json:"email"`
	Region   string `json:"region"`
	Country  string `json:"country"`
}

// accountView is an account as its owner sees it.
type accountView struct {
	ID        string       `json:"id"`
	Handle    string       `json:"handle"`
	Email     string       `json:"email,omitempty"`
	Region    string       `json:"region"`
	Country   string       `json:"country,omitempty"`
	CreatedAt schemas.Time `json:"createdAt"`
}

func viewOf(a account) accountView {
	return accountView{a.ID, a.Handle, a.Email, a.Region, a.Country, schemas.TimeOf(a.CreatedAt)}
}

type session struct {
	Account   accountView  `json:"account"`
	Token     string       `json:"token,omitempty"` // absent if it is in the cookie
	ExpiresAt schemas.Time `json:"expiresAt"`
}

// create serves POST /v1/accounts.
func (s *Service) create(c *gin.Context) {
	var body newAccount
	if !httpx.Bind(c, &body) || !s.checkNew(c, &body) {
		return
	}
	// The player's id is derived from the Idempotency-Key, so a repeated request
	// recognizes the account that the first one created.
	id, ok := httpx.CommandID(c, "register/"+strings.ToLower(body.Handle))
	if !ok {
		return
	}
	if !s.mayHash(c) {
		return
	}
	a, code, err := s.register(c, id, body)
	switch {
	case err != nil:
		s.fail(c, err)
	case code != "":
		httpx.Fail(c, code, "this Idempotency-Key was used for another registration")
	default:
		s.respondWithSession(c, a)
	}
}

// checkNew validates the body and sets its defaults. If it returns false it has
// answered the request.
func (s *Service) checkNew(c *gin.Context, body *newAccount) bool {
	if body.Region == "" {
		body.Region = s.cfg.Regions[0]
	}
	err := errors.Join(fields.Handle(body.Handle), fields.Unreserved(body.Handle), fields.NewPassword(body.Password), fields.Email(body.Email), fields.Country(body.Country))
	if err != nil {
		httpx.Fail(c, schemas.CodeInvalidField, oneLine(err))
		return false
	}
	return s.checkRegion(c, body.Region)
}

func (s *Service) checkRegion(c *gin.Context, region string) bool {
	if slices.Contains(s.cfg.Regions, region) {
		return true
	}
	httpx.Fail(c, schemas.CodeUnknownRegion, "the regions are "+strings.Join(s.cfg.Regions, ", "))
	return false
}

// oneLine is the text of joined errors in one line.
func oneLine(err error) string { return strings.ReplaceAll(err.Error(), "\n", "; ") }

// register creates the account. For a repeated request it returns the account
// that the first one created.
func (s *Service) register(c *gin.Context, id string, body newAccount) (account, schemas.Code, error) {
	ctx := c.Request.Context()
	// Look the handle up first, to save the hash if it is taken.
	if existing, err := s.accounts.ByHandle(ctx, body.Handle); err == nil {
		return s.resolveRepeat(c, existing, id, body)
	} else if !errors.Is(err, errNoAccount) {
		return account{}, "", err
	}
	if err := s.unknownToLog(ctx, body.Handle); err != nil {
		return account{}, "", err
	}
	hash, err := s.hashes.Hash(ctx, body.Password)
	if err != nil {
		return account{}, "", err
	}
	a := account{
		ID: id, Handle: body.Handle, Email: body.Email, PasswordHash: hash,
		Region: body.Region, Country: body.Country, Revision: 1, CreatedAt: schemas.TimeOf(s.cfg.Now()).Std(),
	}
	a, err = s.accounts.Create(ctx, a)
	if errors.Is(err, errHandleTaken) { // by a concurrent request, which may be a repeat of this one
		existing, err := s.accounts.ByHandle(ctx, body.Handle)
		if err != nil {
			return account{}, "", err
		}
		return s.resolveRepeat(c, existing, id, body)
	}
	if err != nil {
		return account{}, "", err
	}
	s.relay.Wake()
	return a, "", nil
}

// unknownToLog returns errHandleTaken if the log knows a player with the handle, whose
// account the database lacks: an older dump was restored, and nobody else may take the
// handle. The player's own registration in the meantime is no such case.
func (s *Service) unknownToLog(ctx context.Context, handle string) error {
	if !s.cfg.Players.Ready() {
		return errPlayersUnread
	}
	if _, known := s.cfg.Players.Find(strings.ToLower(handle)); !known {
		return nil
	}
	if _, err := s.accounts.ByHandle(ctx, handle); !errors.Is(err, errNoAccount) {
		return err // nil: inserting it again says that it is taken
	}
	s.lost.Inc()
	s.cfg.Logger.Warn("a player of the log has no account: run tabiya accounts restore", "handle", handle)
	return errHandleTaken
}

// resolveRepeat decides about a registration whose handle is taken. It returns
// the existing account if that was created by the same request, the code
// CodeKeyReused if it was created by another request with the same key, and
// errHandleTaken otherwise.
func (s *Service) resolveRepeat(c *gin.Context, existing account, id string, body newAccount) (account, schemas.Code, error) {
	if existing.ID != id {
		return account{}, "", errHandleTaken
	}
	same, err := s.checkPassword(c, existing, existing.Handle, body.Password)
	if err != nil {
		return account{}, "", err
	}
	changed := existing.Revision > 1 // then the first request's fields are no longer known
	if !same || (!changed && (existing.Email != body.Email || existing.Region != body.Region || existing.Country != body.Country)) {
		return account{}, schemas.CodeKeyReused, nil
	}
	return existing, "", s.notBehind(c.Request.Context(), existing)
}

// respondWithSession answers 201 with the account and a new token. With the parameter
// session=cookie the token is in a cookie instead of the body, out of reach of scripts.
func (s *Service) respondWithSession(c *gin.Context, a account) {
	token, expires, err := s.cfg.Signer.Player(a.ID, a.ReadAt, s.cfg.TokenTTL)
	if err != nil {
		s.fail(c, err)
		return
	}
	if c.Query("session") == "cookie" {
		httpx.SetSessionCookie(c, token, expires)
		token = ""
	}
	c.Header("Cache-Control", "no-store")
	c.JSON(http.StatusCreated, session{viewOf(a), token, schemas.TimeOf(expires)})
}
