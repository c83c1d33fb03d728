package kafka_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/IBM/sarama"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/internal/kafka"
	"tabiya/schemas"
)

func TestValidateNamesTheWrongSetting(t *testing.T) {
	t.Parallel()
	ok := kafka.Config{Brokers: []string{"127.0.0.1:1"}}
	cases := map[string]struct {
		change func(*kafka.Config)
		want   string
	}{
		"fine":          {func(*kafka.Config) {}, ""},
		"no brokers":    {func(c *kafka.Config) { c.Brokers = nil }, "no brokers"},
		"mechanism":     {func(c *kafka.Config) { c.SASL.Mechanism = "GSSAPI" }, "unknown SASL mechanism"},
		"no user":       {func(c *kafka.Config) { c.SASL.Mechanism = kafka.Plain }, "needs a user"},
		"half a pair":   {func(c *kafka.Config) { c.TLS.KeyFile = "key.pem" }, "both a certificate and a key"},
		"no such CA":    {func(c *kafka.Config) { c.TLS = kafka.TLS{Enabled: true, CAFile: "/nowhere/ca.pem"} }, "read TLS authorities"},
		"negative wait": {func(c *kafka.Config) { c.SendTimeout = -time.Second }, "must not be negative"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := ok
			tc.change(&c)
			err := c.Validate()
			if (tc.want == "") != (err == nil) || (err != nil && !strings.Contains(err.Error(), tc.want)) {
				t.Fatalf("got %v", err)
			}
		})
	}
}

func TestFranzGoAndSaramaLogInWithEverySASLMechanism(t *testing.T) {
	t.Parallel()
	for _, mechanism := range []string{kafka.Plain, kafka.ScramSHA256, kafka.ScramSHA512} {
		t.Run(mechanism, func(t *testing.T) {
			t.Parallel()
			cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.EnableSASL(), kfake.Superuser(mechanism, "alice", "secret"))
			if err != nil {
				t.Fatal(err)
			}
			defer cluster.Close()
			cfg := kafka.Config{Brokers: cluster.ListenAddrs(), SASL: kafka.SASL{Mechanism: mechanism, User: "alice", Password: "secret"}}
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			defer cancel()
			if err := kafka.Ping(ctx, cfg); err != nil {
				t.Fatal(err)
			}
			sc, err := cfg.Sarama()
			if err != nil {
				t.Fatal(err)
			}
			client, err := sarama.NewClient(cfg.Brokers, sc)
			if err != nil {
				t.Fatal(err)
			}
			defer client.Close()

			cfg.SASL.Password = "wrong"
			short, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			if err := kafka.Ping(short, cfg); err == nil {
				t.Fatal("a wrong password was accepted")
			}
		})
	}
}

func TestBrokerTimeReturnsTimestampOfItsRecord(t *testing.T) {
	t.Parallel()
	cluster := startPlain(t)
	if err := kafka.EnsureTopics(t.Context(), cluster, kafka.TopicOptions{Partitions: 1, Replication: 1, MinISR: 1}); err != nil {
		t.Fatal(err)
	}
	producer, err := kafka.NewProducer(cluster)
	if err != nil {
		t.Fatal(err)
	}
	defer producer.Close()
	now, err := kafka.BrokerTime(t.Context(), cluster, producer)
	// This broker ignores LogAppendTime, so the producer's timestamp comes back.
	if err != nil || now.UnixMilli() != 1 {
		t.Fatalf("%s, %v", now, err)
	}
	ticks := 0
	if err := kafka.ReadAll(t.Context(), cluster, schemas.BrokerClock, func(*kgo.Record) error { ticks++; return nil }); err != nil || ticks != 1 {
		t.Fatalf("%d ticks, %v", ticks, err)
	}
}

func startPlain(t *testing.T) kafka.Config {
	t.Helper()
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cluster.Close)
	return kafka.Config{Brokers: cluster.ListenAddrs()}
}
