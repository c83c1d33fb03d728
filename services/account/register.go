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
)

type newAccount struct {
	Handle   string `json:"handle"`
	Password string `json:"password"`
	Email    string `json:"email"`
	Region   string `json:"region"`
	Country  string `json:"country"`
}

// ownAccount is what its owner sees of an account.
type ownAccount struct {
	ID        string       `json:"id"`
	Handle    string       `json:"handle"`
	Email     string       `json:"email,omitempty"`
	Region    string       `json:"region"`
	Country   string       `json:"country,omitempty"`
	CreatedAt schemas.Time `json:"createdAt"`
}

func ownView(a account) ownAccount {
	return ownAccount{a.ID, a.Handle, a.Email, a.Region, a.Country, schemas.TimeOf(a.CreatedAt)}
}

type session struct {
	Account   ownAccount   `json:"account"`
	Token     string       `json:"token"`
	ExpiresAt schemas.Time `json:"expiresAt"`
}

// create is POST /v1/accounts.
func (s *Service) create(c *gin.Context) {
	var body newAccount
	if !httpx.Bind(c, &body) || !s.checkNew(c, &body) {
		return
	}
	// An Idempotency-Key makes the player's id: the repeat of a request finds
	// the account that it made, and knows it for its own.
	id, ok := httpx.CommandID(c, "register/"+strings.ToLower(body.Handle))
	if !ok {
		return
	}
	a, code, err := s.register(c.Request.Context(), id, body)
	switch {
	case err != nil:
		s.fail(c, err)
	case code != "":
		httpx.Fail(c, code, "this key was used for another account's registration")
	default:
		s.answerSession(c, a)
	}
}

func (s *Service) checkNew(c *gin.Context, body *newAccount) bool {
	if body.Region == "" {
		body.Region = s.cfg.Regions[0]
	}
	err := errors.Join(validHandle(body.Handle), validPassword(body.Password), validEmail(body.Email), validCountry(body.Country))
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

func oneLine(err error) string { return strings.ReplaceAll(err.Error(), "\n", "; ") }

// register makes the account, or finds it if the request came before.
func (s *Service) register(ctx context.Context, id string, body newAccount) (account, schemas.Code, error) {
	// Looked up first: a taken handle should not cost a hash.
	if there, err := s.accounts.ByHandle(ctx, body.Handle); err == nil {
		return s.again(ctx, there, id, body)
	} else if !errors.Is(err, errNoAccount) {
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
	err = s.accounts.Create(ctx, a)
	if errors.Is(err, errHandleTaken) { // by another request at the same time; perhaps this one's repeat
		there, err := s.accounts.ByHandle(ctx, body.Handle)
		if err != nil {
			return account{}, "", err
		}
		return s.again(ctx, there, id, body)
	}
	if err != nil {
		return account{}, "", err
	}
	s.relay.Wake()
	return a, "", nil
}

// again answers a registration whose handle is taken: by itself, if it is the
// same request with the same key, or by somebody else.
func (s *Service) again(ctx context.Context, there account, id string, body newAccount) (account, schemas.Code, error) {
	if there.ID != id {
		return account{}, "", errHandleTaken
	}
	same, err := s.hashes.Matches(ctx, body.Password, there.PasswordHash)
	if err != nil {
		return account{}, "", err
	}
	changed := there.Revision > 1 // then what it was is not known any more
	if !same || (!changed && (there.Email != body.Email || there.Region != body.Region || there.Country != body.Country)) {
		return account{}, schemas.CodeKeyReused, nil
	}
	return there, "", nil
}

// answerSession answers 201 with the account and a new token.
func (s *Service) answerSession(c *gin.Context, a account) {
	token, expires, err := s.cfg.Signer.Player(a.ID, s.cfg.Now(), s.cfg.TokenTTL)
	if err != nil {
		s.fail(c, err)
		return
	}
	c.Header("Cache-Control", "no-store")
	c.JSON(http.StatusCreated, session{ownView(a), token, schemas.TimeOf(expires)})
}
