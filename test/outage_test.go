package test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"testing"
	"time"

	"tabiya/internal/client"
	"tabiya/internal/gamestest"
	"tabiya/internal/kafka/realkafka"
	"tabiya/internal/loopbacktest"
	"tabiya/internal/objstore/objstoretest"
	"tabiya/internal/postgres/postgrestest"
	"tabiya/schemas"
)

// outageLength is how long a dependency is unavailable.
const outageLength = 30 * time.Second

// Kafka is frozen, PostgreSQL and S3 are cut off by a proxy, for half a minute each.
// Requests that need the missing one are refused with 503 and Retry-After. Nothing is
// lost, and everything continues without help.
func TestOutageOfKafkaPostgresOrS3IsAnsweredWith503AndLosesNothing(t *testing.T) {
	broker, store := realkafka.Start(t), objstoretest.New(t)
	postgres, dsn := loopbacktest.ProxyURL(t, postgrestest.New(t).DSN)
	p := up(t, "--kafka", broker.Brokers()[0], "--replication=1", "--partitions=4", "--postgres", dsn,
		"--s3", store.Config.Endpoint, "--s3-bucket", store.Config.Bucket,
		"--s3-access-key", store.Config.AccessKey, "--s3-secret-key", store.Config.SecretKey)
	game := newGame(t, p)

	underReplays(t, func() {
		store.Down()
		game.mustMove(t, "e2e4") // playing does not need S3
		<-time.After(outageLength)
		store.Up()

		postgres.Cut()
		refusedWith503(t, http.MethodPost, p.url+"/v1/accounts", "", `{"handle":"outsider","password":"correct horse battery"}`)
		refusedWith503(t, http.MethodGet, p.url+"/v1/history/games/"+game.id, "", "")
		game.mustMove(t, "e7e5") // playing does not need PostgreSQL
		<-time.After(outageLength)
		postgres.Restore()

		broker.Pause()
		refusedWith503(t, http.MethodPost, p.url+"/v1/games/"+game.id+"/moves", game.players[0].Token, `{"uci":"g1f3"}`)
		<-time.After(outageLength)
		broker.Resume()
		ready(t, p.process, p.url, time.Minute)
	}, p.games("--games", "60", "--concurrency", "4", "--patience", "4m", gamestest.Sample.Path(t)),
		p.games("--games", "12", "--via-queue", "--concurrency", "2", "--patience", "4m", gamestest.Sample.Path(t)))
	game.mustResign(t)
	checkAll(t, p.stores)
}

// manualGame is a game that the test plays move by move.
type manualGame struct {
	client  *client.Client
	id      string
	players [2]client.Player
	plies   int
}

func newGame(t testing.TB, p *platform) *manualGame {
	t.Helper()
	g := &manualGame{client: client.New(client.Config{URL: p.url, Patience: 2 * time.Minute, Connections: 4})}
	for i := range g.players {
		var err error
		handle := fmt.Sprintf("hand-%d-%d", i, time.Now().UnixMilli()%1e9)
		if g.players[i], err = g.client.Register(t.Context(), handle, client.Registration{Handle: handle, Password: "correct horse battery"}); err != nil {
			t.Fatal(err)
		}
	}
	made, err := g.client.CreateGame(t.Context(), p.serviceToken, schemas.NewID(), client.NewGame{
		White: g.players[0].ID, Black: g.players[1].ID, TimeControl: schemas.TimeControl{InitialCs: 60 * 6000}, Rated: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	g.id = made.ID
	return g
}

func (g *manualGame) mustMove(t testing.TB, uci string) {
	t.Helper()
	g.plies++
	if _, err := g.client.Move(t.Context(), g.players[(g.plies-1)%2], g.id, schemas.NewID(), uci, g.plies); err != nil {
		t.Errorf("move %s: %v", uci, err)
	}
}

func (g *manualGame) mustResign(t testing.TB) {
	t.Helper()
	if _, err := g.client.Resign(t.Context(), g.players[0], g.id, schemas.NewID()); err != nil {
		t.Errorf("resign: %v", err)
	}
}

// refusedWith503 sends a request and expects 503 as a problem document with Retry-After.
func refusedWith503(t testing.TB, method, url, token, body string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, method, url, bytes.NewBufferString(body))
	if err != nil {
		t.Fatal(err)
	}
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Errorf("%s %s: %v", method, url, err)
		return
	}
	defer answer.Body.Close()
	text, _ := io.ReadAll(answer.Body)
	seconds, err := strconv.Atoi(answer.Header.Get("Retry-After"))
	if answer.StatusCode != http.StatusServiceUnavailable || err != nil || seconds < 1 {
		t.Errorf("%s %s: %d with Retry-After %q: %s", method, url, answer.StatusCode, answer.Header.Get("Retry-After"), text)
	}
	if got := answer.Header.Get("Content-Type"); got != "application/problem+json" {
		t.Errorf("%s %s: answered with %s", method, url, got)
	}
}
