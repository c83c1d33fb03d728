package schemas

import "strings"

// scanEvent decodes a MoveMade or a terminal event in the form that Record writes,
// and returns the JSON of its payload too. ok is false for everything else, valid
// or not. The event's strings, except for its key, are substrings of s.
func scanEvent(s string) (ev Event, payload string, ok bool) {
	p := &scanner{s: s, ok: true}
	p.lit(`{"eventId":"`)
	ev.ID = p.str()
	p.lit(`,"eventType":"`)
	ev.Type = EventType(p.str())
	if ev.Type != MoveMade && !ev.Type.Terminal() {
		return Event{}, "", false
	}
	p.lit(`,"schemaVersion":`)
	p.int()
	p.lit(`,"gameId":"`)
	ev.Key = strings.Clone(p.str()) // a map key must not keep all of s in memory
	p.lit(`,"seq":`)
	ev.Seq = p.int()
	p.lit(`,"occurredAt":"`)
	ev.OccurredAt = p.time()
	p.lit(`,"region":"`)
	ev.Region = p.str()
	p.lit(`,"commandId":"`)
	ev.CommandID = p.str()
	p.lit(`,"payload":`)
	begin := p.i
	if ev.Type == MoveMade {
		ev.Payload = p.move()
	} else {
		ev.Payload = p.game()
	}
	end := p.i
	p.lit(`}`)
	if !p.ok || p.i != len(s) || ev.Key == "" || ev.Seq < 1 {
		return Event{}, "", false
	}
	return ev, s[begin:end], true
}

func (p *scanner) move() *MoveMadePayload {
	var m MoveMadePayload
	p.lit(`{"ply":`)
	m.Ply = int(p.int())
	p.lit(`,"color":"`)
	m.Color = Color(p.str())
	p.lit(`,"uci":"`)
	m.UCI = p.str()
	p.lit(`,"san":"`)
	m.SAN = p.str()
	p.lit(`,"fen":"`)
	m.FEN = p.str()
	p.lit(`,"clock":{"whiteCs":`)
	m.Clock.WhiteCs = p.int()
	p.lit(`,"blackCs":`)
	m.Clock.BlackCs = p.int()
	p.lit(`,"elapsedCs":`)
	m.Clock.ElapsedCs = p.int()
	p.lit(`,"chargedCs":`)
	m.Clock.ChargedCs = p.int()
	if p.opt(`,"compensatedCs":`) {
		m.Clock.CompensatedCs = p.int()
	}
	if p.opt(`,"restoredCs":`) {
		m.Clock.RestoredCs = p.int()
	}
	p.lit(`}`)
	if p.opt(`,"deadlineAt":"`) {
		m.DeadlineAt = p.time()
	}
	p.lit(`}`)
	return &m
}

func (p *scanner) seated(s *Seated) {
	p.lit(`{"playerId":"`)
	s.PlayerID = p.str()
	p.lit(`,"handle":"`)
	s.Handle = p.str()
	p.lit(`,"rating":`)
	s.Rating = p.float()
	p.lit(`,"deviation":`)
	s.Deviation = p.float()
	if p.opt(`,"ticketId":"`) {
		s.TicketID = p.str()
	}
	if p.opt(`,"attempt":`) {
		s.Attempt = int(p.int())
	}
	p.lit(`}`)
}

func (p *scanner) game() *GameOver {
	var g GameOver
	p.lit(`{"white":`)
	p.seated(&g.White)
	p.lit(`,"black":`)
	p.seated(&g.Black)
	p.lit(`,"timeControl":{"initialCs":`)
	g.TimeControl.InitialCs = p.int()
	p.lit(`,"incrementCs":`)
	g.TimeControl.IncrementCs = p.int()
	p.lit(`},"speed":"`)
	g.Speed = Speed(p.str())
	p.lit(`,"rated":`)
	g.Rated = p.bool()
	if p.opt(`,"queue":"`) {
		g.Queue = p.str()
	}
	g.Private = p.opt(`,"private":true`)
	p.lit(`,"startFen":"`)
	g.StartFEN = p.str()
	p.lit(`,"createdAt":"`)
	g.CreatedAt = p.time()
	p.lit(`,"endedAt":"`)
	g.EndedAt = p.time()
	p.lit(`,"result":"`)
	g.Result = Result(p.str())
	p.lit(`,"termination":"`)
	g.Termination = Termination(p.str())
	p.lit(`,"plies":`)
	g.Plies = int(p.int())
	p.lit(`,"moves":[`)
	g.Moves = p.strings()
	p.lit(`,"clocksCs":[`)
	g.ClocksCs = p.ints()
	p.lit(`,"fen":"`)
	g.FEN = p.str()
	if p.opt(`,"abortedBy":"`) {
		g.AbortedBy = Color(p.str())
	}
	if p.opt(`,"restoredCs":{"whiteCs":`) {
		g.RestoredCs = &Clocks{WhiteCs: p.int()}
		p.lit(`,"blackCs":`)
		g.RestoredCs.BlackCs = p.int()
		p.lit(`}`)
	}
	p.lit(`}`)
	return &g
}

// elements counts the elements of an array, after its opening bracket. It skips the
// closing bracket of an empty array only.
func (p *scanner) elements() int {
	if !p.ok || p.opt("]") {
		return 0
	}
	end := strings.IndexByte(p.s[p.i:], ']')
	if end < 0 {
		p.ok = false
		return 0
	}
	return 1 + strings.Count(p.s[p.i:p.i+end], ",")
}

func (p *scanner) strings() []string {
	n := p.elements()
	all := make([]string, 0, n)
	for i := range n {
		if i > 0 {
			p.lit(",")
		}
		p.lit(`"`)
		all = append(all, p.str())
	}
	if n > 0 {
		p.lit("]")
	}
	return all
}

func (p *scanner) ints() []int64 {
	n := p.elements()
	all := make([]int64, 0, n)
	for i := range n {
		if i > 0 {
			p.lit(",")
		}
		all = append(all, p.int())
	}
	if n > 0 {
		p.lit("]")
	}
	return all
}
