package main

const (
	margin     = 24.0
	header     = 76.0
	minContent = 1180.0
	columnGap  = 28.0
	channel    = 44.0 // height of the space between rows, without its tracks
)

// layout gives every box its rectangle and every edge its line.
func layout(boxes []*box, edges []edge) (lines []line, width, height float64) {
	var rows [][]*box
	for _, b := range boxes {
		for len(rows) <= b.row {
			rows = append(rows, nil)
		}
		rows[b.row] = append(rows[b.row], b)
	}
	content := minContent
	for _, row := range rows {
		content = max(content, rowWidth(row))
	}
	x := margin + laneGap*3
	for _, row := range rows {
		spread(row, x, content)
	}
	r := newRouter(boxes, edges, x, x+content)
	y := header
	for i, row := range rows {
		h := 0.0
		for _, b := range row {
			b.y = y
			b.fill()
			h = max(h, b.h)
		}
		for _, b := range row {
			b.h = h
		}
		y += h + channel + trackGap*float64(len(r.tracks[i]))
	}
	return r.lines(), x + content + laneGap*3 + margin, y
}

func rowWidth(row []*box) float64 {
	w := -columnGap
	for _, b := range row {
		w += b.minWidth() + columnGap
	}
	return w
}

// spread sets x and width of a row's boxes, which share the spare width.
func spread(row []*box, x, content float64) {
	spare, shares := content-rowWidth(row), 0.0
	for _, b := range row {
		shares += b.share
	}
	for _, b := range row {
		b.x, b.w = x, b.minWidth()+spare*b.share/max(shares, 1)
		x += b.w + columnGap
	}
}
