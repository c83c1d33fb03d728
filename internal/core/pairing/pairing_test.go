package pairing

import (
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
)

func TestPairs(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		tickets []Candidate
		want    [][2]int
	}{
		{"no tickets", nil, nil},
		{"one ticket", []Candidate{{1500, 99}}, nil},
		{"two similar ratings", []Candidate{{1500, 0}, {1520, 0}}, [][2]int{{0, 1}}},
		{"at the window", []Candidate{{1500, 0}, {1650, 0}}, [][2]int{{0, 1}}},
		{"beyond the window", []Candidate{{1500, 0}, {1651, 0}}, nil},
		{"a missed wave widens it", []Candidate{{1500, 1}, {1662, 0}}, [][2]int{{0, 1}}},
		{"missed waves of both add up", []Candidate{{1500, 1}, {1674, 1}}, [][2]int{{0, 1}}},
		{"nearest ratings", []Candidate{{1500, 0}, {1600, 0}, {1510, 0}, {1590, 0}}, [][2]int{{0, 2}, {1, 3}}},
		{"earlier tickets win ties", []Candidate{{1500, 0}, {1500, 0}, {1500, 0}}, [][2]int{{0, 1}}},
		{"longest wait beats nearest rating", []Candidate{{1500, 0}, {1500, 0}, {1600, 20}}, [][2]int{{0, 2}}},
		{"unpaired ticket stays", []Candidate{{1500, 0}, {1900, 0}, {1505, 0}}, [][2]int{{0, 2}}},
	} {
		if got := Pairs(c.tickets); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

func random(rng *rand.Rand, n int) []Candidate {
	tickets := make([]Candidate, n)
	for i := range tickets {
		tickets[i] = Candidate{Rating: 600 + rng.IntN(2400), Missed: rng.IntN(60) * rng.IntN(2)}
	}
	return tickets
}

func TestPairsAreValidAndMaximal(t *testing.T) {
	t.Parallel()
	for seed := range uint64(300) {
		rng := rand.New(rand.NewPCG(seed, 0))
		tickets := random(rng, rng.IntN(150))
		before := slices.Clone(tickets)
		pairs := Pairs(tickets)
		if !reflect.DeepEqual(pairs, Pairs(before)) || !reflect.DeepEqual(tickets, before) {
			t.Fatal("the same tickets gave other pairs, or were changed")
		}
		taken := map[int]bool{}
		for i, p := range pairs {
			if p[0] >= p[1] || taken[p[0]] || taken[p[1]] || Score(tickets[p[0]], tickets[p[1]]) > Window {
				t.Fatalf("seed %d: pair %v", seed, p)
			}
			if i > 0 && pairs[i-1][0] >= p[0] {
				t.Fatalf("seed %d: pairs are not in order", seed)
			}
			taken[p[0]], taken[p[1]] = true, true
		}
		var left []Candidate
		for i, c := range tickets {
			if !taken[i] {
				left = append(left, c)
			}
		}
		slices.SortStableFunc(left, func(a, b Candidate) int { return a.Rating - b.Rating })
		for i := 1; i < len(left); i++ {
			if Score(left[i-1], left[i]) <= Window {
				t.Fatalf("seed %d: %+v and %+v could have been paired", seed, left[i-1], left[i])
			}
		}
	}
}

// wavesAtMost is how many waves two tickets with that rating difference miss before
// they are paired, if they are alone.
func wavesAtMost(difference int) (missed int) {
	for len(Pairs([]Candidate{{0, missed}, {difference, missed}})) == 0 {
		missed++
	}
	return missed
}

func TestTwoTicketsAlonePairInBoundedTime(t *testing.T) {
	t.Parallel()
	for difference, most := range map[int]int{0: 0, 150: 0, 200: 3, 500: 15, 900: 31, 2000: 36, 3900: 46} {
		if got := wavesAtMost(difference); got != most {
			t.Errorf("%d points apart: paired after %d waves, documented are %d", difference, got, most)
		}
	}
}

// An outlying rating is paired once its credit is the highest, even if only newcomers
// without credit are there.
func TestOutlierIsPairedAmongNewcomers(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(7, 7))
	odd := Candidate{Rating: 3000}
	for odd.Missed < 70 {
		tickets := []Candidate{odd}
		for range 20 {
			tickets = append(tickets, Candidate{Rating: 1400 + rng.IntN(200)})
		}
		if pairs := Pairs(tickets); pairs[0][0] == 0 {
			return
		}
		odd.Missed++
	}
	t.Fatal("not paired after 70 waves")
}

func BenchmarkPairs1000(b *testing.B) {
	tickets := random(rand.New(rand.NewPCG(1, 1)), 1000)
	for b.Loop() {
		Pairs(tickets)
	}
}
