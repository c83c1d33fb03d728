// Package game is the game aggregate: pure functions from a state and a command
// to events, and from a state and an event to the next state.
//
//	         Decide(state, command, at)        Apply(state, event)
//	command ───────────────────────────► events ──────────────────► state
//
// Decide is the only judge; Apply believes what it is told and needs no judge
// of moves. The games processor runs both; the livegame service folds Apply
// over the events it reads.
//
// A State is immutable. Besides where the game stands it holds its whole
// history in some 13 bytes a ply, from which EventAt makes every event again,
// byte for byte. Package row is the format in which it is stored.
package game
