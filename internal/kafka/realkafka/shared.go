package realkafka

import (
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

// shared is the one broker of a test binary. It costs ten seconds of CPU to
// start one, so tests that do not kill it take turns.
var shared struct {
	turn   sync.Mutex
	broker *Broker
	pipe   io.Closer // breaks with this process; see cleanUp
}

// Shared gives the test the binary's broker, empty, for itself alone; other
// tests that ask for it wait until this one has ended.
func Shared(t testing.TB) []string {
	t.Helper()
	requireJava(t)
	shared.turn.Lock()
	t.Cleanup(func() {
		defer shared.turn.Unlock()
		if err := empty(shared.broker); err != nil {
			t.Errorf("real kafka: empty it for the next test: %v", err)
		}
	})
	if shared.broker == nil {
		dir, err := os.MkdirTemp("", "tabiya-kafka-")
		if err != nil {
			t.Fatalf("real kafka: %v", err)
		}
		b := newBroker(t, dir)
		b.Restart()
		if shared.pipe, err = cleanUp(b); err != nil {
			t.Fatalf("real kafka: %v", err)
		}
		shared.broker = b
	}
	return shared.broker.Brokers()
}

// cleanUp kills the broker and removes its data when this process ends: a test
// binary has no last hook, so a shell waits for a pipe to break.
func cleanUp(b *Broker) (io.Closer, error) {
	const script = `cat >/dev/null; kill -KILL "$1" 2>/dev/null; while kill -0 "$1" 2>/dev/null; do sleep 0.1; done; rm -rf "$2"`
	cmd := exec.Command("sh", "-c", script, "clean-up", strconv.Itoa(b.cmd.Process.Pid), b.dir)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // Ctrl-C must not stop it
	pipe, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	return pipe, cmd.Start()
}

// empty deletes all topics and groups, and returns when they are gone.
func empty(b *Broker) error {
	if b == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	client, err := kgo.NewClient(kgo.SeedBrokers(b.Brokers()...), kgo.MetadataMinAge(10*time.Millisecond))
	if err != nil {
		return err
	}
	defer client.Close()
	adm := kadm.NewClient(client)
	for {
		groups, err := adm.ListGroups(ctx)
		if err != nil {
			return err
		}
		topics, err := adm.ListTopics(ctx)
		if err != nil {
			return err
		}
		if len(topics) == 0 && len(groups) == 0 {
			return nil
		}
		// A group with members that have just left, or a topic that is going,
		// is asked for again.
		_, groupsErr := adm.DeleteGroups(ctx, groups.Groups()...)
		_, topicsErr := adm.DeleteTopics(ctx, topics.Names()...)
		if err := errors.Join(groupsErr, topicsErr); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
}
