package outage

import (
	"encoding/binary"
	"errors"

	"tabiya/schemas"
)

// bodyFormat is the first byte of the body. The rest are varints: the time and place
// of the last pulse, and for each gap its two times and two places, each as the
// difference to the same number of the gap before.
const bodyFormat = 1

// AppendBody appends the body of the partition's pulse row.
func (g *Gaps) AppendBody(b []byte) []byte {
	b = append(b, bodyFormat)
	b = binary.AppendVarint(b, int64(g.last))
	b = binary.AppendVarint(b, g.lastPlace)
	var before gap
	for _, gap := range g.gaps {
		for _, n := range [...]int64{
			int64(gap.from - before.from), int64(gap.to - before.to),
			gap.fromPlace - before.fromPlace, gap.toPlace - before.toPlace,
		} {
			b = binary.AppendVarint(b, n)
		}
		before = gap
	}
	return b
}

var errBody = errors.New("the body of the pulse row is malformed")

// DecodeBody decodes what AppendBody wrote. Any bytes give Gaps or an error.
func DecodeBody(body []byte) (Gaps, error) {
	if len(body) == 0 || body[0] != bodyFormat {
		return Gaps{}, errBody
	}
	numbers := make([]int64, 0, 2+4*maxGaps)
	for rest := body[1:]; len(rest) > 0; {
		n, width := binary.Varint(rest)
		if width <= 0 || len(numbers) == cap(numbers) {
			return Gaps{}, errBody
		}
		numbers, rest = append(numbers, n), rest[width:]
	}
	if len(numbers)%4 != 2 || numbers[0] <= 0 {
		return Gaps{}, errBody
	}
	g := Gaps{last: schemas.Time(numbers[0]), lastPlace: numbers[1]}
	var sum gap
	for n := numbers[2:]; len(n) > 0; n = n[4:] {
		sum.from += schemas.Time(n[0])
		sum.to += schemas.Time(n[1])
		sum.fromPlace += n[2]
		sum.toPlace += n[3]
		if sum.to < sum.from || sum.toPlace < sum.fromPlace || sum.toPlace > g.lastPlace {
			return Gaps{}, errBody
		}
		g.gaps = append(g.gaps, sum)
	}
	return g, nil
}
