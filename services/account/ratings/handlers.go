// Package ratings serves leaderboards, and each player's rating over time, from the tables
// that the Postgres sink writes.
package ratings

import (
	"strings"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/jackc/pgx/v5/pgxpool"
	"golang.org/x/time/rate"

	"tabiya/internal/postgres"
	"tabiya/internal/ratelimit"
)

// Config configures the handlers. All fields must be set.
type Config struct {
	Pool    *pgxpool.Pool
	Breaker postgres.Breaker
	Now     func() time.Time
	// PlayerID returns the id of the player in the path.
	PlayerID func(c *gin.Context) (string, error)
	// Fail answers a request with the error that its handler met.
	Fail func(c *gin.Context, err error)
}

// Handlers answer requests for ratings.
type Handlers struct {
	cfg   Config
	reads *ratelimit.Keyed[string] // by client network
}

// rememberedReaders is how many networks are remembered.
const rememberedReaders = 16_384

// New makes the handlers.
func New(cfg Config) *Handlers {
	return &Handlers{cfg, ratelimit.New(func() *rate.Limiter {
		return rate.NewLimiter(readsPerSecond, readsBurst)
	}, rememberedReaders, strings.Clone)}
}
