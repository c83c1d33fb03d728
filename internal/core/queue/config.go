package queue

import (
	"errors"
	"time"
)

// Config is how a queue pairs. The zero value has the defaults.
type Config struct {
	// WaveInterval is the time between two pairings while tickets wait. Default 1 s.
	WaveInterval time.Duration
	// EarlyTickets newcomers bring the next wave forward to a tenth of the
	// interval. Default 20.
	EarlyTickets int
	// MatchDeadline is how long the game of a match may take to start before the
	// match fails. Default 10 s, at most a minute: for so long a finished game is
	// remembered, and a CreateGame that comes twice recognised.
	MatchDeadline time.Duration
	// MaxTickets bounds a queue shard, tickets in matches included. Default 1000:
	// some 70 bytes each in a row that is written with every command.
	MaxTickets int
}

// WithDefaults is c with a default for every field that is 0.
func (c Config) WithDefaults() Config {
	return Config{
		WaveInterval:  orDefault(c.WaveInterval, time.Second),
		EarlyTickets:  orDefault(c.EarlyTickets, 20),
		MatchDeadline: orDefault(c.MatchDeadline, 10*time.Second),
		MaxTickets:    orDefault(c.MaxTickets, 1000),
	}
}

func orDefault[T comparable](v, otherwise T) T {
	var zero T
	if v == zero {
		return otherwise
	}
	return v
}

// maxTickets keeps the row well below the largest record.
const maxTickets = 3000

// Validate reports the first thing that cannot work.
func (c Config) Validate() error {
	c = c.WithDefaults()
	switch {
	case c.WaveInterval < 10*time.Millisecond:
		return errors.New("queue: the wave interval is below 10 ms")
	case c.EarlyTickets < 2:
		return errors.New("queue: fewer than two early tickets make no wave")
	case c.MatchDeadline < 10*time.Millisecond || c.MatchDeadline > time.Minute:
		return errors.New("queue: the match deadline must be between 10 ms and a minute")
	case c.MaxTickets < 2 || c.MaxTickets > maxTickets:
		return errors.New("queue: the tickets of a shard must be between 2 and 3000")
	}
	return nil
}
