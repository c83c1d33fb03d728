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

// quickArchive closes the archive's files within seconds.
var quickArchive = []string{"--archive-window=2s", "--archive-grace=1s"}

// platform is a `tabiya up`.
type platform struct {
	*process
	data string
	place
	url, serviceToken string
}

// up starts everything in one process and waits until it is ready.
func up(t testing.TB, args ...string) *platform {
	t.Helper()
	p := &platform{data: dataDir(t)}
	all := append([]string{"up", "--data", p.data, "--listen", loopbacktest.Address(t), "--wave=200ms"}, quickArchive...)
	began := time.Now()
	p.process = launch(t, "up", nil, append(all, args...)...)
	p.find(t, began)
	ready(t, p.process, p.url, time.Minute)
	return p
}

// again starts the stopped or killed platform on the same data.
func (p *platform) again(t testing.TB) {
	t.Helper()
	began := time.Now()
	p.start()
	p.find(t, began)
}

// find reads what the platform says about itself.
func (p *platform) find(t testing.TB, began time.Time) {
	t.Helper()
	file := filepath.Join(p.data, "endpoints.json")
	freshSince(t, p.process, file, began.Truncate(time.Millisecond), 2*time.Minute)
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var e struct {
		URL, ServiceToken, Postgres string
		Kafka                       []string
		S3                          struct{ Endpoint, Region, Bucket, AccessKey, SecretKey string }
	}
	if err := json.Unmarshal(text, &e); err != nil {
		t.Fatal(err)
	}
	p.url, p.serviceToken = e.URL, e.ServiceToken
	p.place = place{
		kafka:    kafka.Config{Brokers: e.Kafka},
		postgres: e.Postgres,
		s3: objstore.Config{
			Endpoint: e.S3.Endpoint, Region: e.S3.Region, Bucket: e.S3.Bucket,
			AccessKey: e.S3.AccessKey, SecretKey: e.S3.SecretKey, PathStyle: true,
		},
	}
}

// games are the arguments of a replay of real games against the platform.
func (p *platform) games(args ...string) []string {
	return append([]string{"--url", p.url, "--service-token", p.serviceToken}, args...)
}

// replay starts one.
func (p *platform) replay(t testing.TB, args ...string) *process {
	t.Helper()
	return launch(t, "replay", nil, append([]string{"replay"}, p.games(args...)...)...)
}

// succeed waits for a replay and wants no mismatch.
func succeed(t testing.TB, replay *process, limit time.Duration) {
	t.Helper()
	replay.wait(limit)
	if status := replay.cmd.ProcessState.ExitCode(); status != 0 {
		t.Fatalf("%s ended with status %d", replay.name, status)
	}
	t.Logf("%s:\n%s", replay.name, replay.log)
}

// replayLimit bounds one replay through kills, on a busy machine.
const replayLimit = 6 * time.Minute

// underReplays does something while replays of real games go on, one behind the
// other in each lane, and then waits for the last of them. There is a replay at
// every moment, however fast the machine.
func underReplays(t *testing.T, do func(), lanes ...[]string) {
	t.Helper()
	var (
		done  = make(chan struct{})
		going sync.WaitGroup
	)
	for i, args := range lanes {
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
					t.Errorf("%s did not end in %s", replay.name, replayLimit)
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

// heckled is underReplays with a heckler among them, whose moves must be in the
// log as they were answered.
func heckled(t *testing.T, url, serviceToken string, do func(), lanes ...[]string) (check func(theLog)) {
	t.Helper()
	h, stop, stopped := newHeckler(url), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		h.until(t, stop, serviceToken)
	}()
	underReplays(t, func() {
		do()
		close(stop)
		<-stopped
	}, lanes...)
	return func(log theLog) { h.check(t, log) }
}

// answering waits until the API answers.
func answering(t testing.TB, url string) {
	t.Helper()
	eventually.NoError(t, "an answer of "+url, func() error {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		_, _, err := get(ctx, url+"/healthz")
		return err
	})
}

// checkAll compares all places in which the platform's events are.
func checkAll(t testing.TB, at place) theLog {
	t.Helper()
	log := readLog(t, at)
	log.checkSeqs(t)
	log.checkWhole(t)
	log.checkPostgres(t, at)
	log.checkRaw(t, at)
	log.checkParquet(t, at)
	return log
}
