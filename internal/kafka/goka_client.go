package kafka

import (
	"cmp"
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/IBM/sarama"
)

// patientClient is sarama's client, but it waits for a coordinator or a leader that is
// away for a moment, as while a broker restarts. Sarama gives up within milliseconds:
// it tries a dead coordinator's address again and again without asking who the new one
// is, and a partition without a leader ends the whole session. Both would move all
// partitions of this member.
type patientClient struct {
	sarama.Client
	patience time.Duration
	stop     chan struct{} // closed by hurry
	stopOnce sync.Once
	until    atomic.Pointer[context.Context] // see waitUntil

	mu        sync.Mutex
	lostSince time.Time      // since when no coordinator answers; zero if one does
	last      *sarama.Broker // what Coordinator last returned
	returned  time.Time      // when that was
}

// pollPause is the pause between two attempts to find a coordinator or a leader.
const pollPause = 100 * time.Millisecond

// newPatientClient connects. patience should be the session timeout: after that, the
// group may have given this member's partitions away.
func newPatientClient(cfg Config) (*patientClient, error) {
	sc, err := cfg.Sarama()
	if err != nil {
		return nil, err
	}
	inner, err := sarama.NewClient(cfg.Brokers, sc)
	if err != nil {
		return nil, err
	}
	return &patientClient{Client: inner, patience: cfg.Session(), stop: make(chan struct{})}, nil
}

// waitUntil lets no wait last longer than ctx.
func (c *patientClient) waitUntil(ctx context.Context) { c.until.Store(&ctx) }

// hurry ends all waits, present and later ones.
func (c *patientClient) hurry() { c.stopOnce.Do(func() { close(c.stop) }) }

func (c *patientClient) Close() error {
	c.hurry()
	return c.Client.Close()
}

// Coordinator returns a coordinator that is connected. It fails only after none was
// found for longer than patience, or if the client must not wait.
func (c *patientClient) Coordinator(group string) (*sarama.Broker, error) {
	failed, soon := c.lastFailed()
	if failed && soon && !c.pause() {
		return nil, sarama.ErrConsumerCoordinatorNotAvailable
	}
	for refresh := failed; ; refresh = true {
		broker, err := c.connectedCoordinator(group, refresh)
		if err == nil {
			c.found(broker)
			return broker, nil
		}
		if c.expired() || !c.pause() {
			return nil, err
		}
	}
}

func (c *patientClient) connectedCoordinator(group string, refresh bool) (*sarama.Broker, error) {
	if refresh {
		if err := c.RefreshCoordinator(group); err != nil {
			return nil, err
		}
	}
	broker, err := c.Client.Coordinator(group)
	if err != nil {
		return nil, err
	}
	if connected, err := broker.Connected(); !connected {
		return nil, cmp.Or[error](err, sarama.ErrNotConnected)
	}
	return broker, nil
}

// lastFailed reports whether the coordinator that was returned last has failed: sarama
// closes the connection then. soon says that it failed within a pause, so that the next
// one might, too.
func (c *patientClient) lastFailed() (failed, soon bool) {
	c.mu.Lock()
	last, returned := c.last, c.returned
	c.mu.Unlock()
	if last == nil {
		return false, false
	}
	connected, _ := last.Connected()
	return !connected, time.Since(returned) < pollPause
}

func (c *patientClient) found(broker *sarama.Broker) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.lostSince, c.last, c.returned = time.Time{}, broker, time.Now()
}

func (c *patientClient) expired() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.lostSince.IsZero() {
		c.lostSince = time.Now()
	}
	return time.Since(c.lostSince) > c.patience
}

// pause waits for the next attempt. It returns false if the client must not wait.
func (c *patientClient) pause() bool {
	var done <-chan struct{}
	if ctx := c.until.Load(); ctx != nil {
		done = (*ctx).Done()
	}
	select {
	case <-c.stop:
		return false
	case <-done:
		return false
	case <-time.After(pollPause):
		return true
	}
}

// RefreshMetadata succeeds although partitions have no leader: those that have one
// need not wait for them.
func (c *patientClient) RefreshMetadata(topics ...string) error {
	err := c.Client.RefreshMetadata(topics...)
	if errors.Is(err, sarama.ErrLeaderNotAvailable) {
		return nil
	}
	return err
}

// PartitionNotReadable is false, so that a partition without a leader is not looked at
// again only every five seconds, in metadata that is refreshed every ten minutes.
// GetOffset waits for the leader.
func (c *patientClient) PartitionNotReadable(string, int32) bool { return false }

// GetOffset is the first request for a partition that is to be read. It waits for the
// partition's leader.
func (c *patientClient) GetOffset(topic string, partition int32, at int64) (int64, error) {
	deadline := time.Now().Add(c.patience)
	for {
		offset, err := c.Client.GetOffset(topic, partition, at)
		if err == nil || !isTransient(err) || time.Now().After(deadline) || !c.pause() {
			return offset, err
		}
		_ = c.RefreshMetadata(topic)
	}
}
