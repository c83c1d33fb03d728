package pending

import (
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"tabiya/schemas"
	"tabiya/services/livegame/availability"
)

type discard struct{}

func (discard) SendAsync(schemas.Message, func(error)) {}

// The code of a reply is what is in the record.
func TestCodesOfRecordsMakeNoNewSeries(t *testing.T) {
	t.Parallel()
	answered := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "answered"}, []string{"command", "answer"})
	available := availability.New(time.Minute)
	available.SetCaughtUp()
	c := New(Config{
		Sender: discard{}, Availability: available, Timeout: time.Minute, Limit: 10, Logger: slog.New(slog.DiscardHandler),
		Latency: prometheus.NewHistogram(prometheus.HistogramOpts{Name: "latency"}), Answered: answered,
		KnownCode: func(code schemas.Code) bool { return code == schemas.CodeGameOver },
	})
	refuse := func(code schemas.Code) {
		cmd := schemas.Command{ID: schemas.NewID(), Type: schemas.Resign, Key: schemas.NewID()}
		c.Send(cmd, "", func(o Outcome) {
			if o.Code != code {
				t.Errorf("the client is told %q, not %q", o.Code, code)
			}
		})
		c.OnReply(schemas.Reply{Type: schemas.CommandRejected, CommandID: cmd.ID, CommandType: cmd.Type, Key: cmd.Key, Code: code})
	}
	refuse(schemas.CodeGameOver)
	for i := range 1000 {
		refuse(schemas.Code(fmt.Sprintf("invented_%d", i)))
	}
	registry := prometheus.NewRegistry()
	registry.MustRegister(answered)
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	if n := len(families[0].GetMetric()); n != 2 {
		t.Errorf("%d series, want one for game_over and one for all others", n)
	}
}
