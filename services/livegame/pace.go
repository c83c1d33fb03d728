package livegame

import "time"

// pace is how fast a socket may send frames: the generic cell rate algorithm,
// which is a token bucket in one number. Only the socket's reader uses it.
type pace struct {
	each time.Duration // a frame's share of a second
	free time.Time     // when all that was sent would have been sent at the steady rate
}

// A socket may be two seconds ahead of the steady rate, but not by more frames
// than its outbox holds answers: it would look like a reader that is too slow.
const (
	paceAhead  = 2 * time.Second
	paceFrames = outboxItems / 2
)

func newPace(perSecond int) pace { return pace{each: time.Second / time.Duration(perSecond)} }

// allows reports whether a frame may come now; one that may not counts for
// nothing.
func (p *pace) allows(now time.Time) bool {
	if p.free.Before(now) {
		p.free = now
	}
	if p.free.Sub(now) > min(paceAhead, paceFrames*p.each)-p.each {
		return false
	}
	p.free = p.free.Add(p.each)
	return true
}
