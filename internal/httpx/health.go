package httpx

import (
	"net/http"

	"github.com/gin-gonic/gin"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Check is one part of the readiness of a process. Ready returns nil if the part is
// ready, else an error that says what is missing.
type Check struct {
	Name  string
	Ready func() error
}

// Health adds the routes /healthz, which always answers 200, /readyz, which answers 200
// if every check passes and 503 otherwise, and /metrics for Prometheus.
func Health(r gin.IRouter, gatherer prometheus.Gatherer, checks []Check) {
	r.GET("/healthz", func(c *gin.Context) { c.JSON(http.StatusOK, gin.H{"status": "ok"}) })
	r.GET("/readyz", func(c *gin.Context) {
		status, parts := http.StatusOK, make(map[string]string, len(checks))
		for _, check := range checks {
			parts[check.Name] = "ready"
			if err := check.Ready(); err != nil {
				status, parts[check.Name] = http.StatusServiceUnavailable, err.Error()
			}
		}
		if status != http.StatusOK {
			c.Header("Retry-After", "1")
		}
		c.JSON(status, gin.H{"parts": parts})
	})
	r.GET("/metrics", gin.WrapH(promhttp.HandlerFor(gatherer, promhttp.HandlerOpts{})))
}
