package test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
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

// Faults of every kind hit every part, twice there, while games go on. Then the log, the
// archive and Postgres agree with each other and with what clients were told.
func TestChaos(t *testing.T) {
	if os.Getenv(minutesEnv) == "" || os.Getenv(weakEnv) != "" {
		t.Skipf("set %s to the minutes of faults, or run make chaos", minutesEnv)
	}
	report := runChaos(t, chosenOptions(t))
	if out := os.Getenv(outEnv); out != "" {
		if err := report.write(out); err != nil {
			t.Error(err)
		}
	}
	for _, f := range report.Findings {
		t.Error(f)
	}
}

// settleLimit is how long games may take to end, and sinks to write them.
const settleLimit = 4 * time.Minute

func runChaos(t *testing.T, o chaosOptions) *chaosReport {
	t.Helper()
	report := &chaosReport{Seed: chosenSeed(t), Name: o.name}
	t.Logf("seed %d", report.Seed)
	starting := time.Now()
	program := binary(t)
	if o.edits != nil {
		program = buildEdited(t, o.edits)
	}
	t.Logf("built after %s", time.Since(starting).Round(100*time.Millisecond))
	starting = time.Now()
	p, r := startChaos(t, o, program)
	gateway := p.balancedGateway(t)
	r.load = p.startLoad(t, gateway, o.plies)
	r.rotation = &rotation{
		chance: rand.New(rand.NewPCG(report.Seed, 0)), kinds: o.kinds, roles: r.roles(), clocks: r.clocks, hold: o.hold,
	}
	r.load.progress.waitForGames(chaosGames/2, time.Minute)
	report.Start = time.Since(starting).Seconds()
	t.Logf("started after %.1f s", report.Start)

	r.began = time.Now()
	crashed := r.watchCrashes()
	r.until(r.began.Add(time.Duration(o.minutes * float64(time.Minute))))
	report.Minutes = time.Since(r.began).Minutes()
	report.Faults, report.Clocks = r.faults, r.steps
	starting = time.Now()
	r.load.finish(o.settleLimit)
	crashed()
	log, findings := r.load.settle(p.readAll(t), o.settleLimit)
	report.Events, report.Settle = len(log), time.Since(starting).Seconds()
	for _, f := range findings {
		report.Findings = append(report.Findings, f.String())
	}
	r.load.report(report)
	t.Logf("recoveries:\n%s", report.table())
	return report
}

// startChaos starts three brokers, PostgreSQL, S3 and every part twice.
func startChaos(t *testing.T, o chaosOptions, program string) (*deployment, *chaosRun) {
	t.Helper()
	topics := []string{"--partitions=6", "--replication=3", "--min-isr=2"}
	if o.topicFlags != nil {
		topics = o.topicFlags
	}
	r := &chaosRun{t: t, options: o, targets: map[string]target{}, clocks: map[string]*clock{}, tell: map[string]teller{}, hit: map[string]bool{}}
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
			env = append(env, c.env(library)...)
		}
		return env
	})
	p := newDeployment(t, stores{kafka.Config{Brokers: cluster.Brokers()}, server.DSN(), config}, topics...)
	p.program = program
	if o.unclean {
		allowUnclean(t, p.kafka)
	}
	createClockTopic(t, p.kafka, cluster.Len())
	var names []string
	for _, name := range []string{
		"processor players", "processor matchmaking", "processor games", "sink postgres", "sink raw", "sink parquet",
		"service account", "service matchmaking", "service livegame", "service history",
	} {
		names = append(names, name, name+" 2")
	}
	if library != "" {
		p.envOf = map[string][]string{}
		for _, name := range names {
			r.clocks[name] = newClock(t)
			p.envOf[name] = r.clocks[name].env(library)
		}
	}
	p.launchAll(t, names...)

	for _, name := range names {
		r.targets[name] = &programTarget{process: p.processes[name], works: readyAt(p.urls[name]), found: found}
		r.tell[name] = tellsDate(p.urls[name])
	}
	r.targets["s3"] = &programTarget{process: store, works: storeWorks(config), found: found}
	r.targets["postgres"] = &postgresTarget{server}
	for i := range cluster.Len() {
		tell := tellsTimestamp(p.kafka, int32(i))
		r.targets[brokerName(i)], r.tell[brokerName(i)] = &brokerTarget{cluster.Broker(i), cluster.Brokers(), tell}, tell
	}
	return p, r
}

func brokerName(i int) string { return fmt.Sprint("broker ", i+1) }

// roles returns the names of the targets by role.
func (r *chaosRun) roles() map[string][]string {
	roles := map[string][]string{}
	for name := range r.targets {
		role := strings.TrimRight(name, " 123")
		if name == "s3" {
			role = name
		}
		if r.options.roles != nil && !slices.Contains(r.options.roles, role) {
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
		ratings, err := check.ReadRatings(ctx, pool)
		if err != nil {
			return log, nil, err
		}
		return log, slices.Concat(log.Raw(raw), log.Parquet(events, games), log.Postgres(rows), log.Ratings(ratings)), nil
	}
}
