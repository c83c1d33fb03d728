// Package livegame serves the games that are being played, over HTTP, server-sent
// events and WebSocket. It decides nothing: a command goes to Kafka, and is answered
// when its event was read back.
//
//	POST, frames ─► command ─► game-commands ─► games processor
//	     ▲                                            │
//	     │                                            ├─► command-replies ─┐
//	  pending: commands that wait for their event     └─► game-events ─────┤
//	     ▲                                                                 │
//	     └──────── follower (one consumer of all partitions) ◄─────────────┘
//	                  └─► held: the games, folded with game.Apply
//	                        └─► outbox ─► wsconn (sockets), eventstream (streams)
//
// A move's way is moves.go (or socket.go), pending.Commands.Send, and back through
// follower.Follower, held.Games.Fold and pending.Commands.OnEvent.
//
// The follower's goroutine folds every event, puts it into the watchers' outboxes and
// answers the command. It never waits for a client: an outbox is bounded, and a
// client whose outbox is full is cut off.
//
// A game is evicted a minute after its end. Later, package finished gives its events.
package livegame
