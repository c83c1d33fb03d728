package row

import "tabiya/schemas"

// Kind is what an entry records. The values are stored.
type Kind byte

const (
	KindCreated Kind = iota + 1
	KindStarted
	KindMove
	KindDrawOffered
	KindDrawDeclined
	KindEnded
	KindResigned
	KindTimeout
	KindAborted
	KindLastMove // a move that ended the game

	// Stored alone: a KindMove and a KindLastMove followed by the centiseconds
	// that were given back for lag. Most moves have none, and spend no byte on it.
	storedLagMove
	storedLastLagMove

	storedWide Kind = 15 // stored alone: the kind is in the second byte
)

const (
	KindTakebackOffered Kind = iota + 16
	KindTakebackDeclined
	KindTakebackAccepted
	KindTimeAdded
	KindPlayerLeft
	KindPlayerReturned
	KindRematchOffered
	KindRematchDeclined
	KindRematchAccepted
	KindTimeRestored
	KindRematchFailed
)

var eventTypes = [...]schemas.EventType{
	KindCreated: schemas.GameCreated, KindStarted: schemas.GameStarted, KindMove: schemas.MoveMade, KindLastMove: schemas.MoveMade,
	KindDrawOffered: schemas.DrawOffered, KindDrawDeclined: schemas.DrawDeclined,
	KindEnded: schemas.GameEnded, KindResigned: schemas.GameResigned, KindTimeout: schemas.GameTimeout, KindAborted: schemas.GameAborted,
	KindTakebackOffered: schemas.TakebackOffered, KindTakebackDeclined: schemas.TakebackDeclined, KindTakebackAccepted: schemas.TakebackAccepted,
	KindTimeAdded: schemas.TimeAdded, KindPlayerLeft: schemas.PlayerLeft, KindPlayerReturned: schemas.PlayerReturned,
	KindRematchOffered: schemas.RematchOffered, KindRematchDeclined: schemas.RematchDeclined, KindRematchAccepted: schemas.RematchAccepted,
	KindTimeRestored: schemas.TimeRestored, KindRematchFailed: schemas.RematchFailed,
}

// EventType is the type of the event that an entry of this kind records.
func (k Kind) EventType() schemas.EventType { return eventTypes[k] }

// IsMove reports whether the kind is a move.
func (k Kind) IsMove() bool { return k == KindMove || k == KindLastMove }

// hasSide reports whether entries of this kind have a Color.
func (k Kind) hasSide() bool {
	return k == KindDrawOffered || k == KindDrawDeclined || k >= KindTakebackOffered
}

func (k Kind) known() bool { return int(k) < len(eventTypes) && eventTypes[k] != "" }

func (k Kind) terminal() bool { return k >= KindEnded && k <= KindAborted }

// The places in these lists are stored.
var (
	results = [...]schemas.Result{schemas.NoResult, schemas.WhiteWins, schemas.BlackWins, schemas.Draw}

	// The first termination stands for a game that is still running.
	terminations = [...]schemas.Termination{"", schemas.Checkmate, schemas.Stalemate, schemas.InsufficientMaterial, schemas.FivefoldRepetition,
		schemas.SeventyFiveMoves, schemas.MaxPlies, schemas.Agreement, schemas.Resignation, schemas.TimeForfeit, schemas.TimeVsInsufficient,
		schemas.AbortedByPlayer, schemas.FirstMoveExpired, schemas.MatchExpired, schemas.ThreefoldRepetition, schemas.FiftyMoves, schemas.Abandoned,
		schemas.LongOutage}

	// refusals are the reasons of a KindRematchFailed. A third flag would fit one more.
	refusals = [...]schemas.SeatRefusal{schemas.NoAnswer, schemas.SeatTaken, schemas.AccountClosed}
)
