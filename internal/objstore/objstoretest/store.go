// Package objstoretest gives a test a bucket of its own in an embedded store,
// and holds the acceptance suite of package objstore.
//
// The store changes its process's working folder, so it runs in a second process
// of the test binary. The binary says so in its TestMain:
//
//	func TestMain(m *testing.M) { objstoretest.Main(m) }
package objstoretest

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"tabiya/internal/embedded"
	"tabiya/internal/loopbacktest"
	"tabiya/internal/objstore"
)

// Kind is a way in which the embedded store keeps its metadata.
type Kind string

const (
	Attributes Kind = "attributes" // of the files; what it does where it can
	SideCar    Kind = "sidecar"    // in files beside them
)

const childEnv = "TABIYA_OBJSTORETEST_CHILD"

// Main runs the binary's tests, or, in the process that a test started, the
// store. It does not return.
func Main(m *testing.M) {
	kind := os.Getenv(childEnv)
	if kind == "" {
		os.Exit(m.Run())
	}
	if err := serve(Kind(kind)); err != nil {
		fmt.Fprintln(os.Stderr, "objstoretest:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

// serve runs a store until the test's process ends, which breaks our input.
func serve(kind Kind) (err error) {
	dir, err := os.MkdirTemp("", "tabiya-s3-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	if kind == SideCar { // a folder goes on the way it began
		if err := os.Mkdir(filepath.Join(dir, "s3-meta"), 0o755); err != nil {
			return err
		}
	}
	ctx := context.Background()
	instance, err := embedded.Start(ctx, embedded.Config{DataDir: dir, S3: true})
	if err != nil {
		return err
	}
	if err := json.NewEncoder(os.Stdout).Encode(instance.S3()); err != nil {
		return err
	}
	_, _ = io.Copy(io.Discard, os.Stdin)
	return instance.Close(ctx)
}

// running is a store in its process; stdin must stay reachable, since a pipe
// that is collected is closed.
type running struct {
	config objstore.Config
	stdin  io.Closer
}

// The tests of a binary share one store of each kind.
var shared = map[Kind]func() (running, error){
	Attributes: sync.OnceValues(func() (running, error) { return launch(Attributes) }),
	SideCar:    sync.OnceValues(func() (running, error) { return launch(SideCar) }),
}

func launch(kind Kind) (running, error) {
	self, err := os.Executable()
	if err != nil {
		return running{}, err
	}
	cmd := exec.Command(self, "-test.run=^$")
	cmd.Env = append(os.Environ(), childEnv+"="+string(kind))
	var said strings.Builder
	cmd.Stderr = &said
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return running{}, err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return running{}, err
	}
	if err := cmd.Start(); err != nil {
		return running{}, err
	}
	line, err := bufio.NewReader(stdout).ReadBytes('\n')
	var config objstore.Config
	if err == nil {
		err = json.Unmarshal(line, &config)
	}
	if err != nil {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		return running{}, fmt.Errorf("the store did not start (does TestMain call objstoretest.Main?): %w: %s", err, said.String())
	}
	return running{config, stdin}, nil
}

// Store is a test's own bucket.
type Store struct {
	*objstore.Bucket
	// Config is how to reach the bucket, through the store's own proxy.
	Config objstore.Config

	proxy *loopbacktest.Proxy
}

// New makes the test's bucket.
func New(t testing.TB) *Store { return NewKind(t, Attributes) }

// NewKind makes the test's bucket in a store of that kind.
func NewKind(t testing.TB, kind Kind) *Store {
	t.Helper()
	store, err := shared[kind]()
	if err != nil {
		t.Fatalf("objstoretest: %v", err)
	}
	s := &Store{Config: store.config}
	s.proxy, s.Config.Endpoint = loopbacktest.ProxyURL(t, store.config.Endpoint)
	s.Config.Bucket = "test-" + uuid.NewString()
	if s.Bucket, err = objstore.Open(t.Context(), s.Config); err != nil {
		t.Fatalf("objstoretest: %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	if err := s.Create(ctx); err != nil {
		t.Fatalf("objstoretest: %v", err)
	}
	return s
}

// Down makes the store unreachable: connections are cut, new ones refused.
func (s *Store) Down() { s.proxy.Cut() }

// Up ends Down; the data is still there.
func (s *Store) Up() { s.proxy.Restore() }
