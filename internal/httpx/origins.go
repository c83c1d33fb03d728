package httpx

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/gin-gonic/gin"
)

// Origins are the web sites whose pages may use the API from a browser, besides the
// API's own host. The zero value has none.
type Origins struct {
	any   bool
	sites map[string]bool
}

// ParseOrigins parses origins such as https://chess.example or http://localhost:3000.
// "*" stands for all of them. Returns an error for anything else.
func ParseOrigins(list []string) (Origins, error) {
	o := Origins{sites: make(map[string]bool)}
	for _, text := range list {
		if text == "*" {
			o.any = true
			continue
		}
		u, err := url.Parse(text)
		if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || u.Scheme+"://"+u.Host != text {
			return Origins{}, fmt.Errorf("%q is not an origin, such as https://chess.example", text)
		}
		o.sites[strings.ToLower(text)] = true
	}
	return o, nil
}

// Allow reports whether the request comes from no browser's page, from a page of the own
// host, or from a listed origin. Browsers do not apply CORS to WebSockets, so their
// handler has to ask.
func (o Origins) Allow(r *http.Request) bool {
	values := r.Header.Values("Origin")
	if len(values) == 0 {
		return true
	}
	if len(values) > 1 {
		return false
	}
	if o.lists(values[0]) {
		return true
	}
	// The scheme is not compared: behind a proxy that ends TLS it is not known.
	u, err := url.Parse(values[0])
	return err == nil && u.Host != "" && strings.EqualFold(u.Host, r.Host)
}

func (o Origins) lists(origin string) bool { return o.any || o.sites[strings.ToLower(origin)] }

// What pages of other origins may send and read, see CORS in the Fetch standard.
const (
	corsMethods = "GET, HEAD, POST, PATCH, DELETE"
	corsHeaders = "Accept, Authorization, Content-Type, Idempotency-Key, Last-Event-ID, X-Request-Id"
	corsExposed = "Retry-After, X-Request-Id"
	corsMaxAge  = "600" // seconds
)

// AllowOrigins makes the engine answer cross-origin requests, and preflights, of the
// listed origins. Call it before routes are added. Credentials are not allowed: pages of
// other origins send tokens in headers, and the session cookie counts only for our own.
func AllowOrigins(e *gin.Engine, o Origins) {
	e.Use(func(c *gin.Context) {
		if !o.any && len(o.sites) > 0 {
			c.Writer.Header().Add("Vary", "Origin")
		}
		origin := c.GetHeader("Origin")
		if origin == "" || !o.lists(origin) {
			return
		}
		if o.any {
			origin = "*"
		}
		c.Header("Access-Control-Allow-Origin", origin)
		c.Header("Access-Control-Expose-Headers", corsExposed)
		if c.Request.Method == http.MethodOptions && c.GetHeader("Access-Control-Request-Method") != "" {
			c.Header("Access-Control-Allow-Methods", corsMethods)
			c.Header("Access-Control-Allow-Headers", corsHeaders)
			c.Header("Access-Control-Max-Age", corsMaxAge)
			c.AbortWithStatus(http.StatusNoContent)
		}
	})
}
