// Package pairing pairs the tickets of a queue in one wave. It is deterministic: the
// same tickets give the same pairs on every machine.
//
// The score of a pair is the difference of its ratings minus the credit that both
// tickets have earned by waiting. The lowest scores are paired first, and pairs above
// Window are not made. The method and the first constants are lichess's
// (modules/pool/src/main/MatchMaking.scala). Unlike there the credit has no cap: after
// Patience missed waves it grows fast, so long waits come first, and any two tickets
// in a queue are paired eventually: 200 points apart after 3 missed waves, 500 after
// 15, 2000 after 36, 3900 after 46.
package pairing

import "slices"

const (
	// Window is the highest score of a pair, in rating points.
	Window = 150
	// MissedBonus is the credit for each of the first Patience missed waves.
	MissedBonus = 12
	// Patience is how many waves a ticket waits before its credit grows fast.
	Patience = 30
	// ImpatientBonus is the credit for each missed wave after that.
	ImpatientBonus = 100

	// In a queue larger than smallPool a ticket is compared only with its next
	// neighbours in rating order.
	neighbours = 8
	smallPool  = 64
)

// Candidate is a ticket.
type Candidate struct {
	Rating int
	Missed int // waves without an opponent
}

func (c Candidate) credit() int {
	return MissedBonus*min(c.Missed, Patience) + ImpatientBonus*max(0, c.Missed-Patience)
}

// Score returns the score of a pair. Lower is better.
func Score(a, b Candidate) int {
	return max(a.Rating-b.Rating, b.Rating-a.Rating) - a.credit() - b.credit()
}

// Pairs returns pairs of indices into tickets: the lower index of a pair first, and
// the pairs in order of it. Earlier tickets win ties.
func Pairs(tickets []Candidate) [][2]int {
	left := make([]int, len(tickets))
	for i := range left {
		left[i] = i
	}
	slices.SortStableFunc(left, func(a, b int) int { return tickets[a].Rating - tickets[b].Rating })
	var pairs [][2]int
	for taken := make([]bool, len(tickets)); ; {
		edges := acceptable(tickets, left)
		if len(edges) == 0 {
			break
		}
		for _, e := range edges {
			if !taken[e.a] && !taken[e.b] {
				taken[e.a], taken[e.b] = true, true
				pairs = append(pairs, [2]int{e.a, e.b})
			}
		}
		left = slices.DeleteFunc(left, func(i int) bool { return taken[i] })
	}
	slices.SortFunc(pairs, func(p, q [2]int) int { return p[0] - q[0] })
	return pairs
}

// edge is a possible pair, a < b.
type edge struct{ score, a, b int }

// acceptable returns the pairs within Window, best first. left is in rating order.
func acceptable(tickets []Candidate, left []int) []edge {
	reach := neighbours
	if len(left) <= smallPool {
		reach = len(left)
	}
	var edges []edge
	for i, x := range left {
		for _, y := range left[i+1 : min(len(left), i+1+reach)] {
			if score := Score(tickets[x], tickets[y]); score <= Window {
				edges = append(edges, edge{score, min(x, y), max(x, y)})
			}
		}
	}
	slices.SortFunc(edges, func(p, q edge) int {
		switch {
		case p.score != q.score:
			return p.score - q.score
		case p.a != q.a:
			return p.a - q.a
		}
		return p.b - q.b
	})
	return edges
}
