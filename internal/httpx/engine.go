package httpx

import (
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/prometheus/client_golang/prometheus"

	"tabiya/schemas"
)

// MaxBody is the longest request body, in bytes.
const MaxBody = 64 << 10

const requestIDKey = "tabiya.request-id"

// New makes an engine on which services put their routes. A client's address is
// that of its connection: see TrustProxies.
func New(logger *slog.Logger, registerer prometheus.Registerer) *gin.Engine {
	gin.SetMode(gin.ReleaseMode)
	e := gin.New()
	_ = e.SetTrustedProxies(nil) // Gin trusts all, and can only fail at what it cannot parse
	e.HandleMethodNotAllowed = true
	e.RedirectTrailingSlash = false
	e.UseRawPath = true // a player may be called "a%2Fb", and is then not found
	e.Use(identify, measure(registerer), recovery(logger), limitBody)
	e.NoRoute(func(c *gin.Context) { Fail(c, schemas.CodeNotFound, "there is nothing at this path") })
	e.NoMethod(func(c *gin.Context) {
		Fail(c, schemas.CodeMethodNotAllowed, "this path does not take "+c.Request.Method)
	})
	return e
}

// TrustProxies has the address that X-Forwarded-For tells taken for the client's,
// where the connection comes from one of these addresses or networks (CIDR).
func TrustProxies(e *gin.Engine, proxies []string) error {
	if err := e.SetTrustedProxies(proxies); err != nil {
		return fmt.Errorf("trusted proxies: %w", err)
	}
	return nil
}

// RequestID names the request in logs and problem documents. It is the client's
// X-Request-Id where that is a UUID.
func RequestID(c *gin.Context) string { return c.GetString(requestIDKey) }

func identify(c *gin.Context) {
	id := c.GetHeader("X-Request-Id")
	if !schemas.ValidID(id) {
		id = schemas.NewID()
	}
	c.Set(requestIDKey, id)
	c.Header("X-Request-Id", id)
}

func limitBody(c *gin.Context) {
	if c.Request.ContentLength > MaxBody {
		c.Header("Connection", "close") // nobody reads the rest
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
			what := recover()
			if what == nil {
				return
			}
			if what == http.ErrAbortHandler {
				panic(what)
			}
			logger.Error("handler panicked", "err", what, "route", c.FullPath(), "request_id", RequestID(c), "stack", string(debug.Stack()))
			if c.Writer.Written() {
				c.Abort()
				return
			}
			Fail(c, schemas.CodeInternal, "")
		}()
		c.Next()
	}
}

func measure(registerer prometheus.Registerer) gin.HandlerFunc {
	seconds := prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name:    "tabiya_http_request_seconds",
		Help:    "Time from a request's head to the end of its answer, streams and sockets left out.",
		Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
	}, []string{"method", "route", "status"})
	registerer.MustRegister(seconds)
	return func(c *gin.Context) {
		start := time.Now()
		c.Next()
		if c.GetBool(streamKey) {
			return
		}
		route := c.FullPath()
		if route == "" {
			route = "none" // whatever path a client invents is one label
		}
		seconds.WithLabelValues(c.Request.Method, route, strconv.Itoa(c.Writer.Status())).Observe(time.Since(start).Seconds())
	}
}

const streamKey = "tabiya.stream"

// Stream marks the request as one that lasts: it is not a latency.
func Stream(c *gin.Context) { c.Set(streamKey, true) }
