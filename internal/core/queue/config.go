package queue

import (
	"errors"
	"time"
)

// Config configures pairing. The zero value means the defaults.
type Config struct {
	// WaveInterval is the time between two pairings while tickets wait. Default 1 s.
	WaveInterval time.Duration
	// EarlyTickets is how many new tickets shorten the interval to a tenth. Default 20.
	EarlyTickets int
	// MatchDeadline is how long the game of a match may take to start before the match
	// fails. Default 10 s, at most a minute: a finished game is kept for that long, to
	// recognise a repeated CreateGame.
	MatchDeadline time.Duration
	// Dormancy is how long a ticket is kept whose player is gone. Default 2 minutes.
	Dormancy time.Duration
	// MaxTickets bounds a queue shard, including tickets in matches. A dormant ticket makes
	// room for a new one. Default 1000: each takes some 70 bytes of a row that is written
	// with every command.
	MaxTickets int
}

// WithDefaults returns c with a default for every field that is 0.
func (c Config) WithDefaults() Config {
	return Config{
		WaveInterval:  orDefault(c.WaveInterval, time.Second),
		EarlyTickets:  orDefault(c.EarlyTickets, 20),
		MatchDeadline: orDefault(c.MatchDeadline, 10*time.Second),
		Dormancy:      orDefault(c.Dormancy, 2*time.Minute),
		MaxTickets:    orDefault(c.MaxTickets, 1000),
	}
}

func orDefault[T comparable](v, fallback T) T {
	var zero T
	if v == zero {
		return fallback
	}
	return v
}

// maxTickets keeps the row well below the largest record.
const maxTickets = 3000

// Validate returns an error if a field is out of range.
func (c Config) Validate() error {
	c = c.WithDefaults()
	switch {
	case c.WaveInterval < 10*time.Millisecond:
		return errors.New("queue: the wave interval must be at least 10 ms")
	case c.EarlyTickets < 2:
		return errors.New("queue: early tickets must be at least 2")
	case c.MatchDeadline < 10*time.Millisecond || c.MatchDeadline > time.Minute:
		return errors.New("queue: the match deadline must be between 10 ms and a minute")
	case c.Dormancy < 0:
		return errors.New("queue: the dormancy must not be negative")
	case c.MaxTickets < 2 || c.MaxTickets > maxTickets:
		return errors.New("queue: the tickets of a shard must be between 2 and 3000")
	}
	return nil
}
