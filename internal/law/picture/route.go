package main

import (
	"cmp"
	"slices"
)

const (
	laneGap  = 18.0
	trackGap = 12.0
	portGap  = 14.0
	portPad  = 20.0
)

type point struct{ x, y float64 }

// line is an edge as it is drawn: from the bottom of its box to its target.
type line struct {
	edge
	points []point
}

// router finds the lines. An edge falls straight down where nothing is in its
// way. Otherwise it falls onto a track below its row, which leads to the top of
// a box in the next row, or to a lane beside all boxes and into its target's side.
type router struct {
	boxes       []*box
	edges       []edge
	left, right float64          // of all boxes
	straight    map[edge]float64 // x
	tracks      map[int][]*box   // row: targets, from top to bottom
	lanes       map[*box]float64 // x
}

func newRouter(boxes []*box, edges []edge, left, right float64) *router {
	r := &router{boxes: boxes, edges: edges, left: left, right: right,
		straight: map[edge]float64{}, tracks: map[int][]*box{}, lanes: map[*box]float64{}}
	var far []*box
	for _, e := range edges {
		if x, ok := r.fall(e); ok {
			r.straight[e] = x
			continue
		}
		if row := e.from.row; !slices.Contains(r.tracks[row], e.to) {
			r.tracks[row] = append(r.tracks[row], e.to)
		}
		if e.to.row > e.from.row+1 && !slices.Contains(far, e.to) {
			far = append(far, e.to)
		}
	}
	for _, targets := range r.tracks {
		slices.SortStableFunc(targets, func(a, b *box) int {
			return cmp.Or(cmp.Compare(a.side, b.side), cmp.Compare(b.row, a.row))
		})
	}
	// Lower targets take the outer lanes, so that lanes do not cross.
	slices.SortStableFunc(far, func(a, b *box) int { return cmp.Compare(a.row, b.row) })
	lanes := map[side]float64{}
	for _, to := range far {
		lanes[to.side]++
		r.lanes[to] = left - laneGap*lanes[onLeft]
		if to.side == onRight {
			r.lanes[to] = right + laneGap*lanes[onRight]
		}
	}
	return r
}

// fall returns where an edge can fall straight onto its target.
func (r *router) fall(e edge) (x float64, ok bool) {
	lo, hi := max(e.from.x, e.to.x)+portPad, min(e.from.right(), e.to.right())-portPad
	for _, b := range r.boxes {
		if b.row <= e.from.row || b.row >= e.to.row {
			continue
		}
		// Boxes between leave the wider of the two remaining parts.
		if b.x-lo > hi-b.right() {
			hi = min(hi, b.x-portPad)
		} else {
			lo = max(lo, b.right()+portPad)
		}
	}
	return (lo + hi) / 2, lo <= hi
}

// side is where the edge leaves its box, if it does not fall straight down.
func (e edge) side() side {
	if e.to.row > e.from.row+1 {
		return e.to.side
	}
	if e.to.center() > e.from.center() {
		return onRight
	}
	return onLeft
}

func (r *router) lines() []line {
	var all []line
	for _, e := range r.edges {
		if x, ok := r.straight[e]; ok {
			all = append(all, line{e, []point{{x, e.from.bottom()}, {x, e.to.y}}})
			continue
		}
		port := r.port(e)
		track := e.from.bottom() + portPad + trackGap*float64(slices.Index(r.tracks[e.from.row], e.to))
		points := []point{{port, e.from.bottom()}, {port, track}}
		if e.to.row == e.from.row+1 {
			x := e.to.x + portPad
			all = append(all, line{e, append(points, point{x, track}, point{x, e.to.y})})
			continue
		}
		lane, into := r.lanes[e.to], point{e.to.x, e.to.y + e.to.h/2}
		if e.to.side == onRight {
			into.x = e.to.right()
		}
		all = append(all, line{e, append(points, point{lane, track}, point{lane, into.y}, into)})
	}
	return all
}

// port returns where the edge leaves its box: the outermost lane at the corner.
func (r *router) port(e edge) float64 {
	n := 0.0
	for _, to := range r.tracks[e.from.row] {
		if to == e.to {
			break
		}
		other := edge{e.from, to}
		if _, straight := r.straight[other]; other.side() == e.side() && !straight && slices.Contains(r.edges, other) {
			n++
		}
	}
	if e.side() == onRight {
		return e.from.right() - portPad - n*portGap
	}
	return e.from.x + portPad + n*portGap
}
