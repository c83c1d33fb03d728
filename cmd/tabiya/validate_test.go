package main

import (
	"bytes"
	"strings"
	"testing"
)

func TestFlagsThatCannotWorkAreRefused(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ args, want string }{
		{"up --wave=0s", "--wave"},
		{"up --wave=-1s", "--wave"},
		{"up --match-deadline=0s", "--match-deadline"},
		{"up --match-deadline=2m", "--match-deadline"},
		{"up --connections=0", "--connections "},
		{"up --connections=-1", "--connections "},
		{"up --connections-per-player=0", "--connections-per-player"},
		{"up --player-pace=0", "--player-pace"},
		{"up --connections-per-address=-1", "--connections-per-address"},
		{"up --trusted-proxies=gateway", "--trusted-proxies"},
		{"up --archive-window=0s", "--archive-window"},
		{"up --archive-window=7m", "--archive-window"},
		{"up --archive-grace=0s", "--archive-grace"},
		{"up --regions=EU", "--regions"},
		{"up --regions=eu,eu", "--regions"},
		{"up --partitions=-1", "--partitions"},
		{"up --kafka=x:1 --replication=0", "--replication"},
		{"up --kafka=x:1 --kafka-ca=ca.pem", "--kafka-tls"},
		{"up --kafka-tls", "need --kafka"},
		{"up --kafka-user=u", "need --kafka"},
		{"up --s3-access-key=a --s3-secret-key=b", "need --s3"},
		{"up --s3=example.com", "--s3 "},
		{"service livegame --connections=0", "--connections "},
		{"service livegame livegame", "twice"}, //nolint:dupword // the fault that is tested
		{"service account --kafka=x:1 --kafka-ca=ca.pem", "--kafka-tls"},
		{"processor games --kafka=x:1 --kafka-cert=a --kafka-key=b", "--kafka-tls"},
		{"processor games --kafka=x:1 --kafka-tls --kafka-cert=a", "--kafka-key"},
		{"processor games --kafka=x:1 --kafka-user=u", "--kafka-sasl"},
		{"processor games --kafka=x:1 --kafka-sasl=PLAIN", "--kafka-user"},
		{"processor matchmaking --kafka=x:1 --wave=0s", "--wave"},
		{"sink raw --kafka=x:1 --s3=http://x --s3-access-key=a", "--s3-secret-key"},
		{"sink raw --kafka=x:1 --s3=http://x --archive-window=0s", "--archive-window"},
		{"sink raw --kafka=x:1 --s3=http://x --s3-bucket=", "--s3-bucket"},
		{"topics create --kafka=x:1 --partitions=0", "partitions"},
		{"topics create --kafka=x:1 --replication=1 --min-isr=2", "min-ISR"},
		{"token service --key=x --ttl=0s", "--ttl"},
		{"replay main.go --concurrency=0", "--concurrency"},
		{"replay main.go --games=-1", "--games"},
		{"replay main.go --patience=0s", "--patience"},
		{"replay main.go --url=localhost", "--url"},
		{"replay main.go --time-control=5+3x", "--time-control"},
	} {
		parser, err := newParser(&cli{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := parser.Parse(strings.Fields(test.args)); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want an error with %q", test.args, err, test.want)
		}
	}
}

func TestFlagsThatWorkAreAccepted(t *testing.T) {
	t.Parallel()
	for _, args := range []string{
		"up", "up --kafka=x:1 --kafka-tls --kafka-ca=ca.pem", "up --archive-window=15s --wave=10ms", "up --kafka-instance=a",
		"up --trusted-proxies=10.0.0.0/8,::1", "up --s3=aws", "service livegame history", "processor games --kafka=x:1",
		"sink parquet --kafka=x:1 --s3=https://s3.example.com", "topics create --kafka=x:1", "token service --key=x", "replay main.go",
	} {
		parse(t, &cli{}, strings.Fields(args)...)
	}
}

func TestVersionFlagPrintsTheVersion(t *testing.T) {
	t.Parallel()
	parser, err := newParser(&cli{})
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	parser.Stdout, parser.Exit = &out, func(status int) { out.WriteString(strings.Repeat("!", status)) }
	_, _ = parser.Parse([]string{"--version"}) // goes on, since Exit returned
	if want := "tabiya " + buildVersion() + "\n"; out.String() != want {
		t.Errorf("printed %q, want %q", out.String(), want)
	}
}
