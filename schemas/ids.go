package schemas

import (
	"strconv"
	"time"

	"github.com/google/uuid"
)

// namespace of every UUIDv5 that Tabiya derives. Never change it: ids made from
// it are in the archive.
var namespace = uuid.MustParse("7ab17a00-0000-4000-8000-c4e55da7aba5")

// NewID makes a player, game or command id: a UUIDv7, so ids sort by creation.
func NewID() string { return uuid.Must(uuid.NewV7()).String() }

// BornAt is when NewID made an id, to the millisecond; ok is false for an id
// that carries no time.
func BornAt(id string) (at time.Time, ok bool) {
	u, err := uuid.Parse(id)
	if err != nil || u.Version() != 7 || !ValidID(id) {
		return time.Time{}, false
	}
	return time.Unix(u.Time().UnixTime()), true
}

// ValidID reports whether s is a UUID in its canonical lower-case form.
func ValidID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i := range len(s) {
		switch c := s[i]; {
		case i == 8 || i == 13 || i == 18 || i == 23:
			if c != '-' {
				return false
			}
		case c-'0' > 9 && (c < 'a' || c > 'f'):
			return false
		}
	}
	return true
}

// EventID is the id of the event with number seq of the aggregate with that
// key: the same event always has the same id, so every reader can drop a repeat.
func EventID(key string, seq int64) string {
	return derive(key + "/" + strconv.FormatInt(seq, 10))
}

// CommandID scopes a client's idempotency key to the client: nobody can guess,
// collide with or replay another's commands, and every command id is a UUID
// whatever the client sent.
func CommandID(actor, idempotencyKey string) string {
	return derive("command/" + actor + "/" + idempotencyKey)
}

// GameCommandID is the id of a client's command to a game, made of what
// CommandID or NewID gave: its first half is the game's, so that the game's row
// need not keep it.
func GameCommandID(gameID, id string) string {
	const half = len("00000000-0000-0000")
	return gameID[:half] + id[half:]
}

// DerivedID is a deterministic id for what a processor makes out of an
// aggregate: a command to another aggregate, a game out of a match.
func DerivedID(key, purpose string, seq int64) string {
	return derive(purpose + "/" + key + "/" + strconv.FormatInt(seq, 10))
}

func derive(name string) string { return uuid.NewSHA1(namespace, []byte(name)).String() }
