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
	"tabiya/internal/kafka"
	"tabiya/internal/objstore"
)

// childEnv holds the Config of the second process of this binary in which the parts run:
// it can be killed and run as another user, and the gateway changes its working directory.
const childEnv = "TABIYA_EMBEDDED_CHILD"

// report is what the second process prints when all its parts answer.
type report struct {
	Brokers     []string
	SASL        kafka.SASL
	DSN         string
	S3          objstore.Config
	PostgresPID int
	Took        time.Duration
	Err         string
	Locked      bool
}

func TestMain(m *testing.M) {
	config := os.Getenv(childEnv)
	if config == "" {
		os.Exit(m.Run())
	}
	var cfg embedded.Config
	if err := json.Unmarshal([]byte(config), &cfg); err != nil {
		panic(err)
	}
	os.Exit(serve(cfg))
}

func serve(cfg embedded.Config) int {
	cfg.Logger = slog.New(slog.NewTextHandler(os.Stderr, nil))
	start := time.Now()
	i, err := embedded.Start(context.Background(), cfg)
	if err != nil {
		printReport(report{Err: err.Error(), Locked: errors.Is(err, embedded.ErrLocked)})
		return 1
	}
	printReport(report{Brokers: i.KafkaBrokers(), SASL: i.KafkaSASL(), DSN: i.PostgresDSN(), S3: i.S3(), PostgresPID: i.PostgresPID(), Took: time.Since(start)})
	_, _ = io.Copy(io.Discard, os.Stdin) // until stop closes it
	if err := i.Close(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

func printReport(r report) {
	if err := json.NewEncoder(os.Stdout).Encode(r); err != nil {
		panic(err)
	}
}

// process is the second process.
type process struct {
	report
	t      *testing.T
	cmd    *exec.Cmd
	stdin  io.Closer
	ended  chan struct{}
	stderr *strings.Builder // complete once ended
}

func allParts(dir string) embedded.Config {
	return embedded.Config{DataDir: dir, Kafka: true, S3: true, Postgres: true}
}

func start(t *testing.T, cfg embedded.Config) *process {
	t.Helper()
	return startAs(t, cfg, nil)
}

func startAs(t *testing.T, cfg embedded.Config, user *syscall.Credential) *process {
	t.Helper()
	p := tryStart(t, cfg, user)
	if p.Err != "" {
		t.Fatal(p.Err)
	}
	return p
}

// tryStart starts the process. Its Err says whether the parts have started.
func tryStart(t *testing.T, cfg embedded.Config, user *syscall.Credential) *process {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	config, err := json.Marshal(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if user != nil { // other users cannot enter the go command's folders
		self = copyProgram(t, self)
	}
	p := &process{t: t, cmd: exec.Command(self, "-test.run=^$"), ended: make(chan struct{}), stderr: &strings.Builder{}}
	p.cmd.Env = append(os.Environ(), childEnv+"="+string(config))
	if user != nil {
		p.cmd.SysProcAttr = &syscall.SysProcAttr{Credential: user}
		p.cmd.Env = append(p.cmd.Env, "HOME="+cfg.DataDir)
		p.cmd.Dir = cfg.DataDir
	}
	p.cmd.Stderr = p.stderr
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
			t.Log(p.stderr)
		}
	})
	if err == nil {
		err = json.Unmarshal(line, &p.report)
	}
	if err != nil {
		p.kill()
		t.Fatalf("the process printed %q: %v: %s", line, err, p.stderr)
	}
	return p
}

func copyProgram(t *testing.T, program string) string {
	t.Helper()
	bytes, err := os.ReadFile(program)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(worldReadableDir(t), "embedded.test")
	if err := os.WriteFile(path, bytes, 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

// kill kills the process with SIGKILL.
func (p *process) kill() {
	_ = p.cmd.Process.Kill()
	<-p.ended
}

// stop closes the parts and returns how long that took.
func (p *process) stop() time.Duration {
	p.t.Helper()
	start := time.Now()
	p.stdin.Close()
	<-p.ended
	if code := p.cmd.ProcessState.ExitCode(); code != 0 {
		p.t.Errorf("exit status %d: %s", code, p.stderr)
	}
	return time.Since(start)
}
