package httpx

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"runtime/debug"

	"github.com/gin-gonic/gin"
	"github.com/prometheus/client_golang/prometheus"

	"tabiya/schemas"
)

// MaxBody is the maximum size of a request body, in bytes.
const MaxBody = 64 << 10

const requestIDKey = "tabiya.request-id"

// New creates the engine that services add their routes to. It takes the address of
// the connection for the client's; see TrustProxies.
func New(logger *slog.Logger, registerer prometheus.Registerer) *gin.Engine {
	gin.SetMode(gin.ReleaseMode)
	e := gin.New()
	_ = e.SetTrustedProxies(nil) // Gin's default trusts all proxies; it fails for malformed addresses only
	e.HandleMethodNotAllowed = true
	e.RedirectTrailingSlash = false
	e.UseRawPath = true // "%2F" in a path parameter must not be taken for a separator
	e.Use(setRequestID, noSniff, measure(registerer), recovery(logger), limitBody)
	e.NoRoute(NoRoute)
	e.NoMethod(func(c *gin.Context) {
		Fail(c, schemas.CodeMethodNotAllowed, "this path does not support "+c.Request.Method)
	})
	return e
}

// NoRoute answers a request for a path that does not exist.
func NoRoute(c *gin.Context) { Fail(c, schemas.CodeNotFound, "there is nothing at this path") }

// TrustProxies makes the engine take the client's address from X-Forwarded-For if the
// connection comes from one of the given addresses or networks (CIDR).
func TrustProxies(e *gin.Engine, proxies []string) error {
	if err := e.SetTrustedProxies(proxies); err != nil {
		return fmt.Errorf("set trusted proxies: %w", err)
	}
	return nil
}

// ClientNetwork returns the client's address, for IPv6 its /64: one client has all of
// that.
func ClientNetwork(c *gin.Context) string {
	address, err := netip.ParseAddr(c.ClientIP())
	if err != nil || address.Unmap().Is4() {
		return c.ClientIP()
	}
	prefix, err := address.WithZone("").Prefix(64)
	if err != nil {
		return c.ClientIP()
	}
	return prefix.String()
}

// Direct reports whether the connection is the client's own, and not that of a proxy; see
// TrustProxies.
func Direct(c *gin.Context) bool { return c.ClientIP() == c.RemoteIP() }

// RequestID returns the id of the request in logs and problem documents. It is the
// client's X-Request-Id if that is a UUID, else a new one.
func RequestID(c *gin.Context) string { return c.GetString(requestIDKey) }

func setRequestID(c *gin.Context) {
	id := c.GetHeader("X-Request-Id")
	if !schemas.ValidID(id) {
		id = schemas.NewID()
	}
	c.Set(requestIDKey, id)
	c.Header("X-Request-Id", id)
}

// noSniff keeps browsers from taking a response for another type than it says.
func noSniff(c *gin.Context) { c.Header("X-Content-Type-Options", "nosniff") }

func limitBody(c *gin.Context) {
	if c.Request.ContentLength > MaxBody {
		c.Header("Connection", "close") // the rest of the body is never read
		Fail(c, schemas.CodeBodyTooLarge, fmt.Sprintf("the limit is %d bytes", MaxBody))
		return
	}
	if c.Request.Body != nil && c.Request.Body != http.NoBody {
		c.Request.Body = http.MaxBytesReader(c.Writer, c.Request.Body, MaxBody)
	}
}

func recovery(logger *slog.Logger) gin.HandlerFunc {
	return func(c *gin.Context) {
		defer func() {
			reason := recover()
			if reason == nil {
				return
			}
			if reason == http.ErrAbortHandler {
				panic(reason)
			}
			logger.Error("handler panicked", "err", reason, "route", c.FullPath(), "request_id", RequestID(c), "stack", string(debug.Stack()))
			if c.Writer.Written() {
				c.Abort()
				return
			}
			Fail(c, schemas.CodeInternal, "")
		}()
		c.Next()
	}
}

const streamKey = "tabiya.stream"

// Stream marks the request as a long-lived stream or socket: its duration is not measured
// as a latency, and its context ends with the session of its token.
func Stream(c *gin.Context) {
	c.Set(streamKey, true)
	ctx, cancel := context.WithCancel(c.Request.Context())
	OnSessionEnd(c, cancel)
	context.AfterFunc(c.Request.Context(), cancel)
	c.Request = c.Request.WithContext(ctx)
}
