package embedded_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"tabiya/internal/embedded"
	"tabiya/internal/objstore"
)

// The parts run in a second process of this binary: to be killed, to run as
// another user, and because the gateway changes the working folder.
const childEnv = "TABIYA_EMBEDDED_CHILD"

// report is what the second process says when all its parts answer.
type report struct {
	Brokers     []string
	DSN         string
	S3          objstore.Config
	PostgresPID int
	Took        time.Duration
	Err         string
	Locked      bool
}

func TestMain(m *testing.M) {
	asked := os.Getenv(childEnv)
	if asked == "" {
		os.Exit(m.Run())
	}
	var cfg embedded.Config
	if err := json.Unmarshal([]byte(asked), &cfg); err != nil {
		panic(err)
	}
	os.Exit(serve(cfg))
}

func serve(cfg embedded.Config) int {
	cfg.Logger = slog.New(slog.NewTextHandler(os.Stderr, nil))
	began := time.Now()
	i, err := embedded.Start(context.Background(), cfg)
	if err != nil {
		say(report{Err: err.Error(), Locked: errors.Is(err, embedded.ErrLocked)})
		return 1
	}
	say(report{Brokers: i.KafkaBrokers(), DSN: i.PostgresDSN(), S3: i.S3(), PostgresPID: i.PostgresPID(), Took: time.Since(began)})
	_, _ = io.Copy(io.Discard, os.Stdin) // until we are told to stop
	if err := i.Close(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

func say(r report) {
	if err := json.NewEncoder(os.Stdout).Encode(r); err != nil {
		panic(err)
	}
}

// process is the second process.
type process struct {
	report
	t     *testing.T
	cmd   *exec.Cmd
	stdin io.Closer
	ended chan struct{}
	said  *strings.Builder // after ended
}

func all(dir string) embedded.Config {
	return embedded.Config{DataDir: dir, Kafka: true, S3: true, Postgres: true}
}

func start(t *testing.T, cfg embedded.Config) *process {
	t.Helper()
	return startAs(t, cfg, nil)
}

func startAs(t *testing.T, cfg embedded.Config, as *syscall.Credential) *process {
	t.Helper()
	p := try(t, cfg, as)
	if p.Err != "" {
		t.Fatal(p.Err)
	}
	return p
}

func try(t *testing.T, cfg embedded.Config, as *syscall.Credential) *process {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	asked, err := json.Marshal(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if as != nil { // the go command's folders are closed to others
		self = copied(t, self)
	}
	p := &process{t: t, cmd: exec.Command(self, "-test.run=^$"), ended: make(chan struct{}), said: &strings.Builder{}}
	p.cmd.Env = append(os.Environ(), childEnv+"="+string(asked))
	if as != nil {
		p.cmd.SysProcAttr = &syscall.SysProcAttr{Credential: as}
		p.cmd.Env = append(p.cmd.Env, "HOME="+cfg.DataDir)
		p.cmd.Dir = cfg.DataDir
	}
	p.cmd.Stderr = p.said
	if p.stdin, err = p.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	stdout, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(stdout).ReadBytes('\n')
	go func() {
		_ = p.cmd.Wait()
		close(p.ended)
	}()
	t.Cleanup(func() {
		p.kill()
		if t.Failed() {
			t.Log(p.said)
		}
	})
	if err == nil {
		err = json.Unmarshal(line, &p.report)
	}
	if err != nil {
		p.kill()
		t.Fatalf("the process said %q: %v: %s", line, err, p.said)
	}
	return p
}

func copied(t *testing.T, program string) string {
	t.Helper()
	bytes, err := os.ReadFile(program)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(passable(t), "embedded.test")
	if err := os.WriteFile(path, bytes, 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

// kill is kill -9.
func (p *process) kill() {
	_ = p.cmd.Process.Kill()
	<-p.ended
}

// stop asks the process to close and reports how long that took.
func (p *process) stop() time.Duration {
	p.t.Helper()
	began := time.Now()
	p.stdin.Close()
	<-p.ended
	if code := p.cmd.ProcessState.ExitCode(); code != 0 {
		p.t.Errorf("closed with status %d: %s", code, p.said)
	}
	return time.Since(began)
}
