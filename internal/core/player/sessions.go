package player

import "tabiya/schemas"

// endSessions tells the services which tokens are not valid any more. The row keeps
// nothing of it: the services read it from the events, for as long as a token lives. A
// closed account has no valid tokens left.
func (d decision) endSessions(s *State, p *schemas.EndSessionsPayload) (*State, bool, []schemas.Message) {
	if a, ok := s.acceptedBefore(d.cmd); ok {
		return s, false, d.repeat(a)
	}
	switch {
	case s.Closed:
		return s, false, d.refuse(schemas.CodePlayerClosed, "The account is closed.")
	case p.NotBefore <= 0 && !schemas.ValidID(p.TokenID):
		return s, false, d.refuse(schemas.CodeInvalidField, "The command names no session.")
	}
	return d.accept(s.clone(), schemas.SessionsEnded, &schemas.SessionsEndedPayload{
		NotBefore: p.NotBefore, TokenID: p.TokenID, IssuedAt: p.IssuedAt,
	})
}
