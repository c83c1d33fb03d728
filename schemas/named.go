package schemas

import (
	"hash/fnv"
	"strconv"
	"strings"
	"time"
)

// NamedGame is a game that two named players agreed on, such as a rematch. It is
// played once both have taken their seats for it. Who makes it draws the colors.
type NamedGame struct {
	GameID      string      `json:"gameId"`
	WhiteID     string      `json:"whiteId"` // player ids
	BlackID     string      `json:"blackId"`
	TimeControl TimeControl `json:"timeControl"`
	Rated       bool        `json:"rated"`
	FEN         string      `json:"fen,omitempty"` // starting position; empty for the standard one
	Private     bool        `json:"private,omitempty"`
	RematchOf   string      `json:"rematchOf,omitempty"` // id of the game before
	// Deadline is when both seats must have been taken.
	Deadline Time `json:"deadline"`
}

// PlayerID returns the player who is to have that color.
func (g *NamedGame) PlayerID(c Color) string {
	if c == White {
		return g.WhiteID
	}
	return g.BlackID
}

// TicketID returns the ticket by which that player takes their seat.
func (g *NamedGame) TicketID(c Color) string { return DerivedID(g.GameID, "seat/"+string(c), 1) }

// RematchWithin is how long after its acceptance both players of a rematch must have
// taken their seats.
const RematchWithin = 30 * time.Second

// SeatRefusal says why a named game was not played.
type SeatRefusal string

const (
	SeatTaken     SeatRefusal = "seat_taken"     // a player waits in a queue or plays
	AccountClosed SeatRefusal = "account_closed" // a player has closed their account
	NoAnswer      SeatRefusal = "no_answer"      // not both seats were taken, or the game did not start, in time
)

// namedPool stands for the pool in the queue keys of named games. Each region has
// namedShards of them.
const (
	namedPool   = "named"
	namedShards = 8
)

// NamedQueueKey returns the key of the queue aggregate that seats the players of a
// named game.
func NamedQueueKey(region, gameID string) string {
	h := fnv.New32a()
	_, _ = h.Write([]byte(gameID))
	return region + "/" + namedPool + "/" + strconv.Itoa(int(h.Sum32()%namedShards))
}

// IsQueueKey reports whether the key is one of QueueKey or NamedQueueKey.
func IsQueueKey(key string) bool {
	_, _, _, ok := SplitQueueKey(key)
	return ok || IsNamedQueue(key)
}

// IsNamedQueue reports whether the key is one of NamedQueueKey. Nobody waits there.
func IsNamedQueue(key string) bool {
	region, rest, _ := strings.Cut(key, "/")
	shard, ok := strings.CutPrefix(rest, namedPool+"/")
	n, err := strconv.Atoi(shard)
	return ok && ValidRegion(region) && err == nil && n >= 0 && n < namedShards && strconv.Itoa(n) == shard
}

// QueueRegion returns the region of a queue key.
func QueueRegion(key string) string {
	region, _, _ := strings.Cut(key, "/")
	return region
}

// TakeSeatPayload takes the player's seat for a named game. The ticket is that of the
// named game for their color.
type TakeSeatPayload struct {
	Color Color     `json:"color"`
	Game  NamedGame `json:"game"`
}

// FailRematchPayload says that the rematch is not played.
type FailRematchPayload struct {
	GameID string      `json:"gameId"` // the rematch
	Reason SeatRefusal `json:"reason"`
	// PlayerID is whose seat was refused; empty for NoAnswer.
	PlayerID string `json:"playerId,omitempty"`
}

// RematchFailedPayload says that the rematch that was accepted is not played.
type RematchFailedPayload struct {
	GameID string      `json:"gameId"` // the rematch
	Reason SeatRefusal `json:"reason"`
	// Color is, in the game that is over, the side of the player whose seat was taken
	// or who closed their account; empty if neither is the reason.
	Color Color `json:"color,omitempty"`
}
