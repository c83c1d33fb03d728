package test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"tabiya/internal/embedded"
	"tabiya/internal/embedded/pgchild"
	"tabiya/internal/objstore"
	"tabiya/internal/objstore/objstoretest"
)

// storeEnv names the environment variable with the folder of an S3 store, which this
// binary then serves instead of running tests: a process to kill.
const storeEnv = "TABIYA_TEST_STORE"

func TestMain(m *testing.M) {
	dir := os.Getenv(storeEnv)
	if dir == "" {
		objstoretest.Main(m)
	}
	if err := serveStore(dir); err != nil {
		fmt.Fprintln(os.Stderr, "store:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

// serveStore serves the store in a folder until SIGTERM. The folder keeps its address and
// keys.
func serveStore(dir string) error {
	instance, err := embedded.Start(context.Background(), embedded.Config{DataDir: dir, S3: true})
	if err != nil {
		return err
	}
	text, err := json.Marshal(instance.S3())
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "config.json"), text, 0o600)
	}
	if err != nil {
		return errors.Join(err, instance.Close(context.Background()))
	}
	select {} // ended by a signal
}

// launchStore starts an S3 store as a process.
func launchStore(t testing.TB) (*process, objstore.Config) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir, began := dataDir(t), time.Now()
	p := launchProgram(t, self, "s3", []string{storeEnv + "=" + dir}, "-test.run=^$")
	file := filepath.Join(dir, "config.json")
	freshSince(t, p, file, began.Truncate(time.Millisecond), time.Minute)
	var config objstore.Config
	for json.Unmarshal(mustRead(t, file), &config) != nil { // half written
		time.Sleep(time.Millisecond)
	}
	return p, config
}

func mustRead(t testing.TB, file string) []byte {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// startPostgres starts a PostgreSQL server, which is started again whenever it ends.
func startPostgres(t testing.TB) *pgchild.Server {
	t.Helper()
	server, err := pgchild.Start(t.Context(), pgchild.Config{Dir: dataDir(t), Logger: slog.New(slog.DiscardHandler), NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		_ = server.Close(ctx)
	})
	return server
}
