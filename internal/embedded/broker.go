package embedded

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"path/filepath"
	"runtime/debug"

	"github.com/twmb/franz-go/pkg/kfake"

	"tabiya/internal/embedded/tier"
	"tabiya/internal/kafka"
	"tabiya/internal/kafka/brokertime"
)

// broker is kfake on disk, with older segments in a tier.
type broker struct {
	cluster     *kfake.Cluster
	password    string
	addrs       []string
	listener    *listener
	stopTier    context.CancelFunc
	tierStopped chan struct{}
}

// brokerState is what is stored beside kfake's own files.
type brokerState struct {
	Port     int    `json:"port"`
	Password string `json:"password"`
}

// kafkaUser is the user that logs in to the broker.
const kafkaUser = "tabiya"

func startBroker(dir string, logger *slog.Logger) (_ *broker, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("embedded kafka: %w", err)
		}
	}()
	brokerDir, tierDir, statePath := filepath.Join(dir, "kafka"), filepath.Join(dir, "kafka-older"), filepath.Join(dir, "kafka.json")
	var state brokerState
	if err := errors.Join(loadState(statePath, &state), privateFolder(brokerDir), privateFolder(tierDir)); err != nil {
		return nil, err
	}
	state.Password = cmp.Or(state.Password, rand.Text())
	clients := newListener(logger)
	listen := func(string, string) (net.Listener, error) {
		l, err := listenLoopback(state.Port)
		if err != nil {
			return nil, err
		}
		state.Port, clients.Listener = portOf(l), l
		return clients, nil
	}
	cluster, err := kfake.NewCluster(
		kfake.NumBrokers(1), kfake.ClusterID("tabiya"), kfake.ListenFn(listen),
		kfake.DataDir(brokerDir), kfake.BrokerConfigs(tier.BrokerConfigs()), kfake.MaxVersions(tier.Versions()),
		kfake.WithLogger(brokerLog{logger}),
		kfake.EnableSASL(), kfake.Superuser(kafka.ScramSHA256, kafkaUser, state.Password),
	)
	if err != nil {
		return nil, err
	}
	b := &broker{cluster: cluster, password: state.Password, addrs: cluster.ListenAddrs(), listener: clients, tierStopped: make(chan struct{})}
	brokertime.Install(cluster)
	older, err := tier.New(cluster, tier.Config{BrokerDir: brokerDir, Dir: tierDir, Logger: logger})
	if err == nil {
		err = storeState(statePath, state)
	}
	if err != nil {
		cluster.Close()
		clients.start()
		return nil, err
	}
	debug.FreeOSMemory() // that kfake used to read the log
	clients.start()

	ctx, stop := context.WithCancel(context.Background())
	b.stopTier = stop
	go func() {
		defer close(b.tierStopped)
		_ = older.Run(ctx) // always nil: it logs its errors
	}()
	return b, nil
}

func (b *broker) close(ctx context.Context) error {
	b.stopTier()
	done := make(chan struct{})
	go func() {
		defer close(done)
		<-b.tierStopped
		b.cluster.Close()
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done(): // loses nothing: all batches are on disk
		return errors.New("embedded kafka did not close in time")
	}
}

// brokerLog logs kfake's warnings and errors.
type brokerLog struct{ logger *slog.Logger }

func (l brokerLog) Logf(level kfake.LogLevel, format string, args ...any) {
	switch level {
	case kfake.LogLevelError:
		l.logger.Error("embedded kafka", "message", fmt.Sprintf(format, args...))
	case kfake.LogLevelWarn:
		l.logger.Warn("embedded kafka", "message", fmt.Sprintf(format, args...))
	}
}
