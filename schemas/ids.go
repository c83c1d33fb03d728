package schemas

import (
	"strconv"
	"time"

	"github.com/google/uuid"
)

// namespace is the namespace of every UUIDv5 that Tabiya derives. It must never
// change, because ids derived from it are in the archive.
var namespace = uuid.MustParse("7ab17a00-0000-4000-8000-c4e55da7aba5")

// NewID returns a new player, game or command id: a UUIDv7 (RFC 9562), so that ids
// sort by creation time.
func NewID() string { return uuid.Must(uuid.NewV7()).String() }

// TimeOfID returns when NewID made an id, to the millisecond. ok is false if id is
// not a UUIDv7.
func TimeOfID(id string) (at time.Time, ok bool) {
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

// EventID returns the id of the event with number seq of the aggregate with that
// key. An event always has the same id, so a reader can drop a second copy.
func EventID(key string, seq int64) string {
	return derive(key + "/" + strconv.FormatInt(seq, 10))
}

// CommandID returns the command id for a client's idempotency key. It depends on
// the actor too, so that clients cannot collide with or repeat each other's
// commands, and it is a UUID for any key.
func CommandID(actor, idempotencyKey string) string {
	return derive("command/" + actor + "/" + idempotencyKey)
}

// GameCommandID returns the id of a client's command to a game, made from an id of
// CommandID or NewID. Its first half is that of the game's id, so that the game's
// row need not store it.
func GameCommandID(gameID, id string) string {
	const half = len("00000000-0000-0000")
	return gameID[:half] + id[half:]
}

// DerivedID returns a deterministic id for what a processor makes from an
// aggregate, such as a command to another aggregate or the game of a match.
func DerivedID(key, purpose string, seq int64) string {
	return derive(purpose + "/" + key + "/" + strconv.FormatInt(seq, 10))
}

func derive(name string) string { return uuid.NewSHA1(namespace, []byte(name)).String() }
