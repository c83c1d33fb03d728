// Package livegame serves the games that are being played, over HTTP, server-sent
// events and WebSocket. It decides nothing: it sends each command to Kafka and
// answers it once it has read the command's event back.
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
// A move goes through package actions (from a socket, by socket.go) and
// pending.Commands.Send; its event comes back through follower.Follower,
// held.Games.Fold and pending.Commands.OnEvent. Beside that path, presence records
// which players disconnect, lookup finds the game that a request names, newgame creates
// games for services, and limits bounds connections and rates.
//
// The follower's goroutine folds every event, puts it into the watchers' outboxes and
// answers the command. It never waits for a client: an outbox is bounded, and a
// client whose outbox is full is cut off.
//
// A game is evicted a minute after its end. After that, package finished supplies its
// events.
package livegame
