package schemas

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Color is a side of the board.
type Color string

const (
	White Color = "white"
	Black Color = "black"
)

// Other returns the opponent's color.
func (c Color) Other() Color {
	if c == White {
		return Black
	}
	return White
}

// Result is the result of a game in PGN notation.
type Result string

const (
	WhiteWins Result = "1-0"
	BlackWins Result = "0-1"
	Draw      Result = "1/2-1/2"
	NoResult  Result = "*" // aborted or still running
)

// WinFor returns the result of a win by c.
func WinFor(c Color) Result {
	if c == White {
		return WhiteWins
	}
	return BlackWins
}

// Termination says why a game ended.
type Termination string

const (
	Checkmate            Termination = "checkmate"
	Stalemate            Termination = "stalemate"
	InsufficientMaterial Termination = "insufficient_material"
	FivefoldRepetition   Termination = "fivefold_repetition"
	SeventyFiveMoves     Termination = "seventy_five_moves"
	MaxPlies             Termination = "max_plies"            // 600 plies, a draw
	ThreefoldRepetition  Termination = "threefold_repetition" // claimed
	FiftyMoves           Termination = "fifty_moves"          // claimed
	Agreement            Termination = "agreement"
	Resignation          Termination = "resignation"
	Abandoned            Termination = "abandoned" // claimed after the opponent disconnected
	TimeForfeit          Termination = "time_forfeit"
	TimeVsInsufficient   Termination = "time_vs_insufficient_material" // a flag fell but the other side cannot mate: a draw
	AbortedByPlayer      Termination = "aborted_by_player"
	FirstMoveExpired     Termination = "first_move_expired"
	LongOutage           Termination = "long_outage"   // not both players came back after an outage of more than 10 minutes
	MatchExpired         Termination = "match_expired" // the match failed before the game was confirmed
)

// Speed is the rating category of a time control.
type Speed string

const (
	UltraBullet Speed = "ultrabullet"
	Bullet      Speed = "bullet"
	Blitz       Speed = "blitz"
	Rapid       Speed = "rapid"
	Classical   Speed = "classical"
)

// Speeds returns all speeds, fastest first.
func Speeds() []Speed { return []Speed{UltraBullet, Bullet, Blitz, Rapid, Classical} }

// TimeControl is an initial time and an increment for each move, in centiseconds.
type TimeControl struct {
	InitialCs   int64 `json:"initialCs"`
	IncrementCs int64 `json:"incrementCs"`
}

// EstimatedCs returns the time of one side in a game of 40 moves.
func (tc TimeControl) EstimatedCs() int64 { return tc.InitialCs + 40*tc.IncrementCs }

// Speed returns the speed for EstimatedCs, with the limits that lichess uses.
func (tc TimeControl) Speed() Speed {
	switch s := tc.EstimatedCs() / 100; {
	case s < 30:
		return UltraBullet
	case s < 180:
		return Bullet
	case s < 480:
		return Blitz
	case s < 1500:
		return Rapid
	default:
		return Classical
	}
}

// Limits of a time control: 3 hours, and 3 minutes for each move.
const (
	MaxInitialCs   = 3 * 3600 * 100
	MaxIncrementCs = 180 * 100
)

// Validate returns an error if the time control is out of range or has no time.
func (tc TimeControl) Validate() error {
	switch {
	case tc.InitialCs < 0 || tc.InitialCs > MaxInitialCs:
		return fmt.Errorf("initialCs %d is not in 0..%d", tc.InitialCs, MaxInitialCs)
	case tc.IncrementCs < 0 || tc.IncrementCs > MaxIncrementCs:
		return fmt.Errorf("incrementCs %d is not in 0..%d", tc.IncrementCs, MaxIncrementCs)
	case tc.InitialCs == 0 && tc.IncrementCs == 0:
		return errors.New("a time control needs an initial time or an increment")
	}
	return nil
}

// casual ends the name of a pool whose games change no rating.
const casual = "-casual"

// Pools returns the names of the queues that every region has: a time control as
// "minutes+seconds", and "minutes+seconds-casual" for games that change no rating.
func Pools() []string {
	return []string{
		"1+0", "2+1", "3+0", "3+2", "5+0", "5+3", "10+0", "10+5", "15+10", "30+0", "30+20",
		"1+0" + casual, "3+2" + casual, "5+3" + casual, "10+5" + casual, "15+10" + casual, "30+20" + casual,
	}
}

// PoolRated reports whether the games of a pool change ratings.
func PoolRated(pool string) bool { return !strings.HasSuffix(pool, casual) }

// PoolTimeControl returns the time control of a pool. ok is false if the name is
// not in Pools.
func PoolTimeControl(pool string) (tc TimeControl, ok bool) {
	for _, p := range Pools() {
		if p == pool {
			minutes, seconds, _ := strings.Cut(strings.TrimSuffix(p, casual), "+")
			m, _ := strconv.ParseInt(minutes, 10, 64)
			s, _ := strconv.ParseInt(seconds, 10, 64)
			return TimeControl{InitialCs: m * 6000, IncrementCs: s * 100}, true
		}
	}
	return TimeControl{}, false
}

// QueueKey returns the key of a queue aggregate: "region/pool/shard".
func QueueKey(region, pool string, shard int) string {
	return region + "/" + pool + "/" + strconv.Itoa(shard)
}

// SplitQueueKey splits a queue key into its parts. ok is false if it is malformed.
func SplitQueueKey(key string) (region, pool string, shard int, ok bool) {
	parts := strings.Split(key, "/")
	if len(parts) != 3 || !ValidRegion(parts[0]) {
		return "", "", 0, false
	}
	if _, known := PoolTimeControl(parts[1]); !known {
		return "", "", 0, false
	}
	shard, err := strconv.Atoi(parts[2])
	if err != nil || shard < 0 || strconv.Itoa(shard) != parts[2] {
		return "", "", 0, false
	}
	return parts[0], parts[1], shard, true
}

// ValidRegion reports whether s is well formed: 2 to 16 characters of a-z, 0-9 and
// inner hyphens. A region is a folder name in the archive.
func ValidRegion(s string) bool {
	if len(s) < 2 || len(s) > 16 || s[0] == '-' || s[len(s)-1] == '-' {
		return false
	}
	for _, c := range s {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
			return false
		}
	}
	return true
}
