package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// side says where the lines to a box run that cannot fall straight onto it.
type side int

const (
	onLeft side = iota
	onRight
)

// box is a folder of the picture.
type box struct {
	title   string
	about   string
	folders []string // the innermost folder that holds a package decides
	row     int
	share   float64 // of the row's spare width
	side    side
	color   string

	chips []*chip
	rect
}

// chip is a package in its box.
type chip struct {
	path, label string
	level       int
	uses        []*chip // in the same box
	rect
}

type rect struct{ x, y, w, h float64 }

func (r rect) bottom() float64 { return r.y + r.h }
func (r rect) right() float64  { return r.x + r.w }
func (r rect) center() float64 { return r.x + r.w/2 }

// slate is the colour of folders that few others import.
const slate = "#475569"

// emptyBoxes is the table of places: a new folder needs an entry here.
func emptyBoxes() []*box {
	return []*box{
		{title: "cmd", about: "the wiring: a file a subcommand", folders: []string{"cmd"}, row: 0, share: 5, color: slate},
		{title: "benchmarks", about: "load from outside", folders: []string{"benchmarks", "test"}, row: 0, share: 2, color: slate},
		{title: "services", about: "HTTP and WebSocket; the chess app", folders: []string{"services", "web"}, row: 1, color: slate},
		{title: "processors", about: "commands in, events out", folders: []string{"processors"}, row: 1, color: slate},
		{title: "sinks", about: "events to Postgres and S3", folders: []string{"sinks"}, row: 1, share: 1, color: slate},
		{title: "client", about: "of the public API", folders: []string{"internal/client", "internal/replay"}, row: 1, color: slate},
		{title: "tables", about: "rows on changelog topics", folders: []string{"tables"}, row: 2, share: 1, side: onLeft, color: "#0369a1"},
		{title: "internal", about: "adapters to Kafka, Postgres, S3, HTTP", folders: []string{"internal"}, row: 3, share: 1, side: onRight, color: "#b45309"},
		{title: "internal/core", about: "the pure cores: no I/O, no clock", folders: []string{"internal/core"}, row: 4, share: 1, side: onRight, color: "#7e22ce"},
		{title: "schemas", about: "the language: topics, commands, events", folders: []string{"schemas"}, row: 5, share: 1, side: onLeft, color: "#15803d"},
	}
}

// edge is an import between boxes.
type edge struct{ from, to *box }

// place puts the packages into boxes. It returns the boxes in use and the edges
// between them, both in a fixed order.
func place(all imports) ([]*box, []edge, error) {
	boxes := emptyBoxes()
	home, chips := map[string]*box{}, map[string]*chip{}
	for _, path := range slices.Sorted(maps.Keys(all)) {
		b, folder := boxFor(boxes, path)
		if b == nil {
			return nil, nil, fmt.Errorf("%s has no place in the picture: add its folder to emptyBoxes", path)
		}
		c := &chip{path: path, label: label(path, folder)}
		b.chips = append(b.chips, c)
		home[path], chips[path] = b, c
	}
	linked := map[edge]bool{}
	for path, targets := range all {
		for _, t := range targets {
			from, to := home[path], home[t]
			switch {
			case to == nil: // hidden
			case from == to:
				chips[path].uses = append(chips[path].uses, chips[t])
			case from.row >= to.row:
				return nil, nil, fmt.Errorf("%s imports %s, which is not below it", path, t)
			default:
				linked[edge{from, to}] = true
			}
		}
	}
	boxes = slices.DeleteFunc(boxes, func(b *box) bool { return len(b.chips) == 0 })
	var edges []edge
	for _, from := range boxes {
		for _, to := range boxes {
			if linked[edge{from, to}] {
				edges = append(edges, edge{from, to})
			}
		}
	}
	return boxes, edges, nil
}

func boxFor(boxes []*box, path string) (found *box, folder string) {
	for _, b := range boxes {
		for _, f := range b.folders {
			if within(path, f) && len(f) > len(folder) {
				found, folder = b, f
			}
		}
	}
	return found, folder
}

// label is the path below the box's folder, or the folder's own name.
func label(path, folder string) string {
	if below, ok := strings.CutPrefix(path, folder+"/"); ok {
		return below
	}
	return path[strings.LastIndex(path, "/")+1:]
}
