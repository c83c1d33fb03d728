package test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"tabiya/internal/kafka"
	"tabiya/internal/kafka/realkafka"
	"tabiya/internal/objstore"
	"tabiya/internal/postgres"
	"tabiya/test/check"
)

// Variables of `make chaos`, of which CONTRIBUTING tells.
const (
	minutesEnv = "TABIYA_TEST_CHAOS"        // how long faults are injected
	faultsEnv  = "TABIYA_TEST_CHAOS_FAULTS" // kinds, separated by commas, or a number
	clocksEnv  = "TABIYA_TEST_CHAOS_CLOCKS" // "all": steps the clocks of parts, not only of brokers
	seedEnv    = "TABIYA_TEST_CHAOS_SEED"
	outEnv     = "TABIYA_TEST_CHAOS_OUT"
)

// Faults of every kind hit every part, twice there, while games go on. Then the log, the
// archive and Postgres agree with each other and with what clients were told.
func TestChaos(t *testing.T) {
	if os.Getenv(minutesEnv) == "" || os.Getenv(weakEnv) == "all" {
		t.Skipf("set %s to the minutes of faults, or run make chaos", minutesEnv)
	}
	o := chaosOptions{minutes: chaosMinutes(t)}
	if name := os.Getenv(weakEnv); name != "" {
		weak, ok := weaknesses[name]
		if !ok {
			t.Fatalf("%s: there is no weakness %q", weakEnv, name)
		}
		o.weak, o.name = &weak, name
	}
	for _, f := range runChaos(t, o).Findings {
		t.Error(f)
	}
}

func chaosMinutes(t testing.TB) float64 {
	t.Helper()
	minutes, err := strconv.ParseFloat(os.Getenv(minutesEnv), 64)
	if err != nil {
		t.Fatalf("%s: %v", minutesEnv, err)
	}
	return minutes
}

type chaosOptions struct {
	minutes float64
	weak    *weakness // nil: the product as it is
	name    string    // of the weakness
}

// settleLimit is how long games may take to end, and sinks to write them.
const settleLimit = 4 * time.Minute

func runChaos(t *testing.T, o chaosOptions) *chaosReport {
	t.Helper()
	report := &chaosReport{Seed: rand.Uint64N(1 << 32), Weak: o.name}
	if text := os.Getenv(seedEnv); text != "" {
		var err error
		if report.Seed, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatalf("%s: %v", seedEnv, err)
		}
	}
	kinds, most := chosenFaults(t, o.weak)
	t.Logf("seed %d", report.Seed)

	program := binary(t)
	switch {
	case o.weak != nil:
		program = buildEdited(t, o.weak.edits)
	case partClocks():
		program = buildEdited(t, steppable(t))
	}
	starting := time.Now()
	p, r := startChaos(t, o.weak, program)
	gateway := p.balancedGateway(t)
	r.load = p.startLoad(t, gateway)
	r.rotation = &rotation{chance: rand.New(rand.NewPCG(report.Seed, 0)), kinds: kinds, roles: r.roles(o.weak), clocks: r.clocks}
	r.load.progress.waitForGames(chaosGames/2, time.Minute)
	t.Logf("started after %s", time.Since(starting).Round(100*time.Millisecond))

	r.began = time.Now()
	crashed := r.watchCrashes()
	r.until(r.began.Add(time.Duration(o.minutes*float64(time.Minute))), most)
	report.Minutes = time.Since(r.began).Minutes()
	report.Faults = r.faults
	if !r.load.finish(settleLimit) {
		r.load.wrongf("games have not ended after %s", settleLimit)
	}
	crashed()
	limit := settleLimit
	if o.weak != nil {
		limit = time.Minute // what is lost does not come back
	}
	log, findings := r.load.settle(p.readAll(t), limit)
	report.Events = len(log)
	for _, f := range findings {
		report.Findings = append(report.Findings, f.String())
	}
	r.load.report(report)
	t.Logf("recoveries:\n%s", report.table())
	if out := os.Getenv(outEnv); out != "" {
		if err := report.write(out); err != nil {
			t.Error(err)
		}
	}
	return report
}

// chosenFaults returns the kinds of faults to inject, and how many faults at most; 0 for
// no limit.
func chosenFaults(t testing.TB, weak *weakness) (kinds []string, most int) {
	t.Helper()
	if weak != nil {
		return weak.kinds, 0
	}
	kinds = []string{faultKill, faultStop, faultPause, faultBoth, faultClock}
	if text := os.Getenv(faultsEnv); text != "" {
		if n, err := strconv.Atoi(text); err == nil {
			return kinds, n
		}
		kinds = strings.Split(text, ",")
	}
	return kinds, 0
}

