package clock

import "tabiya/schemas"

// Players should not pay for the time that a move travels to the server. But a client
// can lie about its lag, and can delay what the server measures. So each side has a
// bank: compensation comes out of it, and every move pays a little into it. An honest
// client loses nothing on an ordinary connection, a dishonest one gains no more than
// the bank holds. The constants are lichess's; times are in centiseconds.
const (
	maxGain    = 100
	startGains = 3 // gains in the bank at the start
	maxGains   = 7 // gains that the bank can hold

	// maxGrace bounds how long the flag waits for a move in flight.
	maxGrace = 200
)

// gain is what a move pays into its side's bank: 15 centiseconds, plus 0.4 for each
// second that the side is expected to play.
func gain(tc schemas.TimeControl) int64 {
	return min(maxGain, tc.EstimatedCs()*4/1000+15)
}

// Compensation returns how many centiseconds of the measured lag a move at the given
// time is not charged.
func (c Clock) Compensation(turn Turn, at schemas.Time, lagCs int64) int64 {
	if turn.First {
		return 0
	}
	return max(0, min(lagCs, c.bank(turn.Color), c.running(at)))
}

// FlagAt returns the first millisecond at which the flag of the side to move falls:
// its deadline plus what the bank could compensate, up to 2 seconds.
func (c Clock) FlagAt(tc schemas.TimeControl, turn Turn) schemas.Time {
	at := c.Deadline(tc, turn)
	if !turn.First {
		at += schemas.Time(10 * min(maxGrace, c.bank(turn.Color)))
	}
	return at
}

// pay takes a move's compensation from its side's bank and adds the gain.
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
