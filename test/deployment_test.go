package test

import (
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
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
	"tabiya/schemas"
)

// deployment is the platform in several processes: a real Kafka, a PostgreSQL, an S3
// store, and one process per service, processor and sink.
type deployment struct {
	stores
	broker       *realkafka.Broker
	processes    map[string]*process
	urls         map[string]string // of clients
	opsURLs      map[string]string // of operators
	serviceToken string
	env          []string            // of every process
	envOf        map[string][]string // of some processes, by name
	signingKey   string              // file, for the account service
	program      string              // path of the binary that the processes run
}

// allProcesses are the names of all processes. Two games processors share the partitions.
var allProcesses = []string{
	"processor players", "processor matchmaking", "processor games", "processor games 2",
	"sink postgres", "sink raw", "sink parquet",
	"service account", "service matchmaking", "service livegame", "service history",
}

func startDeployment(t testing.TB, names ...string) *deployment {
	t.Helper()
	store, broker := objstoretest.New(t), realkafka.Start(t)
	p := newDeployment(t, stores{kafka.Config{Brokers: broker.Brokers()}, postgrestest.New(t).DSN, store.Config},
		"--partitions=4", "--replication=1", "--min-isr=1")
	p.broker = broker
	p.launchAll(t, names...)
	return p
}

// newDeployment prepares stores for a platform: topics, with these flags, and keys.
func newDeployment(t testing.TB, at stores, topicFlags ...string) *deployment {
	t.Helper()
	p := &deployment{stores: at, processes: map[string]*process{}, urls: map[string]string{}, opsURLs: map[string]string{}, program: binary(t)}
	dir := dataDir(t)
	keys, serviceKey := filepath.Join(dir, "keys"), filepath.Join(dir, "service.pem")
	p.signingKey = filepath.Join(dir, "signing.pem")
	if err := os.Mkdir(keys, 0o700); err != nil {
		t.Fatal(err)
	}
	p.env = []string{
		"TABIYA_KAFKA=" + strings.Join(p.kafka.Brokers, ","), "TABIYA_POSTGRES=" + p.postgres, "TABIYA_S3=" + p.s3.Endpoint,
		"TABIYA_S3_BUCKET=" + p.s3.Bucket, "TABIYA_S3_ACCESS_KEY=" + p.s3.AccessKey, "TABIYA_S3_SECRET_KEY=" + p.s3.SecretKey,
		"TABIYA_ARCHIVE_WINDOW=2s", "TABIYA_ARCHIVE_GRACE=1s", "TABIYA_WAVE=200ms", "TABIYA_KEYS=" + keys, "TABIYA_ARCHIVE_TEMP=" + dir,
	}
	oneShot(t, p.env, append([]string{"topics", "create"}, topicFlags...)...)
	oneShot(t, p.env, "token", "key", "--key", p.signingKey, "--public", filepath.Join(keys, "player-1.pem"))
	oneShot(t, p.env, "token", "key", "--key", serviceKey, "--public", filepath.Join(keys, "service-1.pem"))
	p.serviceToken = strings.TrimSpace(oneShot(t, p.env, "token", "service", "--key", serviceKey))
	return p
}

// launchAll starts processes and waits until all are ready.
func (p *deployment) launchAll(t testing.TB, names ...string) {
	t.Helper()
	for _, name := range names {
		p.launch(t, name)
	}
	for _, name := range names {
		ready(t, p.processes[name], p.urls[name], 2*time.Minute)
	}
}

// launch starts a process. A name that ends in 2 is the second process of its kind.
func (p *deployment) launch(t testing.TB, name string) {
	t.Helper()
	address, ops := loopbacktest.Address(t), loopbacktest.Address(t)
	p.urls[name], p.opsURLs[name] = "http://"+address, "http://"+ops
	args := append(strings.Fields(strings.TrimSuffix(name, " 2")), "--listen", address, "--ops-listen", ops)
	if strings.HasPrefix(name, "service livegame") {
		// Few accounts play all games of a test.
		args = append(args, "--player-pace", "100000", "--trusted-proxies", "127.0.0.1")
	}
	if strings.HasPrefix(name, "service account") {
		args = append(args, "--key", p.signingKey)
	}
	env := append(slices.Clone(p.env), "TABIYA_KAFKA_INSTANCE="+strings.ReplaceAll(name, " ", "-"))
	env = append(env, p.envOf[name]...)
	p.processes[name] = launchProgram(t, p.program, name, env, args...)
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

// gateway routes by path to the services behind one address, as nginx does in the compose
// file.
func (p *deployment) gateway(t testing.TB) string {
	t.Helper()
	server := httptest.NewServer(routes(func(service string) http.Handler {
		target, err := url.Parse(p.urls["service "+service])
		if err != nil {
			t.Fatal(err)
		}
		return &httputil.ReverseProxy{
			Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target) }, FlushInterval: -1,
			ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) },
		}
	}))
	t.Cleanup(func() { server.CloseClientConnections(); server.Close() })
	return server.URL
}

// routes returns the paths of all services.
func routes(to func(service string) http.Handler) http.Handler {
	mux, handlers := http.NewServeMux(), map[string]http.Handler{}
	for path, service := range map[string]string{
		"/v1/queues": "matchmaking", "/v1/queues/": "matchmaking", "/v1/me/": "matchmaking",
		"/v1/games": "livegame", "/v1/games/": "livegame", "/v1/tv": "livegame", "/v1/tv/": "livegame", "/v1/history/": "history", "/": "account",
	} {
		if handlers[service] == nil {
			handlers[service] = to(service)
		}
		mux.Handle(path, handlers[service])
	}
	return mux
}

// Each process, and the broker, is killed at a random moment during a replay and
// restarted.
func TestNothingAnsweredIsLostWhenAnyProcessOrBrokerIsKilledUnderReplay(t *testing.T) {
	p := startDeployment(t, allProcesses...)
	gateway := p.gateway(t)
	victims := append(slices.Clone(allProcesses), "broker")
	rand.Shuffle(len(victims), func(i, j int) { victims[i], victims[j] = victims[j], victims[i] })
	access := []string{"--url", gateway, "--service-token", p.serviceToken}
	check := withOutOfTurnMoves(t, gateway, p.serviceToken, func() {
		for _, name := range victims {
			<-time.After(time.Duration(300+rand.IntN(1500)) * time.Millisecond)
			p.killAndStart(t, name)
		}
	}, append(access, "--games", "60", "--concurrency", "8", gamestest.Sample.Path(t)), append(access, "--games", "12", "--concurrency", "3", "--via-queue", gamestest.Sample.Path(t)))
	p.waitForEnds(t)
	check(checkAll(t, p.stores))
	for _, name := range allProcesses {
		ready(t, p.processes[name], p.urls[name], 10*time.Second)
	}
}

// waitForEnds waits until no game is live, for as long as a game without moves can be: one
// that the queue made for players whose replay was over would be aborted after the log was
// read.
func (p *deployment) waitForEnds(t testing.TB) {
	t.Helper()
	for began := time.Now(); time.Since(began) < 40*time.Second; time.Sleep(time.Second) {
		log := readLog(t, p.stores)
		over := log.games()
		if !slices.ContainsFunc(log, func(r record) bool { return r.Type == schemas.GameStarted && over[r.Key] == nil }) {
			return
		}
	}
}

func (p *deployment) killAndStart(t testing.TB, name string) {
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
