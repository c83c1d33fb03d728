package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// process is a child process whose CPU time and memory are read from the kernel.
type process struct {
	cmd  *exec.Cmd
	done chan error
}

// startProcess starts a child that is killed when this process ends. stdout may be nil.
func startProcess(env []string, stdout *os.File, name string, args ...string) (*process, error) {
	cmd := exec.Command(name, args...)
	cmd.Env = append(os.Environ(), env...)
	cmd.Stderr = os.Stderr
	if stdout != nil {
		cmd.Stdout = stdout
	}
	runtime.LockOSThread() // Pdeathsig follows the thread that started the child
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	p := &process{cmd: cmd, done: make(chan error, 1)}
	go func() { p.done <- cmd.Wait() }()
	return p, nil
}

// stop sends SIGTERM, and SIGKILL if the child has not ended after 20 s.
func (p *process) stop() {
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.done:
	case <-time.After(20 * time.Second):
		_ = p.cmd.Process.Kill()
		<-p.done
	}
}

// cpu returns the CPU time that the child has used so far.
func (p *process) cpu() (time.Duration, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.cmd.Process.Pid))
	if err != nil {
		return 0, fmt.Errorf("read processor time: %w", err)
	}
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
	var ticks int64
	for _, f := range fields[11:13] { // utime, stime
		n, err := strconv.ParseInt(f, 10, 64)
		if err != nil {
			return 0, fmt.Errorf("read processor time: %w", err)
		}
		ticks += n
	}
	return time.Duration(ticks) * 10 * time.Millisecond, nil // USER_HZ is 100 on Linux
}

// waitUntilIdle waits until the child uses almost no CPU time, so that work left from
// earlier moves, such as closing files of the archive, is not measured.
func (p *process) waitUntilIdle() error {
	return retryFor(time.Minute, func() error {
		before, err := p.cpu()
		if err != nil {
			return err
		}
		time.Sleep(time.Second)
		after, err := p.cpu()
		if err != nil {
			return err
		}
		if used := after - before; used > 80*time.Millisecond {
			return fmt.Errorf("the program is not idle: it used %v of CPU time in a second", used)
		}
		return nil
	})
}

// waitForMemoryReturn waits until the child has returned unused memory, which it does
// after some seconds without load.
func (p *process) waitForMemoryReturn() error {
	time.Sleep(10 * time.Second)
	return p.waitUntilIdle()
}

// memory returns a field of /proc/<pid>/status, VmRSS or VmHWM, in MiB.
func (p *process) memory(field string) (float64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		return 0, fmt.Errorf("read memory: %w", err)
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, field+":"); ok {
			kib, err := strconv.ParseFloat(strings.Fields(rest)[0], 64)
			return kib / 1024, err
		}
	}
	return 0, fmt.Errorf("no %s in /proc", field)
}

// ownCPU returns the CPU time of this process, the load generator.
func ownCPU() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
