package ratings

import (
	"fmt"
	"net/url"
	"slices"

	"github.com/gin-gonic/gin"
	"golang.org/x/time/rate"

	"tabiya/internal/httpx"
	"tabiya/schemas"
)

// A network may read leaderboards and ratings so often, which cost the database a scan.
const (
	readsPerSecond = rate.Limit(20)
	readsBurst     = 100
)

// mayRead takes a token of the client's network. A service is not limited. If mayRead
// returns false it has answered the request.
func (h *Handlers) mayRead(c *gin.Context) bool {
	if who, ok := httpx.Principal(c); ok && who.Service != "" {
		return true
	}
	if h.reads.Allow(httpx.ClientNetwork(c), h.cfg.Now()) {
		return true
	}
	httpx.Fail(c, schemas.CodeRateLimited, "too many requests from this address; try again in a second")
	return false
}

// speedOf returns the speed in the path. If ok is false it has answered the request.
func (h *Handlers) speedOf(c *gin.Context) (speed schemas.Speed, ok bool) {
	speed = schemas.Speed(c.Param("speed"))
	if !slices.Contains(schemas.Speeds(), speed) {
		httpx.Fail(c, schemas.CodeInvalidField, fmt.Sprintf("the speed must be one of %v", schemas.Speeds()))
		return "", false
	}
	return speed, true
}

// refusal says why a request is refused.
type refusal struct {
	code   schemas.Code
	detail string
}

func (r *refusal) answer(c *gin.Context) { httpx.Fail(c, r.code, r.detail) }

func invalid(format string, args ...any) *refusal {
	return &refusal{schemas.CodeInvalidField, fmt.Sprintf(format, args...)}
}

func unknownParameter(name string) *refusal {
	return &refusal{schemas.CodeUnknownField, fmt.Sprintf("unknown parameter %.40q", name)}
}

// eachParameter calls take with each parameter of a query string, and returns the first
// refusal. A parameter that is given twice is refused.
func eachParameter(raw string, take func(name, value string) *refusal) *refusal {
	values, err := url.ParseQuery(raw)
	if err != nil {
		return invalid("the query string cannot be parsed")
	}
	for name, given := range values {
		if len(given) != 1 {
			return invalid("%.40q is given more than once", name)
		}
		if refused := take(name, given[0]); refused != nil {
			return refused
		}
	}
	return nil
}
