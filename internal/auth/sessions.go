package auth

import (
	"math"
	"sync"
	"time"

	"tabiya/schemas"
)

// MaxTokenLife is the longest life of a player's token. Nothing about an ended session has
// to be remembered for longer.
const MaxTokenLife = 24 * time.Hour

const (
	// keptAfterwards covers the difference between clocks.
	keptAfterwards = 10 * time.Minute
	// maxEndedTokens is how many ended tokens of one player are remembered. If they sign
	// out more often than that in the life of a token, all of their older sessions end.
	maxEndedTokens = 64
)

// Remembered is how long an ended session is remembered, by the time of its event.
const Remembered = MaxTokenLife + keptAfterwards

// Sessions knows which sessions have ended before their token expires, and tells those
// that watch one when it ends. It is safe for concurrent use. The zero value is ready:
// no session has ended.
type Sessions struct {
	mu      sync.RWMutex
	loading bool
	players map[string]*ended
	watches map[string]map[*watch]struct{} // by player id; "" for services
}

// ended is what has ended of one player's sessions.
type ended struct {
	notBefore schemas.Time            // tokens issued before it are not valid
	tokens    map[string]schemas.Time // by id, when they were issued
	until     schemas.Time            // all of it may be forgotten then
}

type watch struct {
	who   Principal
	onEnd func()
}

// BeginLoading makes all players' tokens unusable (ErrLoading) until Loaded is called.
func (s *Sessions) BeginLoading() { s.setLoading(true) }

// Loaded says that all ended sessions are known.
func (s *Sessions) Loaded() { s.setLoading(false) }

func (s *Sessions) setLoading(loading bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.loading = loading
}

// Apply folds an event of a player that was recorded at at. Only SessionsEnded and
// PlayerClosed say something about sessions.
func (s *Sessions) Apply(playerID string, payload any, at schemas.Time) {
	switch p := payload.(type) {
	case *schemas.PlayerClosedPayload:
		s.end(playerID, at, func(e *ended) { e.notBefore = math.MaxInt64 })
	case *schemas.SessionsEndedPayload:
		s.end(playerID, at, func(e *ended) {
			e.notBefore = max(e.notBefore, p.NotBefore)
			if p.TokenID != "" {
				e.addToken(p.TokenID, p.IssuedAt)
			}
		})
	}
}

func (e *ended) addToken(id string, issued schemas.Time) {
	if e.tokens == nil {
		e.tokens = make(map[string]schemas.Time, 1)
	}
	e.tokens[id] = issued
	if len(e.tokens) <= maxEndedTokens {
		return
	}
	oldest := id
	for other, at := range e.tokens {
		if at < e.tokens[oldest] {
			oldest = other
		}
	}
	e.notBefore = max(e.notBefore, e.tokens[oldest]+1)
	delete(e.tokens, oldest)
}

// end changes what has ended of a player's sessions, and calls the watchers of those
// that have.
func (s *Sessions) end(playerID string, at schemas.Time, change func(*ended)) {
	s.mu.Lock()
	if s.players == nil {
		s.players = make(map[string]*ended)
	}
	e := s.players[playerID]
	if e == nil {
		e = &ended{}
		s.players[playerID] = e
	}
	change(e)
	e.until = max(e.until, at.Add(Remembered))
	calls := s.takeWatches(playerID, func(who Principal) bool { return e.has(who) })
	s.mu.Unlock()
	callAll(calls)
}

func (e *ended) has(who Principal) bool {
	_, signedOut := e.tokens[who.Session.ID]
	return signedOut || who.Session.IssuedAt < e.notBefore
}

// takeWatches removes the watches of sessions that have ended, and returns their
// functions. The caller holds the lock.
func (s *Sessions) takeWatches(playerID string, hasEnded func(Principal) bool) (calls []func()) {
	for w := range s.watches[playerID] {
		if hasEnded(w.who) {
			calls = append(calls, w.onEnd)
			s.removeWatch(playerID, w)
		}
	}
	return calls
}

func (s *Sessions) removeWatch(playerID string, w *watch) {
	delete(s.watches[playerID], w)
	if len(s.watches[playerID]) == 0 {
		delete(s.watches, playerID)
	}
}

func callAll(calls []func()) {
	for _, call := range calls {
		call()
	}
}

// check returns ErrEnded if the session has ended.
func (s *Sessions) check(who Principal) error {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if who.PlayerID == "" {
		return nil
	}
	if s.loading {
		return ErrLoading
	}
	if e := s.players[who.PlayerID]; e != nil && e.has(who) {
		return ErrEnded
	}
	return nil
}

// watch calls onEnd, which must not block, once the session has ended; at once if it has
// already. stop ends that.
func (s *Sessions) watch(who Principal, onEnd func()) (stop func()) {
	s.mu.Lock()
	if e := s.players[who.PlayerID]; who.PlayerID != "" && e != nil && e.has(who) {
		s.mu.Unlock()
		onEnd()
		return func() {}
	}
	defer s.mu.Unlock()
	w := &watch{who, onEnd}
	if s.watches == nil {
		s.watches = make(map[string]map[*watch]struct{})
	}
	if s.watches[who.PlayerID] == nil {
		s.watches[who.PlayerID] = make(map[*watch]struct{}, 1)
	}
	s.watches[who.PlayerID][w] = struct{}{}
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.removeWatch(who.PlayerID, w)
	}
}

// endWhere calls the watchers of all sessions for which hasEnded is true.
func (s *Sessions) endWhere(hasEnded func(Principal) bool) {
	s.mu.Lock()
	var calls []func()
	for playerID := range s.watches {
		calls = append(calls, s.takeWatches(playerID, hasEnded)...)
	}
	s.mu.Unlock()
	callAll(calls)
}

// Forget drops what no token that is still alive can need, and returns the number of
// players of whom something is remembered.
func (s *Sessions) Forget(now time.Time) (players int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for playerID, e := range s.players {
		if e.until < schemas.TimeOf(now) {
			delete(s.players, playerID)
		}
	}
	return len(s.players)
}
