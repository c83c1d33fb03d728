package ratings

import "tabiya/schemas"

// What the tests see of the answers.
type (
	LeaderView      = leaderView
	LeaderboardView = leaderboardView
	DaysView        = ratingDaysView
	Day             = ratingDay
)

const (
	LeadersWithin = leadersWithin
	MaxDays       = maxDays
	ReadsBurst    = readsBurst
)

// CursorOf returns the cursor behind a player of a leaderboard.
func CursorOf(rating float64, playerID string, rank int, speed schemas.Speed) string {
	return leadersEnd{rating, playerID, rank}.cursor(speed)
}
