package test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"tabiya/internal/eventually"
	"tabiya/internal/kafka"
	"tabiya/internal/loopbacktest"
	"tabiya/internal/objstore"
)

// quickArchive makes the archive close its files within seconds.
var quickArchive = []string{"--archive-window=2s", "--archive-grace=1s"}

// platform is a `tabiya up`.
type platform struct {
	*process
	data string
	stores
	url, opsURL, serviceToken string
}

// up starts a `tabiya up` and waits until it is ready.
func up(t testing.TB, args ...string) *platform {
	t.Helper()
	p := &platform{data: dataDir(t)}
	all := append([]string{"up", "--data", p.data, "--listen", loopbacktest.Address(t), "--wave=200ms"}, quickArchive...)
	began := time.Now()
	p.process = launch(t, "up", nil, append(all, args...)...)
	p.readEndpoints(t, began)
	ready(t, p.process, p.url, time.Minute)
	return p
}

// restart starts the stopped or killed platform with the same data.
func (p *platform) restart(t testing.TB) {
	t.Helper()
	began := time.Now()
	p.start()
	p.readEndpoints(t, began)
}

// readEndpoints reads the platform's new endpoints.json.
func (p *platform) readEndpoints(t testing.TB, began time.Time) {
	t.Helper()
	file := filepath.Join(p.data, "endpoints.json")
	freshSince(t, p.process, file, began.Truncate(time.Millisecond), 2*time.Minute)
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var e struct {
		URL, OpsURL, ServiceToken, Postgres string
		Kafka                               []string
		KafkaLogin                          kafka.SASL
		S3                                  struct{ Endpoint, Region, Bucket, AccessKey, SecretKey string }
	}
	if err := json.Unmarshal(text, &e); err != nil {
		t.Fatal(err)
	}
	p.url, p.opsURL, p.serviceToken = e.URL, e.OpsURL, e.ServiceToken
	p.stores = stores{
		kafka:    kafka.Config{Brokers: e.Kafka, SASL: e.KafkaLogin},
		postgres: e.Postgres,
		s3: objstore.Config{
			Endpoint: e.S3.Endpoint, Region: e.S3.Region, Bucket: e.S3.Bucket,
			AccessKey: e.S3.AccessKey, SecretKey: e.S3.SecretKey, PathStyle: true,
		},
	}
}

// games returns the arguments of a replay against the platform.
func (p *platform) games(args ...string) []string {
	return append([]string{"--url", p.url, "--service-token", p.serviceToken}, args...)
}

// replay starts a replay.
func (p *platform) replay(t testing.TB, args ...string) *process {
	t.Helper()
	return launch(t, "replay", nil, append([]string{"replay"}, p.games(args...)...)...)
}

// succeed waits for a replay and expects exit status 0.
func succeed(t testing.TB, replay *process, limit time.Duration) {
	t.Helper()
	replay.wait(limit)
	if status := replay.cmd.ProcessState.ExitCode(); status != 0 {
		t.Fatalf("%s ended with status %d", replay.name, status)
	}
	t.Logf("%s:\n%s", replay.name, replay.log)
}

// replayLimit is how long one replay may take, with kills and on a busy machine.
const replayLimit = 6 * time.Minute

// underReplays calls do while replays of real games run, and waits for the replays to end.
// Each element of replays has the arguments of a replay, which is repeated until do has
// returned, so that there is load at all times on any machine.
func underReplays(t *testing.T, do func(), replays ...[]string) {
	t.Helper()
	var (
		done  = make(chan struct{})
		going sync.WaitGroup
	)
	for i, args := range replays {
		started := make(chan struct{})
		going.Go(func() {
			for first := true; ; first = false {
				replay := launch(t, fmt.Sprintf("replay %d", i+1), nil, append([]string{"replay"}, args...)...)
				if first {
					close(started)
				}
				select {
				case <-replay.exited:
				case <-time.After(replayLimit):
					t.Errorf("%s did not end within %s", replay.name, replayLimit)
					return
				}
				if status := replay.cmd.ProcessState.ExitCode(); status != 0 {
					t.Errorf("%s ended with status %d", replay.name, status)
					return
				}
				t.Logf("%s:\n%s", replay.name, replay.log)
				select {
				case <-done:
					return
				default:
				}
			}
		})
		<-started
	}
	do()
	close(done)
	going.Wait()
	if t.Failed() {
		t.FailNow()
	}
}

// withOutOfTurnMoves is underReplays with outOfTurnPlayers in addition. The returned check
// compares their answers with the log.
func withOutOfTurnMoves(t *testing.T, url, serviceToken string, do func(), replays ...[]string) (check func(eventLog)) {
	t.Helper()
	players, stop, stopped := newOutOfTurnPlayers(url), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		players.until(t, stop, serviceToken)
	}()
	underReplays(t, func() {
		do()
		close(stop)
		<-stopped
	}, replays...)
	return func(log eventLog) { players.check(t, log) }
}

// answering waits until the API answers.
func answering(t testing.TB, url string) {
	t.Helper()
	eventually.NoError(t, "an answer from "+url, func() error {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		_, _, err := get(ctx, url+"/healthz")
		return err
	})
}

// checkAll checks the log and compares it with PostgreSQL and both archives.
func checkAll(t testing.TB, at stores) eventLog {
	t.Helper()
	log := readRatedLog(t, at)
	log.checkSeqs(t)
	log.checkWhole(t)
	log.checkPostgres(t, at)
	log.checkRatings(t, at)
	log.checkRaw(t, at)
	log.checkParquet(t, at)
	return log
}
