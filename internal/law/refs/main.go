package main

import (
	"flag"
	"fmt"
	"go/token"
	"io"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"
)

func main() {
	order := flag.String("order", "", "units from top to bottom, separated by commas (default: the best order found)")
	back := flag.Bool("back", false, "list the place of each back reference")
	flag.Parse()
	if err := run(os.Stdout, flag.Args(), *order, *back); err != nil {
		fmt.Fprintln(os.Stderr, "refs:", err)
		os.Exit(1)
	}
}

func run(out io.Writer, patterns []string, names string, listBack bool) error {
	fset := token.NewFileSet()
	pkgs, err := load(fset, patterns)
	if err != nil {
		return err
	}
	g, kind := betweenPackages(fset, pkgs), "packages"
	if len(pkgs) == 1 {
		g, kind = betweenFiles(fset, pkgs[0]), "files"
	}
	w := g.weights()
	order := bestOrder(w)
	if names != "" {
		if order, err = givenOrder(g.units, strings.Split(names, ",")); err != nil {
			return err
		}
	}
	if err := report(out, g, w, order, kind); err != nil {
		return err
	}
	if listBack {
		reportBack(out, g, order)
	}
	return nil
}

// report prints a line a unit, from top to bottom, and the totals.
func report(out io.Writer, g graph, w [][]int, order []int, kind string) error {
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(t, "uses others\tused by others\tback\t  %s, top to bottom\n", kind)
	for i, u := range order {
		uses, used, back := 0, 0, 0
		for j, v := range order {
			uses += w[u][v]
			used += w[v][u]
			if j < i {
				back += w[u][v]
			}
		}
		fmt.Fprintf(t, "%d\t%d\t%d\t  %s\n", uses, used, back, g.units[u])
	}
	if err := t.Flush(); err != nil {
		return err
	}
	pairs := 0
	for _, row := range w {
		for _, n := range row {
			pairs += min(n, 1)
		}
	}
	_, err := fmt.Fprintf(out, "\n%d %s, %d references between %d pairs of them, %d back references\n",
		len(g.units), kind, len(g.refs), pairs, backward(w, order))
	return err
}

func reportBack(out io.Writer, g graph, order []int) {
	place := make([]int, len(order))
	for i, u := range order {
		place[u] = i
	}
	fmt.Fprintln(out)
	for _, r := range g.refs {
		if place[r.from] > place[r.to] {
			fmt.Fprintf(out, "%s:%d: %s of %s\n", filepath.Base(r.at.Filename), r.at.Line, r.name, g.units[r.to])
		}
	}
}
