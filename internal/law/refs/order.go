package main

import (
	"fmt"
	"slices"
)

// backward returns how many references point up in the order.
func backward(w [][]int, order []int) int {
	n := 0
	for i, lower := range order {
		for _, upper := range order[:i] {
			n += w[lower][upper]
		}
	}
	return n
}

// bestOrder looks for an order of the units with few back references.
func bestOrder(w [][]int) []int {
	order := greedy(w)
	for improve(w, order) {
	}
	return order
}

// greedy is the heuristic of Eades, Lin and Smyth: units that nobody uses go to
// the top, units that use nobody to the bottom, and where there are only cycles
// the unit goes to the top whose uses outweigh those made of it by most.
func greedy(w [][]int) []int {
	left := make([]int, len(w))
	for i := range left {
		left[i] = i
	}
	var top, bottom []int
	for len(left) > 0 {
		best, bestScore := 0, 0
		toBottom := false
		for i, u := range left {
			out, in := 0, 0
			for _, v := range left {
				out += w[u][v]
				in += w[v][u]
			}
			if out == 0 {
				best, toBottom = i, true
				break
			}
			if score := out - in; i == 0 || score > bestScore || in == 0 {
				best, bestScore = i, score
			}
			if in == 0 {
				break
			}
		}
		u := left[best]
		left = slices.Delete(left, best, best+1)
		if toBottom {
			bottom = append(bottom, u)
		} else {
			top = append(top, u)
		}
	}
	slices.Reverse(bottom)
	return append(top, bottom...)
}

// improve moves one unit to the place where it saves most back references, and
// reports whether there was such a move.
func improve(w [][]int, order []int) bool {
	bestSaving, from, to := 0, 0, 0
	for i, u := range order {
		saving := 0
		for j := i + 1; j < len(order); j++ { // down, past order[j]
			saving += w[order[j]][u] - w[u][order[j]]
			if saving > bestSaving {
				bestSaving, from, to = saving, i, j
			}
		}
		saving = 0
		for j := i - 1; j >= 0; j-- { // up, past order[j]
			saving += w[u][order[j]] - w[order[j]][u]
			if saving > bestSaving {
				bestSaving, from, to = saving, i, j
			}
		}
	}
	if bestSaving == 0 {
		return false
	}
	u := order[from]
	rest := slices.Delete(slices.Clone(order), from, from+1)
	copy(order, slices.Insert(rest, to, u))
	return true
}

// givenOrder turns names into an order; each unit must be named once.
func givenOrder(units, names []string) ([]int, error) {
	order := make([]int, 0, len(units))
	for _, name := range names {
		i := slices.Index(units, name)
		if i < 0 || slices.Contains(order, i) {
			return nil, fmt.Errorf("order: %q is unknown or named twice", name)
		}
		order = append(order, i)
	}
	for i, u := range units {
		if !slices.Contains(order, i) {
			return nil, fmt.Errorf("order: %q is missing", u)
		}
	}
	return order, nil
}
