package livegame

import (
	"context"
	"errors"

	"github.com/gin-gonic/gin"
)

// Service answers the livegame endpoints.
type Service struct {
	cfg Config
}

// New makes the service; it talks to nobody before Run.
func New(cfg Config) (*Service, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	return &Service{cfg: cfg}, nil
}

// Routes adds the endpoints.
func (s *Service) Routes(r gin.IRouter) {}

// Run follows the games until ctx is done. It may be called again.
func (s *Service) Run(ctx context.Context) error {
	<-ctx.Done()
	return nil
}

// Ready is nil once the service has caught up with game-events and Kafka answers.
func (s *Service) Ready() error { return errors.New("not caught up") }
