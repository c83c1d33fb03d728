package test

import (
	"bytes"
	"context"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// keepDirEnv names an environment variable with a folder for failed tests: their
// processes' logs and goroutine dumps are written there, and their data is kept.
const keepDirEnv = "TABIYA_TEST_KEEP"

// process is the program with fixed arguments. It can be started several times.
type process struct {
	t      testing.TB
	path   string // of the program
	name   string
	args   []string
	env    []string
	log    *logFile
	cmd    *exec.Cmd
	exited chan struct{}
}

// logFile collects the output of all runs in memory, of long ones the end.
type logFile struct {
	mu sync.Mutex
	b  bytes.Buffer
}

const maxLogBytes = 16 << 20

func (l *logFile) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.b.Len() > maxLogBytes {
		l.b.Next(maxLogBytes / 2)
	}
	return l.b.Write(p)
}

func (l *logFile) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// launch starts the program. When the test ends, the program is killed, and its output is
// shown if the test has failed.
func launch(t testing.TB, name string, env []string, args ...string) *process {
	t.Helper()
	return launchProgram(t, binary(t), name, env, args...)
}

// launchProgram is launch for the program at path.
func launchProgram(t testing.TB, path, name string, env []string, args ...string) *process {
	t.Helper()
	p := &process{t: t, path: path, name: name, args: args, env: env, log: &logFile{}}
	p.start()
	t.Cleanup(func() {
		if t.Failed() && os.Getenv(keepDirEnv) != "" {
			p.signal(syscall.SIGQUIT) // prints all goroutines
			p.wait(10 * time.Second)
		}
		p.kill()
		if t.Failed() {
			text := p.log.String()
			if dir := os.Getenv(keepDirEnv); dir != "" {
				_ = os.WriteFile(filepath.Join(dir, strings.ReplaceAll(t.Name()+" "+p.name+".log", " ", "-")), []byte(text), 0o600)
			}
			t.Logf("output of %s:\n%s", p.name, text[max(0, len(text)-20_000):])
		}
	})
	return p
}

func (p *process) start() {
	p.t.Helper()
	p.cmd = exec.Command(p.path, p.args...)
	p.cmd.Env = append(os.Environ(), p.env...)
	p.cmd.Stdout, p.cmd.Stderr = p.log, p.log
	// In a process group of its own, the program does not get the terminal's Ctrl-C.
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := p.cmd.Start(); err != nil {
		p.t.Fatalf("start %s: %v", p.name, err)
	}
	p.exited = make(chan struct{})
	go func(cmd *exec.Cmd, exited chan struct{}) {
		_ = cmd.Wait() // the result is in ProcessState
		close(exited)
	}(p.cmd, p.exited)
}

func (p *process) signal(s syscall.Signal) { _ = p.cmd.Process.Signal(s) }

// kill sends SIGKILL and waits for the end. It does nothing if the process has ended.
func (p *process) kill() {
	p.signal(syscall.SIGKILL)
	<-p.exited
}

// interrupt sends SIGINT, as Ctrl-C does. It returns how long the process took to end and
// its exit status.
func (p *process) interrupt(limit time.Duration) (took time.Duration, status int) {
	p.t.Helper()
	p.signal(syscall.SIGINT)
	took = p.wait(limit)
	return took, p.cmd.ProcessState.ExitCode()
}

// wait waits for the process to end by itself.
func (p *process) wait(limit time.Duration) time.Duration {
	p.t.Helper()
	start := time.Now()
	select {
	case <-p.exited:
	case <-time.After(limit):
		p.signal(syscall.SIGQUIT) // prints all goroutines
		<-p.exited
		p.t.Fatalf("%s did not end within %s", p.name, limit)
	}
	return time.Since(start)
}

// ready waits until /readyz at url answers 200. The answer counts only if the process is
// still running, since another process could have taken over the address.
func ready(t testing.TB, p *process, url string, limit time.Duration) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	last := "no answer"
	for ctx.Err() == nil {
		body, status, err := get(ctx, url+"/readyz")
		if last = string(body); err != nil {
			last = err.Error()
		}
		select {
		case <-p.exited:
			t.Fatalf("%s ended before it was ready", p.name)
		case <-time.After(50 * time.Millisecond):
			if err == nil && status == http.StatusOK {
				return
			}
		}
	}
	t.Fatalf("%s is not ready after %s: %s", p.name, limit, last)
}

func get(ctx context.Context, url string) ([]byte, int, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, 0, err
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, 0, err
	}
	defer answer.Body.Close()
	var body bytes.Buffer
	_, err = body.ReadFrom(answer.Body)
	return body.Bytes(), answer.StatusCode, err
}

// freshSince waits until a file has been written after since.
func freshSince(t testing.TB, p *process, path string, since time.Time, limit time.Duration) {
	t.Helper()
	deadline := time.After(limit)
	for {
		if info, err := os.Stat(path); err == nil && !info.ModTime().Before(since) {
			return
		}
		select {
		case <-p.exited:
			t.Fatalf("%s ended before it wrote %s", p.name, filepath.Base(path))
		case <-deadline:
			t.Fatalf("%s did not write %s within %s", p.name, filepath.Base(path), limit)
		case <-time.After(20 * time.Millisecond):
		}
	}
}
