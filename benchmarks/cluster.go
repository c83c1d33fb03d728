package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"time"

	"tabiya/internal/auth"
	"tabiya/internal/embedded"
	"tabiya/internal/kafka"
	"tabiya/internal/kafka/topology"
)

// cluster is the part of the platform that plays games, on an Apache Kafka: accounts
// and live games on one listener, the players processor, and two games processors,
// each in a process of its own.
type cluster struct {
	binary     string
	kafka      kafka.Config
	postgres   *embedded.Instance
	others     []*process // all other processes, in start order
	processors [2]*gamesProcessor
	services   *server
}

const clusterPartitions = 32 // what `tabiya topics create` makes

// canRunKafka reports whether the tools for scripts/kafka.sh are installed.
func canRunKafka() bool {
	for _, tool := range []string{"java", "mvn", "bash"} {
		if _, err := exec.LookPath(tool); err != nil {
			return false
		}
	}
	return true
}

func (b *bench) startCluster(name string) (*cluster, error) {
	f := &cluster{binary: b.binary}
	if err := f.start(filepath.Join(b.scratch, name)); err != nil {
		f.stop()
		return nil, fmt.Errorf("start cluster: %w", err)
	}
	return f, nil
}

func (f *cluster) start(dir string) (err error) {
	ctx := context.Background()
	if f.postgres, err = embedded.Start(ctx, embedded.Config{DataDir: dir, Postgres: true}); err != nil {
		return err
	}
	if err := f.startKafka(ctx, filepath.Join(dir, "kafka")); err != nil {
		return fmt.Errorf("kafka: %w", err)
	}
	key := filepath.Join(dir, "signing.pem")
	signing, err := auth.LoadOrCreateKey(key)
	if err != nil {
		return err
	}
	token, _, err := auth.NewSigner(signing).Service("bench", time.Now(), time.Hour)
	if err != nil {
		return err
	}
	players, err := f.run("processor", "players")
	if err != nil {
		return err
	}
	services, err := f.run(append([]string{"service", "account", "livegame", "--key", key, "--postgres", f.postgres.PostgresDSN()}, unpaced...)...)
	if err != nil {
		return err
	}
	for i := range f.processors {
		if f.processors[i], err = f.startGamesProcessor(fmt.Sprintf("games-%d", i)); err != nil {
			return err
		}
	}
	if err := retryFor(time.Minute, func() error { return all(ready(players), ready(services), f.checkBalanced()) }); err != nil {
		return err
	}
	f.services = &server{api: newAPI(services, token, httpWorkers)}
	return f.services.register(pairsOfPlayers)
}

// all returns the first error.
func all(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// startKafka starts a broker and creates the topics.
func (f *cluster) startKafka(ctx context.Context, dir string) error {
	address, err := freeAddress()
	if err != nil {
		return err
	}
	controller, err := freeAddress()
	if err != nil {
		return err
	}
	_, port, _ := net.SplitHostPort(address)
	_, controllerPort, _ := net.SplitHostPort(controller)
	_, source, _, _ := runtime.Caller(0)
	script := filepath.Join(filepath.Dir(source), "..", "scripts", "kafka.sh")
	broker, err := startProcess([]string{"KAFKA_LOG_LEVEL=error"}, nil, script, "run", dir, port, controllerPort)
	if err != nil {
		return err
	}
	f.others = append(f.others, broker)
	f.kafka = kafka.Config{Brokers: []string{address}}
	return retryFor(3*time.Minute, func() error { // the jars may have to be downloaded first
		if err := kafka.Ping(ctx, f.kafka); err != nil {
			return err
		}
		return errors.Join(
			kafka.EnsureTopics(ctx, f.kafka, kafka.TopicOptions{Partitions: clusterPartitions, Replication: 1, MinISR: 1}),
			topology.Ensure(ctx, f.kafka))
	})
}

// run starts a process and returns its URL.
func (f *cluster) run(args ...string) (url string, err error) {
	address, err := freeAddress()
	if err != nil {
		return "", err
	}
	p, err := f.process(address, args...)
	if err != nil {
		return "", err
	}
	f.others = append(f.others, p)
	return "http://" + address, nil
}

func (f *cluster) process(address string, args ...string) (*process, error) {
	return startProcess(nil, nil, f.binary, append(args, "--kafka", f.kafka.Brokers[0], "--listen", address, "--log-level", "error")...)
}

// stop stops everything, Kafka and PostgreSQL last.
func (f *cluster) stop() {
	for _, m := range f.processors {
		if m != nil && m.process != nil {
			m.stop()
		}
	}
	for _, p := range slices.Backward(f.others) {
		p.stop()
	}
	if f.postgres != nil {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		_ = f.postgres.Close(ctx)
	}
}
