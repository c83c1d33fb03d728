package test

import (
	"context"
	"testing"
	"time"

	"tabiya/internal/client"
	"tabiya/schemas"
)

// rebuildTables makes the tables of players and queues again while a player waits in a
// queue and the platform runs. The player is told on their stream that they wait no more,
// and can join again.
func (p *platform) rebuildTables(t *testing.T, c *client.Client, waits client.Player) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	told, ended := make(chan client.OwnEvent, 100), make(chan error, 1)
	go func() {
		ended <- c.OwnEvents(ctx, waits, func(e client.OwnEvent) error { told <- e; return nil })
	}()
	next := func(what string, is func(client.OwnEvent) bool) {
		t.Helper()
		for {
			select {
			case e := <-told:
				t.Logf("%s told %+v", waits.ID, e)
				if is(e) {
					return
				}
			case err := <-ended:
				t.Fatalf("the stream ended before %s: %v", what, err)
			}
		}
	}
	idle := func(e client.OwnEvent) bool { return e.Type == "left" || e.Type == "state" && e.Seat.Status == "idle" }
	queued := func(e client.OwnEvent) bool {
		return e.Type == "queued" || e.Type == "state" && e.Seat.Status == "queued"
	}
	join := func() {
		t.Helper()
		if err := c.Join(ctx, waits, schemas.NewID(), "eu", "30+20"); err != nil {
			t.Fatal(err)
		}
		next("the player was queued", queued)
	}
	next("the first state", idle)
	join()
	p.mustRun(t, "rebuild", "tables", "player", "queue")
	next("the player left the queue", idle)
	ready(t, p.process, p.url, time.Minute)
	join()
	cancel()
	<-ended
}
