package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/alecthomas/kong"
)

func parse(t *testing.T, c *cli, args ...string) *kong.Context {
	t.Helper()
	parser, err := newParser(c)
	if err != nil {
		t.Fatal(err)
	}
	ctx, err := parser.Parse(args)
	if err != nil {
		t.Fatal(err)
	}
	return ctx
}

func TestEveryFlagHasAnEnvironmentVariable(t *testing.T) {
	t.Parallel()
	parser, err := newParser(&cli{})
	if err != nil {
		t.Fatal(err)
	}
	for _, node := range parser.Model.Leaves(false) {
		for _, group := range node.AllFlags(false) {
			for _, flag := range group {
				want := "TABIYA_" + strings.ToUpper(strings.ReplaceAll(flag.Name, "-", "_"))
				if flag.Name != "help" && flag.Name != "version" && (len(flag.Envs) != 1 || flag.Envs[0] != want) {
					t.Errorf("%s --%s has %v, not %s", node.Path(), flag.Name, flag.Envs, want)
				}
			}
		}
	}
}

func TestEnvironmentVariablesSetFlags(t *testing.T) {
	for name, value := range map[string]string{
		"TABIYA_VERSION": "1.2.3", // of the program that calls, no flag of ours
		"TABIYA_KAFKA":   "a:1,b:2", "TABIYA_KAFKA_SASL": "PLAIN", "TABIYA_KAFKA_USER": "u", "TABIYA_KAFKA_PASSWORD": "p",
		"TABIYA_POSTGRES": "postgres://x", "TABIYA_S3": "http://s3", "TABIYA_S3_BUCKET": "b", "TABIYA_S3_ACCESS_KEY": "k",
		"TABIYA_S3_SECRET_KEY": "s", "TABIYA_WAVE": "3s", "TABIYA_LISTEN": ":0", "TABIYA_REGIONS": "eu,us,ap",
	} {
		t.Setenv(name, value)
	}
	var c cli
	parse(t, &c, "up")
	kafka, err := c.Up.kafkaFlags.config()
	if err != nil {
		t.Fatal(err)
	}
	if len(kafka.Brokers) != 2 || kafka.SASL.User != "u" || kafka.SASL.Password != "p" || kafka.TLS.Enabled {
		t.Errorf("kafka: %+v", kafka)
	}
	s3, err := c.Up.s3Flags.config()
	if err != nil {
		t.Fatal(err)
	}
	if s3.Endpoint != "http://s3" || s3.Bucket != "b" || s3.SecretKey != "s" || !s3.PathStyle {
		t.Errorf("s3: %+v", s3)
	}
	if c.Up.Wave != 3*time.Second || len(c.Up.Regions) != 3 || c.Up.Listen != ":0" || c.Up.Postgres != "postgres://x" {
		t.Errorf("up: %+v", c.Up)
	}
}

func TestReadyAsksTheListenerOfTheSameEnvironment(t *testing.T) {
	for _, test := range []struct{ listen, ops, want string }{
		{"", "", "http://127.0.0.1:8080"},
		{":8080", "127.0.0.1:9090", "http://127.0.0.1:9090"},
		{"0.0.0.0:8081", "127.0.0.1:0", "http://127.0.0.1:8081"},
		{"[::]:8081", "", "http://127.0.0.1:8081"},
		{"10.0.0.7:8081", "", "http://10.0.0.7:8081"},
		{"127.0.0.1:0", "127.0.0.1:0", ""},
	} {
		t.Run(test.listen+" "+test.ops, func(t *testing.T) {
			if test.listen != "" {
				t.Setenv("TABIYA_LISTEN", test.listen)
			}
			if test.ops != "" {
				t.Setenv("TABIYA_OPS_LISTEN", test.ops)
			}
			var c cli
			parse(t, &c, "ready")
			if url, err := c.Ready.url(); url != test.want || (err == nil) != (test.want != "") {
				t.Errorf("%q, %v, want %q", url, err, test.want)
			}
		})
	}
}

func TestTopicReplicationDefaultsToThreeWithMajorityISR(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		args          []string
		copies, inISR int16
	}{
		{nil, 3, 2},
		{[]string{"--replication=1"}, 1, 1},
		{[]string{"--replication=5"}, 5, 3},
		{[]string{"--min-isr=1"}, 3, 1},
	} {
		var c cli
		parse(t, &c, append([]string{"topics", "create", "--kafka=x:1"}, test.args...)...)
		o := c.Topics.Create.options()
		if o.Replication != test.copies || o.MinISR != test.inISR || o.Validate() != nil {
			t.Errorf("%v: %+v", test.args, o)
		}
	}
}

func TestEndpointsFileIsReadableByOwnerOnly(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	want := endpoints{URL: "http://127.0.0.1:1", ServiceToken: "t", Kafka: []string{"k:1"}}
	for range 2 { // the second write replaces the first
		if err := want.write(dir); err != nil {
			t.Fatal(err)
		}
	}
	info, err := os.Stat(filepath.Join(dir, "endpoints.json"))
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o600 {
		t.Errorf("mode %s", info.Mode())
	}
	got, err := readEndpoints(dir)
	if err != nil || got.URL != want.URL || got.ServiceToken != want.ServiceToken {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestReplayReadsURLAndTokenFromDataFolder(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := (endpoints{URL: "http://127.0.0.1:1", ServiceToken: "t"}).write(dir); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "x.pgn")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	var c cli
	parse(t, &c, "replay", "--data", dir, file)
	cfg, err := c.Replay.config()
	if err != nil || cfg.URL != "http://127.0.0.1:1" || cfg.ServiceToken != "t" || cfg.TimeControl.IncrementCs != 2000 {
		t.Errorf("%+v, %v", cfg, err)
	}
	c = cli{}
	parse(t, &c, "replay", "--data", t.TempDir(), file)
	if _, err := c.Replay.config(); err == nil {
		t.Error("a data folder without endpoints.json was accepted")
	}
}
