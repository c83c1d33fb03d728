package main

import (
	"context"
	"fmt"
	"net"
	"os/exec"
	"path/filepath"
	"runtime"
	"time"

	"tabiya/internal/auth"
	"tabiya/internal/embedded"
	"tabiya/internal/kafka"
)

// fleet is the part of the platform that games are played on, each in a process
// of its own, on an Apache Kafka: accounts and live games behind one listener,
// players, and two games processors.
type fleet struct {
	binary   string
	kafka    kafka.Config
	postgres *embedded.Instance
	rest     []*process // all but the games processors, in the order of their start
	members  [2]*member
	services *server
}

const fleetPartitions = 32 // what `tabiya topics create` makes

// canRunKafka reports whether what scripts/kafka.sh needs is installed.
func canRunKafka() bool {
	for _, tool := range []string{"java", "mvn", "bash"} {
		if _, err := exec.LookPath(tool); err != nil {
			return false
		}
	}
	return true
}

func (b *bench) fleet(name string) (*fleet, error) {
	f := &fleet{binary: b.binary}
	if err := f.start(filepath.Join(b.scratch, name)); err != nil {
		f.stop()
		return nil, fmt.Errorf("start the fleet: %w", err)
	}
	return f, nil
}

func (f *fleet) start(dir string) (err error) {
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
	services, err := f.run("service", "account", "livegame", "--key", key, "--postgres", f.postgres.PostgresDSN())
	if err != nil {
		return err
	}
	for i := range f.members {
		if f.members[i], err = f.newMember(fmt.Sprintf("games-%d", i)); err != nil {
			return err
		}
	}
	if err := eventually(time.Minute, func() error { return all(ready(players), ready(services), f.whole()) }); err != nil {
		return err
	}
	f.services = &server{api: newAPI(services, token, httpLanes)}
	return f.services.register()
}

// all is the first error.
func all(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// startKafka runs a broker and makes the topics.
func (f *fleet) startKafka(ctx context.Context, dir string) error {
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
	f.rest = append(f.rest, broker)
	f.kafka = kafka.Config{Brokers: []string{address}}
	return eventually(3*time.Minute, func() error { // its jars may have to be fetched
		if err := kafka.Ping(ctx, f.kafka); err != nil {
			return err
		}
		return kafka.EnsureTopics(ctx, f.kafka, kafka.TopicOptions{Partitions: fleetPartitions, Replication: 1, MinISR: 1})
	})
}

// run starts a part and gives its URL.
func (f *fleet) run(args ...string) (url string, err error) {
	address, err := freeAddress()
	if err != nil {
		return "", err
	}
	p, err := f.process(address, args...)
	if err != nil {
		return "", err
	}
	f.rest = append(f.rest, p)
	return "http://" + address, nil
}

func (f *fleet) process(address string, args ...string) (*process, error) {
	return startProcess(nil, nil, f.binary, append(args, "--kafka", f.kafka.Brokers[0], "--listen", address, "--log-level", "error")...)
}

// stop stops all that was started, Kafka and PostgreSQL last.
func (f *fleet) stop() {
	for _, m := range f.members {
		if m != nil && m.process != nil {
			m.stop()
		}
	}
	for i := len(f.rest) - 1; i >= 0; i-- {
		f.rest[i].stop()
	}
	if f.postgres != nil {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		_ = f.postgres.Close(ctx)
	}
}
