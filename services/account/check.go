package account

import (
	"errors"
	"strings"

	"github.com/gin-gonic/gin"
	"golang.org/x/time/rate"

	"tabiya/internal/httpx"
	"tabiya/internal/ratelimit"
	"tabiya/schemas"
	"tabiya/services/account/fields"
)

var (
	errTooManyHashes = errors.New("too many passwords from this address; try again later")
	errTooManyWrong  = errors.New("too many wrong passwords")
)

// newPace makes the token buckets of requests with a password, by client network. nil is
// no limit.
func newPace(perMinute int) *ratelimit.Keyed[string] {
	if perMinute == 0 {
		return nil
	}
	return ratelimit.New(func() *rate.Limiter {
		return rate.NewLimiter(rate.Limit(float64(perMinute)/60), perMinute)
	}, rememberedRates, strings.Clone)
}

// mayHash takes a token of the client's network, before anything is looked up or hashed:
// many names would else take the hashing slots from everybody, and the processor from
// moves. An operator's program, which has a service token, is not limited. If mayHash
// returns false it has answered the request.
func (s *Service) mayHash(c *gin.Context) bool {
	if who, ok := httpx.Principal(c); ok && who.Service != "" {
		return true
	}
	if s.pace == nil || s.pace.Allow(httpx.ClientNetwork(c), s.cfg.Now()) {
		return true
	}
	s.refused.Inc()
	s.fail(c, errTooManyHashes)
	return false
}

// checkPassword reports whether the password is that of the account, which is sent under
// a name by a client. a is the zero account if there is none of that name. A wrong
// password counts for the account, whatever name it was sent under. Returns
// errTooManyWrong if the client's network has sent too many.
func (s *Service) checkPassword(c *gin.Context, a account, name, password string) (same bool, err error) {
	key := a.ID
	if key == "" {
		key = strings.ToLower(name)
	}
	finish, ok := s.attempts.Begin(httpx.ClientNetwork(c), key)
	if !ok {
		return false, errTooManyWrong
	}
	wrong := false
	defer func() { finish(wrong) }()
	if fields.Password(password) != nil {
		wrong = true // no account has such a password: it is not worth hashing
		return false, nil
	}
	same, err = s.hashes.Matches(c.Request.Context(), password, a.PasswordHash)
	wrong = err == nil && !same
	return same, err
}

// failPassword answers a request whose password is wrong or could not be checked.
func (s *Service) failPassword(c *gin.Context, err error, detail string) {
	if err != nil {
		s.fail(c, err)
		return
	}
	httpx.Fail(c, schemas.CodeWrongCredentials, detail)
}
