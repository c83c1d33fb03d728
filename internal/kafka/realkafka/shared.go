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

// shared is the one broker of a test binary. Starting a broker costs ten seconds of
// CPU time, so tests that do not kill it share this one, one test at a time.
var shared struct {
	mu     sync.Mutex // held by the test that uses the broker
	broker *Broker
	pipe   io.Closer // closes when this process ends; see cleanUp
}

// Shared returns the bootstrap list of the test binary's shared broker, which is
// empty. The calling test has it exclusively until the test ends; other callers
// wait.
func Shared(t testing.TB) []string {
	t.Helper()
	requireJava(t)
	shared.mu.Lock()
	t.Cleanup(func() {
		defer shared.mu.Unlock()
		if err := deleteAll(shared.broker); err != nil {
			t.Errorf("real kafka: empty the broker for the next test: %v", err)
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

// cleanUp starts a shell that kills the broker and removes its data when this
// process ends, which the shell notices by the end of its standard input. A test
// binary has no hook that runs after all tests.
func cleanUp(b *Broker) (io.Closer, error) {
	const script = `cat >/dev/null; kill -KILL "$1" 2>/dev/null; while kill -0 "$1" 2>/dev/null; do sleep 0.1; done; rm -rf "$2"`
	cmd := exec.Command("sh", "-c", script, "clean-up", strconv.Itoa(b.cmd.Process.Pid), b.dir)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // so that Ctrl-C does not stop the shell
	pipe, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	return pipe, cmd.Start()
}

// deleteAll deletes all topics and groups, and returns when they are gone.
func deleteAll(b *Broker) error {
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
		// Deletion may fail for a group whose members are leaving and takes effect
		// late for a topic, so the loop lists both again.
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
