package test

import (
	"context"
	"errors"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/internal/eventually"
	"tabiya/internal/kafka/realkafka"
	"tabiya/schemas"
)

// game-commands is deleted and created again under live games, and then game-events.
// Each time the platform says so, in one line a part, and is not ready; after
// `tabiya topics adopt` the games go on, and so they do after `tabiya rebuild tables`.
func TestLiveGamesGoOnAfterALostTopicIsAdopted(t *testing.T) {
	broker := realkafka.Start(t)
	p := up(t, "--kafka", broker.Brokers()[0], "--replication=1", "--partitions=4")
	first, second := newGame(t, p), newGame(t, p)
	for _, g := range []*manualGame{first, second} {
		g.mustMove(t, "e2e4")
		g.mustMove(t, "e7e5")
		g.mustMove(t, "g1f3")
	}

	p.loseAndAdopt(t, schemas.GameCommands, first)
	for _, g := range []*manualGame{first, second} {
		g.mustMove(t, "b8c6")
		g.mustMove(t, "f1b5")
	}
	third := newGame(t, p)
	third.mustMove(t, "d2d4")
	third.mustMove(t, "d7d5")

	p.loseAndAdopt(t, schemas.GameEvents, first)
	for _, g := range []*manualGame{first, second} {
		g.mustMove(t, "a7a6")
	}
	p.rebuildTables(t, first.client, first.players[0])
	p.kill() // the rows hold places of three generations now
	p.restart(t)
	ready(t, p.process, p.url, time.Minute)
	for _, g := range []*manualGame{first, second} {
		g.mustMove(t, "b5a4")
		g.mustResign(t)
	}
	third.mustMove(t, "c2c4")
	third.mustResign(t)
	for _, g := range []*manualGame{first, second, third} {
		eventually.True(t, "the game to be in the history", func() bool {
			body, status, err := get(t.Context(), p.url+"/v1/history/games/"+g.id)
			return err == nil && status == http.StatusOK && strings.Contains(string(body), g.id)
		})
	}
}

// loseAndAdopt deletes a topic, creates it again as an operator does, checks what the
// platform says, and adopts the topic as a new one.
func (p *platform) loseAndAdopt(t *testing.T, topic string, g *manualGame) {
	t.Helper()
	client, err := kgo.NewClient(p.kafka.Opts()...)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	deleted, err := kadm.NewClient(client).DeleteTopics(t.Context(), topic)
	if err := errors.Join(err, deleted.Error()); err != nil {
		t.Fatal(err)
	}
	p.mustRun(t, "topics", "create", "--replication=1", "--partitions=4")

	lost := time.Now()
	said := ""
	eventually.True(t, "the platform to say that the topic was created again", func() bool {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		body, status, err := get(ctx, p.opsURL+"/readyz")
		said = string(body)
		return err == nil && status != http.StatusOK && strings.Contains(said, `"topology":"failed`) && strings.Contains(said, "topic "+topic+" was created again") && strings.Contains(said, "tabiya topics adopt")
	})
	t.Logf("%s: not ready after %s: %s", topic, time.Since(lost).Round(100*time.Millisecond), said)
	refusedWith503(t, http.MethodPost, p.url+"/v1/games/"+g.id+"/moves", g.players[g.plies%2].Token, `{"uci":"a7a6"}`)
	time.Sleep(10 * time.Second) // several attempts of each part
	lines := map[string]int{}
	for line := range strings.Lines(p.log.String()) {
		if part := failedPart.FindString(line); part != "" && strings.Contains(line, "topic "+topic+" was created again") {
			lines[part]++
		}
	}
	for part, n := range lines {
		if n != 1 {
			t.Errorf("%s said it in %d lines", part, n)
		}
	}
	if len(lines) < 2 {
		t.Errorf("lines of %v only", lines)
	}

	p.mustRun(t, "topics", "adopt", "--new", topic)
	adopted := time.Now()
	ready(t, p.process, p.url, time.Minute)
	t.Logf("%s: ready %s after it was adopted", topic, time.Since(adopted).Round(100*time.Millisecond))
}

var failedPart = regexp.MustCompile(`part="?[a-z ]+`)

// mustRun runs a command against the platform's Kafka.
func (p *platform) mustRun(t *testing.T, args ...string) {
	t.Helper()
	login := p.kafka.SASL
	command := launch(t, strings.Join(args, " "), []string{"TABIYA_KAFKA_PASSWORD=" + login.Password},
		append(args, "--kafka", p.kafka.Brokers[0], "--kafka-sasl", login.Mechanism, "--kafka-user", login.User)...)
	command.wait(time.Minute)
	if status := command.cmd.ProcessState.ExitCode(); status != 0 {
		t.Fatalf("%s ended with status %d: %s", command.name, status, command.log)
	}
	t.Logf("%s:\n%s", command.name, command.log)
}
