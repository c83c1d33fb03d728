package httpx

import (
	"net/http"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/prometheus/client_golang/prometheus"
)

// measure records the duration of requests. Every value of a label costs memory until
// the process ends, so none may come from the client: method and route are one of a
// fixed set, and the status is the server's.
func measure(registerer prometheus.Registerer) gin.HandlerFunc {
	seconds := prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name:    "tabiya_http_request_seconds",
		Help:    "Time from a request's header to the end of its response, without streams and sockets.",
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
			route = "none" // a path without a route must not become a label
		}
		seconds.WithLabelValues(methodLabel(c.Request.Method), route, strconv.Itoa(c.Writer.Status())).Observe(time.Since(start).Seconds())
	}
}

// methodLabel returns the method if HTTP defines it, else "other": a client can invent
// any number of methods.
func methodLabel(method string) string {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return method
	}
	return "other"
}