// partClocks reports whether the clocks of the parts are stepped, too. The program is
// built for it from the first package on, which takes minutes the first time.
func partClocks() bool { return os.Getenv(clocksEnv) == "all" }

// startChaos starts three brokers, PostgreSQL, S3 and every part twice.
func startChaos(t *testing.T, weak *weakness, program string) (*deployment, *chaosRun) {
	t.Helper()
	topics := []string{"--partitions=6", "--replication=3", "--min-isr=2"}
	if weak != nil && weak.topicFlags != nil {
		topics = weak.topicFlags
	}
	r := &chaosRun{t: t, targets: map[string]target{}, clocks: map[string]*clock{}}
	found := func(format string, args ...any) { r.load.wrongf(format, args...) }
	server := startPostgres(t)
	store, config := launchStore(t)
	library := buildClockLibrary(t)
	cluster := realkafka.StartClusterWith(t, 3, func(i int) []string {
		// The first compiler alone: brokers that are started again and again would keep
		// two cores busy with the second one.
		env := []string{"JAVA_TOOL_OPTIONS=-XX:TieredStopAtLevel=1"}
		if library != "" {
			c := newClock(t)
			r.clocks[brokerName(i)] = c
			env = append(env, "LD_PRELOAD="+library, c.env())
		}
		return env
	})
	p := newDeployment(t, stores{kafka.Config{Brokers: cluster.Brokers()}, server.DSN(), config}, topics...)
	p.program = program
	if weak != nil && weak.unclean {
		allowUnclean(t, p.kafka)
	}
	var names []string
	for _, name := range []string{
		"processor players", "processor matchmaking", "processor games", "sink postgres", "sink raw", "sink parquet",
		"service account", "service matchmaking", "service livegame", "service history",
	} {
		names = append(names, name, name+" 2")
	}
	if weak == nil && partClocks() {
		p.envOf = map[string][]string{}
		for _, name := range names {
			r.clocks[name] = newClock(t)
			p.envOf[name] = []string{r.clocks[name].env()}
		}
	}
	p.launchAll(t, names...)

	for _, name := range names {
		r.targets[name] = &programTarget{process: p.processes[name], works: readyAt(p.urls[name]), found: found}
	}
	r.targets["s3"] = &programTarget{process: store, works: storeWorks(config), found: found}
	r.targets["postgres"] = &postgresTarget{server}
	for i := range cluster.Len() {
		r.targets[brokerName(i)] = &brokerTarget{cluster.Broker(i), cluster.Brokers()}
	}
	return p, r
}

func brokerName(i int) string { return fmt.Sprint("broker ", i+1) }

// roles returns the names of the targets by role.
func (r *chaosRun) roles(weak *weakness) map[string][]string {
	roles := map[string][]string{}
	for name := range r.targets {
		role := strings.TrimRight(name, " 123")
		if name == "s3" {
			role = name
		}
		if weak != nil && !slices.Contains(weak.roles, role) {
			continue
		}
		roles[role] = append(roles[role], name)
	}
	for _, names := range roles {
		slices.Sort(names)
	}
	return roles
}

// watchCrashes looks for processes that end by themselves until the returned function is
// called.
func (r *chaosRun) watchCrashes() (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var watching sync.WaitGroup
	watching.Go(func() {
		for ctx.Err() == nil {
			for _, one := range r.targets {
				if p, ok := one.(*programTarget); ok {
					p.restartIfCrashed()
				}
			}
			time.Sleep(100 * time.Millisecond)
		}
	})
	return func() { cancel(); watching.Wait() }
}

// readAll returns a function that reads log, archive and Postgres and compares them.
func (p *deployment) readAll(t *testing.T) func() (check.Log, []check.Finding, error) {
	t.Helper()
	bucket, err := objstore.Open(t.Context(), p.s3)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(bucket.Close)
	pool, err := postgres.Open(t.Context(), p.postgres)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return func() (check.Log, []check.Finding, error) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		log, err := check.ReadLog(ctx, p.kafka)
		if err != nil {
			return nil, nil, err
		}
		raw, err := check.ReadRaw(ctx, bucket)
		if err != nil {
			return log, nil, err
		}
		events, games, err := check.ReadParquet(ctx, bucket)
		if err != nil {
			return log, nil, err
		}
		rows, err := check.ReadPostgres(ctx, pool)
		if err != nil {
			return log, nil, err
		}
		return log, slices.Concat(log.Raw(raw), log.Parquet(events, games), log.Postgres(rows)), nil
	}
}
