package outage

import (
	"math/rand/v2"
	"reflect"
	"testing"

	"tabiya/schemas"
)

const begin = schemas.Time(1_795_449_270_120)

// pulses adds pulses at seconds after begin, at places 10, 20, 30 and so on.
func pulses(seconds ...float64) *Gaps {
	g := &Gaps{}
	for i, s := range seconds {
		g.Pulse(second(s), int64(10*(i+1)))
	}
	return g
}

func second(s float64) schemas.Time { return begin + schemas.Time(1000*s) }

func TestClocksStandStillInGapsAndForAWhileAfterThem(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name     string
		pulses   []float64
		place    int64
		from, to float64
		want     int64
		still    bool // at `to`
	}{
		{"no pulse ever", nil, 5, 0, 100, 0, false},
		{"regular pulses", []float64{0, 1, 2.5, 5.4}, 99, 0, 6, 0, false},
		{"a gap, and as long again", []float64{0, 1, 6, 7, 10, 12, 14}, 99, 0, 15, 1000, false},
		{"10 seconds at most after a long gap", []float64{0, 60, 61}, 99, 0, 63, 6300, true},
		{"10 seconds have passed", []float64{0, 60, 61, 64, 67, 70}, 99, 0, 72, 7000, false},
		{"only the part after from", []float64{0, 60}, 99, 58, 61, 300, true},
		{"only the part before to", []float64{0, 60}, 15, 0, 10, 1000, true},
		{"no gap yet", []float64{0}, 99, 0, 3, 0, false},
		{"a gap that is still open", []float64{0}, 99, 0, 3.01, 301, true},
		{"the closing pulse stands behind", []float64{0, 60}, 15, 0, 50, 5000, true},
		{"the closing pulse stands behind, too early to know", []float64{0, 60}, 15, 0, 2, 0, false},
		{"before the gap", []float64{0, 60}, 5, 0, 50, 0, false},
		{"two gaps whose stretches overlap", []float64{0, 20, 24}, 99, 0, 100, 10000, true},
		{"from is behind to", []float64{0, 60}, 99, 70, 10, 0, true},
		{"a broker clock that steps back", []float64{0, 10, 6, 7, 11, 14, 17, 20}, 99, 0, 21, 2000, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			view := pulses(c.pulses...).Before(c.place)
			if got := view.Centis(second(c.from), second(c.to)); got != c.want {
				t.Errorf("%d cs, want %d", got, c.want)
			}
			if got := view.StandStill(second(c.to)); got != c.still {
				t.Errorf("stands still: %v, want %v", got, c.still)
			}
		})
	}
	if got := (View{}).Centis(begin, begin+1000); got != 0 {
		t.Errorf("the zero View gives back %d", got)
	}
}

func TestRepeatedPulseChangesNothing(t *testing.T) {
	t.Parallel()
	once, twice := pulses(0, 1, 9), pulses(0, 1, 9)
	twice.Pulse(second(30), 20)
	twice.Pulse(second(30), 30)
	if !reflect.DeepEqual(once, twice) {
		t.Errorf("%+v, want %+v", twice, once)
	}
}

// TestReplayKnowsWhatTheFirstDecisionKnew asks for the same command before and after
// the pulses behind it are added, which is what a restart does.
func TestReplayKnowsWhatTheFirstDecisionKnew(t *testing.T) {
	t.Parallel()
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 1))
		type question struct {
			place    int64
			from, to schemas.Time
			centis   int64
			still    bool
		}
		var asked []question
		g, at := &Gaps{}, begin
		for place := range int64(300) {
			at += schemas.Time(r.IntN(1500))
			if r.IntN(15) == 0 {
				at += schemas.Time(r.IntN(40_000))
			}
			if r.IntN(2) == 0 {
				g.Pulse(at, place)
				continue
			}
			from, view := at-schemas.Time(r.IntN(30_000)), g.Before(place)
			q := question{place, from, at, view.Centis(from, at), view.StandStill(at)}
			if q.centis > at.Centis()-from.Centis() {
				t.Fatalf("%d cs of %d", q.centis, at.Centis()-from.Centis())
			}
			asked = append(asked, q)
		}
		again, err := DecodeBody(g.AppendBody(nil))
		if err != nil || !reflect.DeepEqual(&again, g) {
			t.Fatalf("%v: decoded %+v, want %+v", err, again, g)
		}
		for _, q := range asked {
			view := again.Before(q.place)
			if c, s := view.Centis(q.from, q.to), view.StandStill(q.to); c != q.centis || s != q.still {
				t.Fatalf("seed %d, %+v: now %d cs, %v", seed, q, c, s)
			}
		}
	}
}

func TestOnlyTheLastGapsAreKept(t *testing.T) {
	t.Parallel()
	g := &Gaps{}
	for i := range 10 * maxGaps {
		g.Pulse(begin+schemas.Time(20_000*i), int64(i))
	}
	if len(g.gaps) != maxGaps || len(g.AppendBody(nil)) > 2048 {
		t.Fatalf("%d gaps in %d bytes", len(g.gaps), len(g.AppendBody(nil)))
	}
	if from, to, runsAt, ok := g.LastGap(); !ok || to-from != 20_000 || runsAt != to+10_000 || to != g.Last() {
		t.Fatal(from, to, runsAt, ok)
	}
}

func FuzzDecodeBody(f *testing.F) {
	f.Add([]byte{})
	f.Add(pulses(0, 1, 9, 30).AppendBody(nil))
	f.Fuzz(func(t *testing.T, body []byte) {
		g, err := DecodeBody(body)
		if err != nil {
			return
		}
		if again, err := DecodeBody(g.AppendBody(nil)); err != nil || !reflect.DeepEqual(again, g) {
			t.Fatalf("%v: %+v, want %+v", err, again, g)
		}
		if c := g.Before(50).Centis(begin, begin+100_000); c < 0 || c > 10_000 {
			t.Fatalf("%d cs of 100 s", c)
		}
	})
}
