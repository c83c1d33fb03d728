// Package realkafka runs a real Apache Kafka, one broker or a cluster, for tests that kfake (package
// kafkatest) is not enough for: it has no replication, no throttling and no process
// of its own to kill. scripts/kafka.sh downloads Kafka from Maven Central and starts
// it.
//
// Without Java and Maven the tests are skipped; with CI=true they fail instead.
package realkafka

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/internal/loopbacktest"
)

// startTimeout includes a cold JVM on a busy machine and the first download.
const startTimeout = 6 * time.Minute

// Broker is one KRaft process, broker and controller, with its data in a temporary
// folder. Stop, Kill and Restart keep its address.
type Broker struct {
	t          testing.TB
	dir        string
	port       int
	controller int
	node       int    // KRaft's node id
	voters     string // the controllers of all nodes; empty for a single node
	env        []string
	cmd        *exec.Cmd
	exited     chan struct{}
}

// Start starts a broker and returns when it answers. The broker is killed when the
// test ends.
func Start(t testing.TB) *Broker {
	t.Helper()
	requireJava(t)
	b := newBroker(t, t.TempDir())
	b.Restart()
	b.killAtEnd()
	return b
}

func newBroker(t testing.TB, dir string) *Broker {
	return &Broker{t: t, dir: dir, port: loopbacktest.Port(t), controller: loopbacktest.Port(t), node: 1}
}

func (b *Broker) killAtEnd() {
	b.t.Cleanup(func() {
		b.Kill()
		if b.t.Failed() {
			b.showLog()
		}
	})
}

// Brokers returns the bootstrap list.
func (b *Broker) Brokers() []string { return []string{"127.0.0.1:" + strconv.Itoa(b.port)} }

// Restart starts a stopped or killed broker on its data and returns when it
// answers.
func (b *Broker) Restart() {
	b.t.Helper()
	b.Launch()
	b.Wait()
}

// Wait returns when the controller has registered the broker, which needs most nodes
// of a cluster.
func (b *Broker) Wait() {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	client, err := kgo.NewClient(kgo.SeedBrokers(b.Brokers()...), kgo.MetadataMinAge(10*time.Millisecond))
	if err != nil {
		b.t.Fatalf("real kafka: make a client: %v", err)
	}
	defer client.Close()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		// A broker answers before the controller has registered it, but lists
		// itself only afterwards.
		var listed kadm.BrokerDetails
		if listed, err = kadm.NewClient(client).ListBrokers(ctx); err == nil && slices.Contains(listed.NodeIDs(), int32(b.node)) {
			return
		}
		select {
		case <-ctx.Done():
			b.t.Fatalf("real kafka: no answer in %s: %v", startTimeout, err)
		case <-b.exited:
			b.t.Fatalf("real kafka: the broker ended: %v", b.cmd.ProcessState)
		case <-tick.C:
		}
	}
}

// Stop shuts the broker down gracefully.
func (b *Broker) Stop() { b.end(syscall.SIGTERM) }

// Kill kills the broker with SIGKILL. Killing a dead broker does nothing.
func (b *Broker) Kill() { b.end(syscall.SIGKILL) }

// Pause freezes the broker with SIGSTOP: connections stay open but are not
// answered, as in a network partition.
func (b *Broker) Pause() { b.signal(syscall.SIGSTOP) }

// Resume continues a paused broker.
func (b *Broker) Resume() { b.signal(syscall.SIGCONT) }

func (b *Broker) signal(s syscall.Signal) {
	b.t.Helper()
	if err := b.cmd.Process.Signal(s); err != nil {
		b.t.Fatalf("real kafka: send %s: %v", s, err)
	}
}

func (b *Broker) end(s syscall.Signal) {
	_ = b.cmd.Process.Signal(s) // fails if the broker has already ended
	<-b.exited
}

// Launch starts a stopped or killed broker on its data and does not wait for it.
func (b *Broker) Launch() {
	b.t.Helper()
	log, err := os.OpenFile(b.logPath(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		b.t.Fatalf("real kafka: open its log: %v", err)
	}
	defer log.Close()
	// The script ends with exec, so this process becomes the broker.
	args := []string{"run", b.dir, strconv.Itoa(b.port), strconv.Itoa(b.controller)}
	if b.voters != "" {
		args = append(args, strconv.Itoa(b.node), b.voters)
	}
	b.cmd = exec.Command(script(), args...)
	b.cmd.Env = append(os.Environ(), b.env...)
	b.cmd.Stdout, b.cmd.Stderr = log, log
	b.cmd.SysProcAttr = dieWithParent()
	if err := b.cmd.Start(); err != nil {
		b.t.Fatalf("real kafka: start: %v", err)
	}
	exited := make(chan struct{})
	b.exited = exited
	go func(cmd *exec.Cmd) {
		_ = cmd.Wait() // the result is in ProcessState
		close(exited)
	}(b.cmd)
}

func (b *Broker) logPath() string { return filepath.Join(b.dir, "broker.log") }

// showLog prints the end of the broker's log.
func (b *Broker) showLog() {
	text, err := os.ReadFile(b.logPath())
	if err != nil {
		return
	}
	b.t.Logf("end of the broker's log:\n%s", text[max(0, len(text)-4096):])
}

// requireJava skips the test, or fails it if CI=true, if the tools to run the broker
// are missing.
func requireJava(t testing.TB) {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("real kafka: scripts/kafka.sh needs a POSIX system")
	}
	for _, tool := range []string{"java", "mvn", "bash"} {
		if _, err := exec.LookPath(tool); err == nil {
			continue
		}
		reason := fmt.Sprintf("real kafka: %s is not installed: needs Java 17 and Maven", tool)
		if os.Getenv("CI") == "true" {
			t.Fatal(reason)
		}
		t.Skip(reason)
	}
}

func script() string {
	_, file, _, _ := runtime.Caller(0)
	return filepath.Join(filepath.Dir(file), "..", "..", "..", "scripts", "kafka.sh")
}
