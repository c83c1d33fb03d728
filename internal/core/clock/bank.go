package clock

import "tabiya/schemas"

// A move travels to the server, and that time is not thought. What a client says
// about it cannot be believed, and what the server measures, a client can delay.
// So each side has a bank, from which lag is given back, and into which each move
// pays a little: an honest client loses nothing to an ordinary line, a dishonest
// one wins no more than the bank holds. The constants are lichess's, per move and
// in centiseconds.
const (
	maxGain    = 100
	startGains = 3 // in the bank at the start
	maxGains   = 7 // in the bank at most

	// maxGrace bounds how long a flag waits for a move that is under way.
	maxGrace = 200
)

// gain is what a move pays into its side's bank: 0.4 centiseconds for each second
// that the side is expected to play, and 15.
func gain(tc schemas.TimeControl) int64 {
	return min(maxGain, tc.EstimatedCs()*4/1000+15)
}

// Compensation is what a move at the given time is given back of the lag that
// was measured.
func (c Clock) Compensation(turn Turn, at schemas.Time, lagCs int64) int64 {
	if turn.First {
		return 0
	}
	return max(0, min(lagCs, c.bank(turn.Color), c.elapsed(at)))
}

// FlagAt is the first millisecond at which the flag of the side to move falls:
// its deadline, and as much longer as the bank could give back, up to 2 seconds.
func (c Clock) FlagAt(tc schemas.TimeControl, turn Turn) schemas.Time {
	at := c.Deadline(tc, turn)
	if !turn.First {
		at += schemas.Time(10 * min(maxGrace, c.bank(turn.Color)))
	}
	return at
}

// pay settles a move with the bank of its side.
func (c *Clock) pay(tc schemas.TimeControl, color schemas.Color, compensatedCs int64) {
	bank, gain := &c.WhiteBank, gain(tc)
	if color == schemas.Black {
		bank = &c.BlackBank
	}
	*bank = max(0, min(maxGains*gain, *bank-compensatedCs+gain))
}

func (c Clock) bank(color schemas.Color) int64 {
	if color == schemas.White {
		return c.WhiteBank
	}
	return c.BlackBank
}
