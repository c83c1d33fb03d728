package tables

import (
	"tabiya/internal/core/game"
	"tabiya/schemas"
)

// Games holds the live games, and those that ended a moment ago.
func Games() Table[*game.State] {
	return Table[*game.State]{
		Group: schemas.GamesGroup, Topic: schemas.GamesTable, Commands: schemas.GameCommands, Events: schemas.GameEvents,
		SizeHint: game.SizeOf, AppendBody: game.AppendBody, DecodeBody: game.DecodeBody,
	}
}
