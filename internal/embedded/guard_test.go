package embedded_test

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/sasl/scram"

	"tabiya/internal/embedded"
	"tabiya/internal/kafka"
)

// login is the option of a client that logs in.
func login(with kafka.SASL) kgo.Opt {
	return kgo.SASL(scram.Auth{User: with.User, Pass: with.Password}.AsSha256Mechanism())
}

func startKafka(t *testing.T) (parts *embedded.Instance, dir string) {
	t.Helper()
	dir = t.TempDir()
	parts, err := embedded.Start(t.Context(), embedded.Config{DataDir: dir, Kafka: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = parts.Close(context.Background()) })
	return parts, dir
}

func TestKafkaRefusesClientsWithoutThePassword(t *testing.T) {
	t.Parallel()
	parts, _ := startKafka(t)
	good := kafka.Config{Brokers: parts.KafkaBrokers(), SASL: parts.KafkaSASL()}
	if err := kafka.Ping(t.Context(), good); err != nil {
		t.Fatal(err)
	}
	guessed, empty, none := good, good, good
	guessed.SASL.Password = "tabiya"
	empty.SASL = kafka.SASL{Mechanism: kafka.Plain, User: "nobody"} // kfake takes no password for that of an unknown user
	none.SASL = kafka.SASL{}
	for name, cfg := range map[string]kafka.Config{"a guessed password": guessed, "no password": empty, "no login": none} {
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		if err := kafka.Ping(ctx, cfg); err == nil {
			t.Errorf("%s: the broker answers", name)
		}
		cancel()
	}
}

// frame is a request of a length, of which only the head is sent.
func frame(size uint32, key kmsg.Key) []byte {
	b := binary.BigEndian.AppendUint32(nil, size)
	b = binary.BigEndian.AppendUint16(b, uint16(key))
	return append(b, make([]byte, 6)...)
}

func TestKafkaClosesConnectionsOfBadRequestsBeforeItAllocates(t *testing.T) {
	t.Parallel()
	parts, _ := startKafka(t)
	address := parts.KafkaBrokers()[0]
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for name, request := range map[string][]byte{
		"a long request":           frame(1<<31-1, kmsg.ApiVersions),
		"94 MiB":                   frame(94<<20, kmsg.Produce),
		"a produce, not logged in": frame(100, kmsg.Produce),
		"a fetch, not logged in":   frame(100, kmsg.Fetch),
		"an unknown key":           frame(100, 9999),
		"a negative length":        frame(1<<32-1, kmsg.ApiVersions),
		"nothing":                  frame(0, kmsg.ApiVersions),
		"HTTP":                     []byte("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"),
	} {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
		if _, err := conn.Write(request); err != nil {
			t.Fatal(err)
		}
		if n, err := conn.Read(make([]byte, 1)); n != 0 || errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("%s: the connection stays open: %d %v", name, n, err)
		}
		_ = conn.Close()
	}
	if runtime.ReadMemStats(&after); after.TotalAlloc-before.TotalAlloc > 80<<20 {
		t.Errorf("%d MiB were allocated", (after.TotalAlloc-before.TotalAlloc)>>20)
	}
	if err := kafka.Ping(t.Context(), kafka.Config{Brokers: parts.KafkaBrokers(), SASL: parts.KafkaSASL()}); err != nil {
		t.Errorf("the broker has died of it: %v", err)
	}
}

func TestKafkaClosesConnectionsThatDoNotLogIn(t *testing.T) {
	t.Parallel()
	parts, _ := startKafka(t)
	conn, err := net.Dial("tcp", parts.KafkaBrokers()[0])
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(30 * time.Second))
	if _, err := conn.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Errorf("a silent connection: %v", err)
	}
}

func TestFoldersOfDataAreTheirOwnersAlone(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, name := range []string{"kafka", "s3"} { // as an earlier release made them
		if err := os.Mkdir(filepath.Join(dir, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	parts, err := embedded.Start(t.Context(), embedded.Config{DataDir: dir, Kafka: true, S3: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = parts.Close(context.Background()) })
	for _, name := range []string{"kafka", "kafka-older", "s3"} {
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Mode().Perm() != 0o700 {
			t.Errorf("%s has mode %v, %v", name, info.Mode(), err)
		}
	}
	for _, name := range []string{"kafka.json", "s3.json"} {
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v, %v", name, info.Mode(), err)
		}
	}
}
