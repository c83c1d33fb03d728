package test

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"tabiya/internal/kafka"
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
	all := append([]string{"up", "--data", p.data, "--listen", "127.0.0.1:0", "--wave=200ms"}, quickArchive...)
	began := time.Now()
	p.process = launch(t, "up", nil, append(all, args...)...)
	p.find(t, began)
	// From now on the address stays: clients find the platform again.
	for i, arg := range p.args {
		if arg == "127.0.0.1:0" {
			p.args[i] = p.url[len("http://"):]
		}
	}
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

// replay starts a replay of real games against the platform.
func (p *platform) replay(t testing.TB, args ...string) *process {
	t.Helper()
	all := []string{"replay", "--url", p.url, "--service-token", p.serviceToken}
	return launch(t, "replay", nil, append(all, args...)...)
}

// succeed waits for a replay and wants no mismatch.
func succeed(t testing.TB, replay *process, limit time.Duration) {
	t.Helper()
	replay.wait(limit)
	if status := replay.cmd.ProcessState.ExitCode(); status != 0 {
		t.Fatalf("the replay ended with status %d", status)
	}
	t.Logf("replay:\n%s", replay.log)
}

// moved waits until the API has answered so many requests for moves.
func answering(t testing.TB, url string) {
	t.Helper()
	eventually(t, "an answer of "+url, func() error {
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
