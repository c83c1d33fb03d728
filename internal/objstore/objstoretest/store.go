// Package objstoretest gives a test a bucket of its own in an embedded store, and has
// the acceptance suite of package objstore.
//
// The store changes the working directory of its process, so it runs in a second
// process of the test binary. Every such binary has this TestMain:
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

// Metadata is where the embedded store keeps its metadata.
type Metadata string

const (
	Attributes Metadata = "attributes" // extended attributes of the files; the default
	Sidecar    Metadata = "sidecar"    // files of their own
)

const childEnv = "TABIYA_OBJSTORETEST_CHILD"

// Main runs the binary's tests or, in the process that a test started, the store. It
// does not return.
func Main(m *testing.M) {
	metadata := os.Getenv(childEnv)
	if metadata == "" {
		os.Exit(m.Run())
	}
	if err := serve(Metadata(metadata)); err != nil {
		fmt.Fprintln(os.Stderr, "objstoretest:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

// serve runs a store until the test's process ends, which closes stdin.
func serve(metadata Metadata) (err error) {
	dir, err := os.MkdirTemp("", "tabiya-s3-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	if metadata == Sidecar { // the store uses a sidecar where it finds one
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

// storeProcess is a store in its own process. stdin must stay reachable: a pipe that is
// garbage collected is closed.
type storeProcess struct {
	config objstore.Config
	stdin  io.Closer
}

// shared starts the stores that all tests of a binary share, one of each kind.
var shared = map[Metadata]func() (storeProcess, error){
	Attributes: sync.OnceValues(func() (storeProcess, error) { return startStore(Attributes) }),
	Sidecar:    sync.OnceValues(func() (storeProcess, error) { return startStore(Sidecar) }),
}

func startStore(metadata Metadata) (storeProcess, error) {
	self, err := os.Executable()
	if err != nil {
		return storeProcess{}, err
	}
	cmd := exec.Command(self, "-test.run=^$")
	cmd.Env = append(os.Environ(), childEnv+"="+string(metadata))
	var stderr strings.Builder
	cmd.Stderr = &stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return storeProcess{}, err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return storeProcess{}, err
	}
	if err := cmd.Start(); err != nil {
		return storeProcess{}, err
	}
	line, err := bufio.NewReader(stdout).ReadBytes('\n')
	var config objstore.Config
	if err == nil {
		err = json.Unmarshal(line, &config)
	}
	if err != nil {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		return storeProcess{}, fmt.Errorf("the store did not start (does TestMain call objstoretest.Main?): %w: %s", err, stderr.String())
	}
	return storeProcess{config, stdin}, nil
}

// Store is a test's own bucket. Down and Up simulate an outage of the store.
type Store struct {
	*objstore.Bucket
	// Config is how to reach the bucket, through the store's own proxy.
	Config objstore.Config

	proxy *loopbacktest.Proxy
}

// New creates the test's bucket.
func New(t testing.TB) *Store { return NewWithMetadata(t, Attributes) }

// NewWithMetadata creates the test's bucket in a store that keeps its metadata there.
func NewWithMetadata(t testing.TB, metadata Metadata) *Store {
	t.Helper()
	store, err := shared[metadata]()
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

// Down makes the store unreachable: it closes connections and refuses new ones.
func (s *Store) Down() { s.proxy.Cut() }

// Up makes the store reachable again, with its data.
func (s *Store) Up() { s.proxy.Restore() }
