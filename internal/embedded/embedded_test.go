package embedded_test

import (
	"errors"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/internal/embedded"
	"tabiya/internal/eventually"
)

func TestDataSurvivesAKill(t *testing.T) {
	t.Parallel()
	cfg := allParts(t.TempDir())
	p := start(t, cfg)
	createTopic(t, p, topic, nil)
	for round := 1; round <= 3; round++ {
		writeAll(t, p, round)
		p.kill()
		before := p
		p = start(t, cfg) // at once: the PostgreSQL child may still run
		if p.Brokers[0] != before.Brokers[0] || p.S3 != before.S3 {
			t.Errorf("the addresses have changed: %+v, %+v", before.report, p.report)
		}
		checkAll(t, p, round)
	}
	t.Logf("started in %s", p.Took)
}

func TestDataSurvivesAStop(t *testing.T) {
	t.Parallel()
	cfg := allParts(t.TempDir())
	p := start(t, cfg)
	t.Logf("first start in %s", p.Took)
	createTopic(t, p, topic, nil)
	for round := 1; round <= 2; round++ {
		writeAll(t, p, round)
		if took := p.stop(); took > 10*time.Second {
			t.Errorf("stopped in %s", took)
		} else {
			t.Logf("stopped in %s", took)
		}
		p = start(t, cfg)
		checkAll(t, p, round)
	}
	t.Logf("started in %s", p.Took)
}

func TestSecondProcessFailsWithAOneLineError(t *testing.T) {
	t.Parallel()
	cfg := embedded.Config{DataDir: t.TempDir()} // the folder is locked even without parts
	first := start(t, cfg)
	second := tryStart(t, cfg, nil)
	if !second.Locked || strings.Contains(second.Err, "\n") || !strings.Contains(second.Err, strconv.Itoa(first.cmd.Process.Pid)) {
		t.Errorf("got error %q", second.Err)
	}
	first.kill()
	start(t, cfg)
}

func TestPostgresChildEndsWithItsParent(t *testing.T) {
	t.Parallel()
	p := start(t, embedded.Config{DataDir: t.TempDir(), Postgres: true})
	p.kill()
	eventually.True(t, "the server has ended", func() bool { return !alive(p.PostgresPID) })
}

func alive(pid int) bool { return !errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) }

func TestPostgresChildThatDiesIsRestarted(t *testing.T) {
	t.Parallel()
	p := start(t, embedded.Config{DataDir: t.TempDir(), Postgres: true})
	if err := syscall.Kill(p.PostgresPID, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	ctx := withTimeout(t)
	for {
		db, err := pgx.Connect(ctx, p.DSN)
		if err == nil {
			db.Close(ctx)
			break
		}
		if ctx.Err() != nil {
			t.Fatal(err)
		}
	}
	p.stop()
}

// After a restart of a container, process ids start again, so a postmaster.pid can name
// another program.
func TestPidFileOfAnotherProgramDoesNotBlockTheStart(t *testing.T) {
	t.Parallel()
	cfg := embedded.Config{DataDir: t.TempDir(), Postgres: true}
	start(t, cfg).stop()
	other := start(t, embedded.Config{DataDir: t.TempDir()})
	path := filepath.Join(cfg.DataDir, "postgres", "data", "postmaster.pid")
	stale := strconv.Itoa(other.cmd.Process.Pid) + "\n" + filepath.Dir(path) + "\n1\n5432\n\n127.0.0.1\n0 0\nready   \n"
	if err := os.WriteFile(path, []byte(stale), 0o644); err != nil {
		t.Fatal(err)
	}
	start(t, cfg)
	if !alive(other.cmd.Process.Pid) {
		t.Error("the other process was killed")
	}
}

func TestPartsRunAsAnOrdinaryUser(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		start(t, allParts(t.TempDir())) // the test runs as one
		return
	}
	nobody, err := user.Lookup("nobody")
	if err != nil {
		t.Fatal(err)
	}
	uid, _ := strconv.Atoi(nobody.Uid)
	gid, _ := strconv.Atoi(nobody.Gid)
	dir := worldReadableDir(t)
	if err := os.Chown(dir, uid, gid); err != nil {
		t.Fatal(err)
	}
	cfg, credential := allParts(dir), &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	p := startAs(t, cfg, credential)
	createTopic(t, p, topic, nil)
	writeAll(t, p, 1)
	p.kill()
	p = startAs(t, cfg, credential)
	checkAll(t, p, 1)
}

// worldReadableDir returns a temporary folder that other users can enter.
func worldReadableDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "tabiya-embedded-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

// The data folder of root is often below /root, which PostgreSQL's user cannot enter.
func TestPostgresRunsInAFolderThatItsUserCannotEnter(t *testing.T) {
	t.Parallel()
	closed := filepath.Join(worldReadableDir(t), "closed")
	if err := os.Mkdir(closed, 0o700); err != nil {
		t.Fatal(err)
	}
	cfg := embedded.Config{DataDir: filepath.Join(closed, "data"), Postgres: true}
	start(t, cfg).stop()
	start(t, cfg).kill()
	start(t, cfg).stop()
	info, err := os.Stat(closed)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o700 {
		t.Errorf("the mode was changed to %s", info.Mode())
	}
}

// A crash of the machine can leave an incomplete batch.
func TestIncompleteLastBatchIsTruncated(t *testing.T) {
	t.Parallel()
	cfg := embedded.Config{DataDir: t.TempDir(), Kafka: true}
	p := start(t, cfg)
	compact := "compact"
	createTopic(t, p, topic, map[string]*string{"cleanup.policy": &compact})
	produce := func(value string) int64 {
		t.Helper()
		r := &kgo.Record{Topic: topic, Key: []byte("k"), Value: []byte(value), Timestamp: time.UnixMilli(1)}
		client := connect(t, p, kgo.RecordPartitioner(kgo.ManualPartitioner()))
		if err := client.ProduceSync(withTimeout(t), r).FirstErr(); err != nil {
			t.Fatal(err)
		}
		return r.Offset
	}
	for range 3 {
		produce("whole")
	}
	p.kill()

	segment := filepath.Join(cfg.DataDir, "kafka", "partitions", topic+"-0", "0.dat")
	info, err := os.Stat(segment)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(segment, info.Size()-5); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(strings.TrimSuffix(segment, ".dat") + ".idx"); err != nil { // may be incomplete too
		t.Fatal(err)
	}
	p = start(t, cfg)
	if offset := produce("after"); offset != 2 {
		t.Errorf("continued at offset %d, want 2", offset)
	}
	p.kill()
	p = start(t, cfg)
	reader := connect(t, p, kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{topic: {0: kgo.NewOffset().AtStart()}}))
	var got []string
	for ctx := withTimeout(t); len(got) < 3 && ctx.Err() == nil; {
		for r := range reader.PollFetches(ctx).RecordsAll() {
			got = append(got, string(r.Value))
		}
	}
	if !slices.Equal(got, []string{"whole", "whole", "after"}) {
		t.Errorf("got %q", got)
	}
	configs, err := kadm.NewClient(reader).DescribeTopicConfigs(withTimeout(t), topic)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range configs[0].Configs {
		if c.Key == "cleanup.policy" && c.MaybeValue() != compact {
			t.Errorf("the topic's cleanup policy is %q", c.MaybeValue())
		}
	}
}
