// Package game is the game aggregate: pure functions from a state and a command
// to events, and from a state and an event to the next state.
//
//	         Decide(state, command, at)        Apply(state, event)
//	command ───────────────────────────► events ──────────────────► state
//
// Decide alone checks commands against the rules; Apply trusts its events. The games
// processor calls Decide; the livegame service folds the events it reads with Apply.
//
// A State is immutable. Besides the current state of the game it holds the whole
// history, in about 13 bytes a ply, from which EventAt rebuilds every event byte for
// byte. Package row is the format in which a State is stored.
package game
