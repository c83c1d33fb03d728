package test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/internal/eventually"
	"tabiya/internal/kafka"
	"tabiya/schemas"
)

func TestMetricsAndReasonsAreOnTheOperatorsListenerOnly(t *testing.T) {
	t.Parallel()
	p := up(t)
	for _, c := range []struct {
		url    string
		status int
		has    string
	}{
		{p.url + "/readyz", http.StatusOK, `{"status":"ready"}`},
		{p.url + "/metrics", http.StatusNotFound, "not_found"},
		{p.opsURL + "/readyz", http.StatusOK, `"processor games":"ready"`},
		{p.opsURL + "/metrics", http.StatusOK, "go_goroutines "},
		{p.opsURL + "/v1/queues", http.StatusNotFound, ""},
	} {
		body, status, err := get(t.Context(), c.url)
		if err != nil || status != c.status || !strings.Contains(string(body), c.has) {
			t.Errorf("%s: %d %.300s, %v, want %d with %s", c.url, status, body, err, c.status, c.has)
		}
	}
	if host, _, err := net.SplitHostPort(strings.TrimPrefix(p.opsURL, "http://")); err != nil || !net.ParseIP(host).IsLoopback() {
		t.Errorf("operators are served at %s", p.opsURL)
	}
	for _, url := range []string{p.url, p.opsURL} {
		if out, err := exec.Command(binary(t), "ready", url).CombinedOutput(); err != nil {
			t.Errorf("tabiya ready %s: %v, %s", url, err, out)
		}
	}
}

// seriesOf returns the names and labels of all series of the tabiya_ metrics.
func (p *platform) seriesOf(t *testing.T) (names []string) {
	t.Helper()
	text, status, err := get(t.Context(), p.opsURL+"/metrics")
	if err != nil || status != http.StatusOK {
		t.Fatal(status, err)
	}
	for line := range bytes.Lines(text) {
		if bytes.HasPrefix(line, []byte("tabiya_")) {
			names = append(names, string(line[:bytes.LastIndexByte(line, ' ')]))
		}
	}
	return names
}

// Every value of a label costs memory until the process ends. A client, and anybody who can
// write to a topic, can invent any number of values.
func TestInventedRequestsAndRecordsMakeNoNewSeries(t *testing.T) {
	t.Parallel()
	p := up(t)
	client, err := kgo.NewClient(append(p.kafka.Opts(), kgo.RecordPartitioner(kgo.ManualPartitioner()))...)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	conn, err := net.Dial("tcp", strings.TrimPrefix(p.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	answers := bufio.NewReader(conn)
	attack := func(number int) {
		for _, line := range []string{
			fmt.Sprintf("M%d /v1/queues", number), fmt.Sprintf("M%d /%d", number, number), fmt.Sprintf("GET /%d", number),
			fmt.Sprintf("GET /v1/games/%d", number), fmt.Sprintf("GET /v1/games?player=%d", number), fmt.Sprintf("GET /v1/players/%d", number),
			fmt.Sprintf("POST /v1/queues/%d/join", number), fmt.Sprintf("GET /v1/tv/%d/events", number), fmt.Sprintf("PUT /v1/games/%d", number),
		} {
			fmt.Fprintf(conn, "%s HTTP/1.1\r\nHost: x%d\r\nX-%d: 1\r\nContent-Length: 0\r\n\r\n", line, number, number)
			answer, err := http.ReadResponse(answers, nil)
			if err != nil {
				t.Fatal(err)
			}
			_, _ = io.Copy(io.Discard, answer.Body)
			answer.Body.Close()
		}
	}
	garble := func(from, to int) {
		var records []*kgo.Record
		for _, topic := range schemas.Topics() {
			if !topic.Partitioned || topic.Cleanup == schemas.Compact {
				continue
			}
			for number := from; number < to; number++ {
				key := schemas.NewID()
				for _, value := range []string{
					fmt.Sprintf("garbage %d", number),
					fmt.Sprintf(`{"commandType":"Invented%d","schemaVersion":1,"commandId":%q,"gameId":%q,"payload":{}}`, number, schemas.NewID(), key),
					fmt.Sprintf(`{"eventType":"Invented%d","schemaVersion":1,"eventId":%q,"gameId":%q,"seq":1,"region":"r%d"}`, number, schemas.NewID(), key, number),
					fmt.Sprintf(`{"replyType":"CommandRejected","schemaVersion":1,"commandId":%q,"commandType":"PlayMove","gameId":%q,"code":"invented_%d"}`, schemas.NewID(), key, number),
				} {
					records = append(records, &kgo.Record{
						Topic: topic.Name, Key: []byte(key), Value: []byte(value), Partition: kafka.PartitionOf(key, 4),
						Headers: []kgo.RecordHeader{{Key: schemas.HeaderType, Value: fmt.Appendf(nil, "Invented%d", number)}},
					})
				}
			}
		}
		if err := client.ProduceSync(t.Context(), records...).FirstErr(); err != nil {
			t.Fatal(err)
		}
	}
	// The series of what the attacks do once, and of the archive's first files.
	attack(0)
	garble(0, 20)
	var before []string
	settle := func() {
		t.Helper()
		eventually.True(t, "the same series for three seconds", func() bool {
			before = p.seriesOf(t)
			ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
			defer cancel()
			<-ctx.Done()
			return slices.Equal(before, p.seriesOf(t))
		})
	}
	settle()
	first := before
	for number := range 2000 {
		attack(number + 100)
	}
	garble(100, 400)
	settle()
	var invented []string
	for _, name := range before {
		// What ends a chunk depends on when it comes; its labels are constants.
		if !slices.Contains(first, name) && !strings.HasPrefix(name, "tabiya_sink_chunks_total{") {
			invented = append(invented, name)
		}
	}
	if len(invented) > 0 || len(first) < 50 {
		t.Errorf("%d series before, and these are new:\n%.4000s", len(first), strings.Join(invented, "\n"))
	}
	ready(t, p.process, p.url, 10*time.Second)
}
