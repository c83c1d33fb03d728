package main

import (
	"context"
	"encoding/json"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/internal/eventually"
	"tabiya/internal/kafka"
	"tabiya/internal/kafka/kafkatest"
	"tabiya/processors"
	"tabiya/processors/games"
	"tabiya/schemas"
	"tabiya/tables"
)

// startGames runs a games processor until the returned function is called.
func startGames(t *testing.T, cfg kafka.Config) (stop func()) {
	t.Helper()
	p, err := games.New(games.Config{Config: processors.Config{Kafka: cfg, Logger: slog.New(slog.DiscardHandler)}})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- p.Run(ctx) }()
	stop = func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		ended <- nil // for the next call
	}
	t.Cleanup(stop)
	eventually.True(t, "the games processor to be ready", func() bool { return p.Ready() == nil })
	return stop
}

func TestRepairOfAGameAndItsList(t *testing.T) {
	t.Parallel()
	const partitions = 4
	cfg := kafkatest.Start(t, partitions).Config
	producer, err := kafka.NewProducer(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(producer.Close)
	send := func(records ...*kgo.Record) {
		t.Helper()
		if err := producer.SendRecords(t.Context(), records...); err != nil {
			t.Fatal(err)
		}
	}
	list := func() []tables.SetAside {
		t.Helper()
		var out strings.Builder
		err := listSetAside(t.Context(), &out, cfg, true)
		var rows []tables.SetAside
		if e := json.Unmarshal([]byte(out.String()), &rows); e != nil {
			t.Fatalf("%s: %v", &out, e)
		}
		if (err != nil) != (len(rows) > 0) {
			t.Fatalf("%d rows are listed, and the error is %v", len(rows), err)
		}
		return rows
	}
	if rows := list(); rows == nil || len(rows) > 0 {
		t.Fatalf("rows %v are listed, want an empty array", rows)
	}

	gameID, playerID := schemas.NewID(), schemas.NewID()
	seat := func(handle string) schemas.Seated { return schemas.Seated{PlayerID: schemas.NewID(), Handle: handle} }
	stop := startGames(t, cfg)
	if err := producer.Send(t.Context(), schemas.Command{
		ID: schemas.NewID(), Type: schemas.CreateGame, Key: gameID, Region: "eu", Actor: schemas.ActorService,
		Payload: &schemas.CreateGamePayload{White: seat("anna"), Black: seat("bo"), TimeControl: schemas.TimeControl{InitialCs: 60000}},
	}); err != nil {
		t.Fatal(err)
	}
	var row []byte
	eventually.True(t, "the game's row", func() bool {
		if err := kafka.ReadAll(t.Context(), cfg, schemas.GamesTable, func(r *kgo.Record) error {
			row = r.Value
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		return row != nil
	})
	stop()
	send(
		&kgo.Record{Topic: schemas.GamesTable, Key: []byte(gameID), Value: row[:len(row)-1]},
		&kgo.Record{Topic: schemas.PlayersTable, Key: []byte(playerID), Value: []byte("garbage")},
	)
	wrong := (kafka.PartitionOf(gameID, partitions) + 1) % partitions
	client, err := kgo.NewClient(append(cfg.Opts(), kgo.RecordPartitioner(kgo.ManualPartitioner()))...)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if err := client.ProduceSync(t.Context(), &kgo.Record{Topic: schemas.GamesTable, Partition: wrong, Key: []byte(gameID), Value: row}).FirstErr(); err != nil {
		t.Fatal(err)
	}
	states := func() map[string]tables.State {
		found := make(map[string]tables.State)
		for _, r := range list() {
			found[r.Topic+" "+r.Key+" "+string(r.State)] = r.State
		}
		return found
	}
	game, misplaced, player := "games-table "+gameID+" corrupt", "games-table "+gameID+" misplaced", "players-table "+playerID+" corrupt"
	if found := states(); len(found) != 3 || found[game] == "" || found[misplaced] == "" || found[player] == "" {
		t.Fatalf("listed are %v", found)
	}

	startGames(t, cfg)
	for key, want := range map[string]string{playerID: "cannot be made again", schemas.NewID(): "no row of"} {
		if err := repairRow(t.Context(), &strings.Builder{}, cfg, key, time.Minute); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("the repair of %s returned %v", key, err)
		}
	}
	var out strings.Builder
	if err := repairRow(t.Context(), &out, cfg, gameID, time.Minute); err != nil || out.String() != "repaired "+gameID+"\n" {
		t.Fatalf("%s: %v", &out, err)
	}
	send(&kgo.Record{Topic: schemas.PlayersTable, Key: []byte(playerID)}) // a tombstone
	if found := states(); len(found) != 1 || found[misplaced] == "" {
		t.Fatalf("listed are %v, want the misplaced row alone", found)
	}
}

func TestRepairListAsATable(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	if err := printSetAside(&out, []tables.SetAside{
		{Topic: "games-table", Partition: 3, Offset: 17, Key: "g\x1b[2J", Bytes: 7, State: tables.Corrupt, Reason: "7 bytes are not a row"},
	}, false); err != nil {
		t.Fatal(err)
	}
	want := "KEY           STATE    TOPIC        PARTITION  OFFSET  BYTES  REASON\n" +
		"\"g\\x1b[2J\"  corrupt  games-table  3          17      7      7 bytes are not a row\n"
	if got := out.String(); strings.Join(strings.Fields(got), " ") != strings.Join(strings.Fields(want), " ") || strings.Contains(got, "\x1b") {
		t.Errorf("got\n%q", got)
	}
	var c cli
	parse(t, &c, "repair", "some-id", "--kafka=x:1")
	if c.Repair.Row.ID != "some-id" {
		t.Errorf("'repair some-id' was parsed as %+v", c.Repair)
	}
	var l cli
	if parse(t, &l, "repair", "list", "--kafka=x:1", "--json"); !l.Repair.List.Json || l.Repair.Row.ID != "" {
		t.Errorf("'repair list --json' was parsed as %+v", l.Repair)
	}
}
