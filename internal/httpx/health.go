package httpx

import (
	"encoding/json"
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

// Health adds the routes for load balancers: /healthz, which always answers 200, and
// /readyz, which answers 200 if every check passes and 503 otherwise. They do not say
// what the process is made of; OpsHandler does.
func Health(r gin.IRouter, checks []Check) {
	r.GET("/healthz", func(c *gin.Context) { c.JSON(http.StatusOK, gin.H{"status": "ok"}) })
	r.GET("/readyz", func(c *gin.Context) {
		if ready, _ := run(checks); !ready {
			c.Header("Retry-After", "1")
			c.JSON(http.StatusServiceUnavailable, gin.H{"status": "not ready"})
			return
		}
		c.JSON(http.StatusOK, gin.H{"status": "ready"})
	})
}

// OpsHandler serves operators, on a listener that clients cannot reach: /healthz,
// /readyz with the reason of each part that is not ready, and /metrics for Prometheus.
func OpsHandler(gatherer prometheus.Gatherer, checks []Check) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusOK, map[string]string{"status": "ok"})
	})
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		status := http.StatusOK
		ready, parts := run(checks)
		if !ready {
			status = http.StatusServiceUnavailable
			w.Header().Set("Retry-After", "1")
		}
		writeJSON(w, status, map[string]any{"parts": parts})
	})
	mux.Handle("GET /metrics", promhttp.HandlerFor(gatherer, promhttp.HandlerOpts{}))
	return mux
}

// run returns whether all checks pass, and for each check "ready" or the reason why it
// does not pass.
func run(checks []Check) (ready bool, parts map[string]string) {
	ready, parts = true, make(map[string]string, len(checks))
	for _, check := range checks {
		parts[check.Name] = "ready"
		if err := check.Ready(); err != nil {
			ready, parts[check.Name] = false, err.Error()
		}
	}
	return ready, parts
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) //nolint:errchkjson // strings and maps of them; fails if the client has gone
}
