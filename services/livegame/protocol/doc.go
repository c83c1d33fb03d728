// Package protocol has the messages between clients and the livegame service: the
// bodies of requests, the frames of a socket in both directions, and the JSON view of a
// game.
//
// # The socket
//
// GET /v1/games/{id}/socket[?from_seq=n]. The token comes in the Authorization
// header, as ?access_token=, or, from a browser, as the subprotocol "bearer.<token>"
// offered beside "tabiya.v1". A client without a player's token is a spectator.
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
//	{"type":"state","game":{...}}          the first frame: the game's present state
//	{"type":"event","event":{...}}         each event as it is in the log, starting at from_seq, or with the next event
//	{"type":"ack","clientMoveId":"a1","seq":3}
//	{"type":"refused","clientMoveId":"a1","code":"not_your_turn","detail":"..."}
//	{"type":"error","code":"malformed_json","detail":"..."}   see below
//	{"type":"pong","lagCs":4,"now":"..."}  answers ping, with the round trip that the server measured, and its time
//	{"type":"watchers","count":12}         the number of spectators, when it changes, at most once a second
//	{"type":"clocks","running":false}      nobody can move: the clocks of the game stand still
//	{"type":"clocks","running":true,"runsAt":"...","deadlineAt":"..."}  moves are possible; the clocks run from runsAt on
//
// # Answers to frames
//
// Any command may have a clientMoveId, not only a move. It is an idempotency key. A
// command is answered with ack or refused. A repeat on the same connection is not
// answered again, unless the command was refused. A repeat on another connection gets
// the same answer.
//
// A frame that is malformed or beyond the rate limit is answered with refused if it has
// a clientMoveId that is not in use, and otherwise with error. An error frame also
// answers a clientMoveId that was used for another command.
//
// # Lag
//
// lag is the round trip that the client measured, in centiseconds. The server measures
// it too: it sends each player a ping (RFC 6455, 5.5.2) every 5 seconds. The smaller of
// the two values counts (ADR 18), and no more than the connection's shortest round trip,
// nor than the kernel measures if no proxy is between (ADR 29).
//
// # Disconnecting
//
// A player counts as gone two seconds after their last socket or stream to the game
// ends. The opponent may claim the game 40 s after that was recorded, or 10 s if the
// player said that they leave, with a leave frame or by closing with 1000 and the
// reason "leave". These times are doubled in rapid games and tripled in classical ones
// (ADR 23; package actions and game.State.ClaimableAt decide).
//
// The server closes a socket with 1000 a minute after the game's end, 1001 when it
// stops, 1002 after bytes that are not a WebSocket frame, 1008 after too many malformed
// frames or too many beyond the rate limit, 1009 after a frame that is too long, 1013
// when this instance has lost events or needs a watcher's place for a player, 4008 if the
// client reads too slowly, 4009 if it does not answer pings and 4010 if the player has
// opened the game in too many places. After 1001, 1013 and 4008 the client should
// reconnect with from_seq; after 4010 it must not, or its pages would end each other.
package protocol
