package embedded

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"path/filepath"
	"runtime/debug"

	"github.com/twmb/franz-go/pkg/kfake"

	"tabiya/internal/embedded/tier"
	"tabiya/internal/kafka/brokertime"
)

// broker is kfake on disk, kept small by a tier of older segments.
type broker struct {
	cluster *kfake.Cluster
	addrs   []string
	gate    *gate
	sweeper context.CancelFunc
	swept   chan struct{} // closed when the sweeper has stopped
}

// brokerState is what outlives a run beside kfake's own files.
type brokerState struct {
	Port int `json:"port"`
}

func startBroker(dir string, logger *slog.Logger) (_ *broker, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("embedded kafka: %w", err)
		}
	}()
	hot, old, statePath := filepath.Join(dir, "kafka"), filepath.Join(dir, "kafka-older"), filepath.Join(dir, "kafka.json")
	var state brokerState
	if err := load(statePath, &state); err != nil {
		return nil, err
	}
	gate := newGate()
	listen := func(string, string) (net.Listener, error) {
		l, err := listenLoopback(state.Port)
		if err != nil {
			return nil, err
		}
		state.Port, gate.Listener = portOf(l), l
		return gate, nil
	}
	cluster, err := kfake.NewCluster(
		kfake.NumBrokers(1), kfake.ClusterID("tabiya"), kfake.ListenFn(listen),
		kfake.DataDir(hot), kfake.BrokerConfigs(tier.BrokerConfigs()), kfake.MaxVersions(tier.Versions()),
		kfake.WithLogger(brokerLog{logger}),
	)
	if err != nil {
		return nil, err
	}
	b := &broker{cluster: cluster, addrs: cluster.ListenAddrs(), gate: gate, swept: make(chan struct{})}
	brokertime.Install(cluster)
	older, err := tier.New(cluster, tier.Config{BrokerDir: hot, Dir: old, Logger: logger})
	if err == nil {
		err = keep(statePath, state)
	}
	if err != nil {
		cluster.Close()
		gate.open()
		return nil, err
	}
	debug.FreeOSMemory() // what was read of the log to begin with
	gate.open()

	ctx, stop := context.WithCancel(context.Background())
	b.sweeper = stop
	go func() {
		defer close(b.swept)
		_ = older.Run(ctx) // nil: what fails is logged
	}()
	return b, nil
}

func (b *broker) close(ctx context.Context) error {
	b.sweeper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		<-b.swept
		b.cluster.Close()
	}()
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
