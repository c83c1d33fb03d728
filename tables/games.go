package tables

import (
	"tabiya/internal/core/game"
	"tabiya/schemas"
)

// Games is the table of the games group: live games, and finished ones until they
// are evicted.
func Games() Table[*game.State] {
	return Table[*game.State]{
		Group: schemas.GamesGroup, Topic: schemas.GamesTable, Commands: schemas.GameCommands, Events: schemas.GameEvents,
		SizeHint: game.SizeOf, AppendBody: game.AppendBody, DecodeBody: game.DecodeBody, Check: game.Check,
	}
}
