// Package livegame is the games that are being played, over HTTP, server-sent
// events and WebSocket. It keeps no truth: a command goes to Kafka, and is
// answered when its event was read back.
//
//	POST, frames ─► command ─► game-commands ─► games processor
//	     ▲                                            │
//	     │  answers (who waits for which command)     ├─► command-replies ─┐
//	     │  hub (the games, folded with game.Apply)   └─► game-events ─────┤
//	     │       │                                                        │
//	     └───────┴──────────────── follower (one consumer, all partitions) ◄┘
//	             └─► outboxes ─► sockets and streams
//
// One goroutine, the follower's, folds every event, hands it to whoever watches
// the game, and wakes whoever waits for its command. It never waits for a
// client: a watcher has a bounded outbox and is cut off when it is full.
//
// A game is let go a minute after its end. Whoever wants its events later gets
// them as they are made from its row, which history has, or where that is not
// settled from a piece of the log that is read and folded, one game at a time
// (bygones).
//
// # The socket
//
// GET /v1/games/{id}/socket[?from_seq=n]. The token comes in the Authorization
// header, as ?access_token=, or, from a browser, as the subprotocol
// "bearer.<token>" offered beside "tabiya.v1". Without one the socket watches.
// A frame is one JSON object, at most 4 KiB. From the client:
//
//	{"type":"move","uci":"e2e4","ply":1,"clientMoveId":"a1","lag":4}
//	{"type":"resign"|"abort","clientMoveId":"a2"}
//	{"type":"draw","action":"offer"|"accept"|"decline"|"claim","clientMoveId":"a3"}
//	{"type":"takeback"|"rematch","action":"offer"|"accept"|"decline","clientMoveId":"a4"}
//	{"type":"time","clientMoveId":"a5"}                  15 s for the opponent
//	{"type":"claim","as":"win"|"draw","clientMoveId":"a6"}  the opponent has gone
//	{"type":"leave"}
//	{"type":"ping"}
//
// From the server:
//
//	{"type":"state","game":{...}}          first, the game as it stands
//	{"type":"event","event":{...}}         each event as it is in the log: from from_seq, or from now on
//	{"type":"ack","clientMoveId":"a1","seq":3}
//	{"type":"refused","clientMoveId":"a1","code":"not_your_turn","detail":"..."}
//	{"type":"error","code":"malformed_json","detail":"..."}   the frame was no good
//	{"type":"pong","lagCs":4}              the answer to ping, with the round trip as the server sees it
//	{"type":"watchers","count":12}         how many spectate, when it changes, once a second at most
//
// lag is the client's own measure of the round trip in centiseconds. What counts
// is the lesser of it and the server's, which it takes from ping frames (RFC 6455,
// 5.5.2) to each player every 5 seconds.
//
// A player whose last socket and stream to a game end is gone, two seconds later,
// and his opponent may claim the game after a while: sooner if he said that he
// leaves, with a leave frame or by closing with 1000 and the reason "leave".
//
// A clientMoveId is an idempotency key: it is acknowledged once on a connection,
// and on another connection it gets the same seq again. Sockets close with 1000
// a while after the game is over, 1001 when the server stops, 1008 after too
// many bad frames or too many a second, 1009 after a frame that is too long, and 4008 if the reader
// is too slow: come back with from_seq.
package livegame
