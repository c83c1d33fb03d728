package embedded

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"

	"github.com/twmb/franz-go/pkg/kfake"

	"tabiya/internal/kafka/brokertime"
)

// broker is kfake on disk.
type broker struct {
	cluster *kfake.Cluster
	addrs   []string
}

// brokerState is what outlives a run beside kfake's own files.
type brokerState struct {
	Port int `json:"port"`
}

// brokerConfigs are the broker's, where a topic does not say otherwise.
var brokerConfigs = map[string]string{
	// kfake applies time retention to compacted topics as well, where Kafka does
	// not: with its default of 7 days a table would lose its quiet rows.
	"log.retention.ms": "-1",
}

func startBroker(dir, statePath string, logger *slog.Logger) (*broker, error) {
	var state brokerState
	if err := load(statePath, &state); err != nil {
		return nil, fmt.Errorf("embedded kafka: %w", err)
	}
	listen := func(string, string) (net.Listener, error) {
		l, err := listenLoopback(state.Port)
		if err == nil {
			state.Port = portOf(l)
		}
		return l, err
	}
	cluster, err := kfake.NewCluster(
		kfake.NumBrokers(1), kfake.ClusterID("tabiya"), kfake.ListenFn(listen),
		kfake.DataDir(dir), kfake.BrokerConfigs(brokerConfigs), kfake.WithLogger(brokerLog{logger}),
	)
	if err != nil {
		return nil, fmt.Errorf("embedded kafka: %w", err)
	}
	brokertime.Install(cluster)
	b := &broker{cluster, cluster.ListenAddrs()}
	if err := keep(statePath, state); err != nil {
		cluster.Close()
		return nil, fmt.Errorf("embedded kafka: %w", err)
	}
	return b, nil
}

func (b *broker) close(ctx context.Context) error {
	done := make(chan struct{})
	go func() { defer close(done); b.cluster.Close() }()
	select {
	case <-done:
		return nil
	case <-ctx.Done(): // as safe as a kill: all batches are on disk
		return errors.New("embedded kafka did not close in time")
	}
}

// brokerLog passes on what an operator should know.
type brokerLog struct{ to *slog.Logger }

func (l brokerLog) Logf(level kfake.LogLevel, format string, args ...any) {
	switch level {
	case kfake.LogLevelError:
		l.to.Error("embedded kafka", "said", fmt.Sprintf(format, args...))
	case kfake.LogLevelWarn:
		l.to.Warn("embedded kafka", "said", fmt.Sprintf(format, args...))
	}
}
