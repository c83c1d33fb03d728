package test

import (
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"tabiya/internal/gamestest"
	"tabiya/internal/kafka"
	"tabiya/internal/kafka/realkafka"
	"tabiya/internal/loopbacktest"
	"tabiya/internal/objstore/objstoretest"
	"tabiya/internal/postgres/postgrestest"
)

// parts is the platform past one process: a real Kafka, a PostgreSQL, an S3
// store, and every named part in a process of its own.
type parts struct {
	place
	broker       *realkafka.Broker
	processes    map[string]*process
	urls         map[string]string
	serviceToken string
	env          []string // of every process
	signing      string   // the account service's key
}

// allParts are the names of the processes; two of the games processor share its
// partitions.
var allParts = []string{
	"processor players", "processor matchmaking", "processor games", "processor games 2",
	"sink postgres", "sink raw", "sink parquet",
	"service account", "service matchmaking", "service livegame", "service history",
}

func startParts(t testing.TB, names ...string) *parts {
	t.Helper()
	store := objstoretest.New(t)
	p := &parts{
		broker:    realkafka.Start(t),
		processes: map[string]*process{},
		urls:      map[string]string{},
	}
	p.place = place{kafka.Config{Brokers: p.broker.Brokers()}, postgrestest.New(t).DSN, store.Config}
	dir := dataDir(t)
	public := filepath.Join(dir, "public.pem")
	p.signing = filepath.Join(dir, "signing.pem")
	p.env = []string{
		"TABIYA_KAFKA=" + strings.Join(p.kafka.Brokers, ","), "TABIYA_POSTGRES=" + p.postgres, "TABIYA_S3=" + p.s3.Endpoint,
		"TABIYA_S3_BUCKET=" + p.s3.Bucket, "TABIYA_S3_ACCESS_KEY=" + p.s3.AccessKey, "TABIYA_S3_SECRET_KEY=" + p.s3.SecretKey,
		"TABIYA_ARCHIVE_WINDOW=2s", "TABIYA_ARCHIVE_GRACE=1s", "TABIYA_WAVE=200ms", "TABIYA_KEY=" + public, "TABIYA_ARCHIVE_TEMP=" + dir,
	}
	oneShot(t, p.env, "topics", "create", "--partitions=4", "--replication=1", "--min-isr=1")
	oneShot(t, p.env, "token", "key", "--key", p.signing, "--public", public)
	p.serviceToken = strings.TrimSpace(oneShot(t, p.env, "token", "service", "--key", p.signing))

	for _, name := range names {
		p.launch(t, name)
	}
	for _, name := range names {
		ready(t, p.processes[name], p.urls[name], 2*time.Minute)
	}
	return p
}

// launch starts a part in a process of its own; a 2 behind its name makes it the
// second of its kind.
func (p *parts) launch(t testing.TB, name string) {
	t.Helper()
	address := loopbacktest.Address(t)
	p.urls[name] = "http://" + address
	args := append(strings.Fields(strings.TrimSuffix(name, " 2")), "--listen", address)
	if name == "service account" {
		args = append(args, "--key", p.signing)
	}
	env := append(slices.Clone(p.env), "TABIYA_KAFKA_INSTANCE="+strings.ReplaceAll(name, " ", "-"))
	p.processes[name] = launch(t, name, env, args...)
}

func oneShot(t testing.TB, env []string, args ...string) string {
	t.Helper()
	cmd := exec.Command(binary(t), args...)
	cmd.Env = append(cmd.Environ(), env...)
	var failed strings.Builder
	cmd.Stderr = &failed
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("tabiya %s: %v\n%s", strings.Join(args, " "), err, failed.String())
	}
	return string(out)
}

// gateway puts the services behind one address, by path, as nginx does in the
// compose file.
func (p *parts) gateway(t testing.TB) string {
	t.Helper()
	to := func(service string) http.Handler {
		target, err := url.Parse(p.urls["service "+service])
		if err != nil {
			t.Fatal(err)
		}
		return &httputil.ReverseProxy{
			Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target) }, FlushInterval: -1,
			ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) },
		}
	}
	mux := http.NewServeMux()
	for path, service := range map[string]string{
		"/v1/queues": "matchmaking", "/v1/queues/": "matchmaking", "/v1/me/": "matchmaking",
		"/v1/games": "livegame", "/v1/games/": "livegame", "/v1/tv": "livegame", "/v1/tv/": "livegame", "/v1/history/": "history", "/": "account",
	} {
		mux.Handle(path, to(service))
	}
	server := httptest.NewServer(mux)
	t.Cleanup(func() { server.CloseClientConnections(); server.Close() })
	return server.URL
}

// Each process alone is killed at a random moment under a replay and started
// again, and so is the broker.
func TestKillsOfEachPartAloneOnARealKafka(t *testing.T) {
	p := startParts(t, allParts...)
	front := p.gateway(t)
	victims := append(slices.Clone(allParts), "broker")
	rand.Shuffle(len(victims), func(i, j int) { victims[i], victims[j] = victims[j], victims[i] })
	access := []string{"--url", front, "--service-token", p.serviceToken}
	check := heckled(t, front, p.serviceToken, func() {
		for _, name := range victims {
			<-time.After(time.Duration(300+rand.IntN(1500)) * time.Millisecond)
			p.killAndStart(t, name)
		}
	}, append(access, "--games", "60", "--concurrency", "8", gamestest.Sample.Path(t)), append(access, "--games", "12", "--concurrency", "3", "--via-queue", gamestest.Sample.Path(t)))
	check(checkAll(t, p.place))
	for _, name := range allParts {
		ready(t, p.processes[name], p.urls[name], 10*time.Second)
	}
}

func (p *parts) killAndStart(t testing.TB, name string) {
	t.Helper()
	if name == "broker" {
		p.broker.Kill()
		p.broker.Restart()
		return
	}
	victim := p.processes[name]
	victim.kill()
	victim.start()
	ready(t, victim, p.urls[name], time.Minute)
}
