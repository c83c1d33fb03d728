package embedded_test

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/internal/objstore"
)

func withTimeout(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

func connect(t *testing.T, p *process, opts ...kgo.Opt) *kgo.Client {
	t.Helper()
	client, err := kgo.NewClient(append(opts, kgo.SeedBrokers(p.Brokers...), login(p.SASL))...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return client
}

const topic, group = "things", "readers"

func createTopic(t *testing.T, p *process, name string, configs map[string]*string) {
	t.Helper()
	if _, err := kadm.NewClient(connect(t, p)).CreateTopic(withTimeout(t), 2, 1, configs, name); err != nil {
		t.Fatal(err)
	}
}

// writeAll writes to every part: records and a committed offset, an object, a row.
func writeAll(t *testing.T, p *process, round int) {
	t.Helper()
	ctx := withTimeout(t)
	client := connect(t, p)
	for i := range 100 {
		r := &kgo.Record{Topic: topic, Key: []byte{byte(i)}, Value: fmt.Appendf(nil, "%d/%d", round, i), Timestamp: time.UnixMilli(1)}
		if err := client.ProduceSync(ctx, r).FirstErr(); err != nil {
			t.Fatal(err)
		}
	}
	commit := kadm.Offsets{}
	commit.AddOffset(topic, 0, int64(round), -1)
	if err := kadm.NewClient(client).CommitAllOffsets(ctx, group, commit); err != nil {
		t.Fatal(err)
	}

	bucket, err := objstore.Open(ctx, p.S3)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := bucket.PutIfAbsent(ctx, fmt.Sprintf("round/%d", round), strings.NewReader("object"), 6); err != nil {
		t.Fatal(err)
	}

	db, err := pgx.Connect(ctx, p.DSN)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close(ctx)
	if _, err := db.Exec(ctx, "CREATE TABLE IF NOT EXISTS rounds (n int)"); err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec(ctx, "INSERT INTO rounds VALUES ($1)", round); err != nil {
		t.Fatal(err)
	}
}

// checkAll checks that every part has what rounds 1 to n wrote, once each.
func checkAll(t *testing.T, p *process, n int) {
	t.Helper()
	ctx := withTimeout(t)
	var want []string
	for round := 1; round <= n; round++ {
		for i := range 100 {
			want = append(want, fmt.Sprintf("%d/%d", round, i))
		}
	}
	slices.Sort(want)
	var got []string
	reader := connect(t, p, kgo.ConsumeTopics(topic), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	for len(got) < len(want) && ctx.Err() == nil {
		fetches := reader.PollFetches(ctx)
		if err := fetches.Err(); err != nil {
			t.Fatal(err)
		}
		for r := range fetches.RecordsAll() {
			got = append(got, string(r.Value))
			if age := time.Since(r.Timestamp); age < -time.Second || age > 2*time.Minute {
				t.Errorf("record time %s is not broker time", r.Timestamp)
			}
		}
	}
	if slices.Sort(got); !slices.Equal(got, want) {
		t.Errorf("%d records, want %d", len(got), len(want))
	}
	offsets, err := kadm.NewClient(reader).FetchOffsets(ctx, group)
	if err != nil {
		t.Fatal(err)
	}
	if at, ok := offsets.Lookup(topic, 0); !ok || at.At != int64(n) {
		t.Errorf("committed %+v, want %d", at, n)
	}

	bucket, err := objstore.Open(ctx, p.S3)
	if err != nil {
		t.Fatal(err)
	}
	objects := 0
	for obj, err := range bucket.List(ctx, "round/", "") {
		if err != nil {
			t.Fatal(err)
		}
		r, _, err := bucket.Get(ctx, obj.Key)
		if err != nil {
			t.Fatal(err)
		}
		if text, err := io.ReadAll(r); err != nil || string(text) != "object" {
			t.Errorf("%s: %q %v", obj.Key, text, err)
		}
		r.Close()
		objects++
	}
	if objects != n {
		t.Errorf("%d objects, want %d", objects, n)
	}

	db, err := pgx.Connect(ctx, p.DSN)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close(ctx)
	var rows int
	if err := db.QueryRow(ctx, "SELECT count(*) FROM rounds").Scan(&rows); err != nil || rows != n {
		t.Errorf("%d rows, want %d: %v", rows, n, err)
	}
}
