// Package protocol is what clients and the livegame service say to each other: the
// bodies of requests, the frames of a socket in both directions, and how a game is
// shown.
//
// # The socket
//
// GET /v1/games/{id}/socket[?from_seq=n]. The token comes in the Authorization
// header, as ?access_token=, or, from a browser, as the subprotocol
// "bearer.<token>" offered beside "tabiya.v1". Without a token the client watches.
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
//	{"type":"error","code":"malformed_json","detail":"..."}   the frame was malformed
//	{"type":"pong","lagCs":4}              answers ping, with the round trip that the server measured
//	{"type":"watchers","count":12}         how many spectate, when it changes, once a second at most
//
// lag is the round trip that the client measured, in centiseconds. The lesser of it
// and the server's own measure counts; the server sends each player a ping (RFC 6455,
// 5.5.2) every 5 seconds.
//
// A player whose last socket or stream to a game ends counts as gone two seconds
// later, and the opponent may claim the game after a while; sooner if the player
// said that they leave, with a leave frame or by closing with 1000 and the reason
// "leave".
//
// A clientMoveId is an idempotency key: it is acknowledged once on a connection, and
// on another connection it gets the same seq again. Sockets close with 1000 a while
// after the game is over, 1001 when the server stops, 1008 after too many bad frames
// or too many a second, 1009 after a frame that is too long, 1013 when this instance
// has lost events, 4008 if the client reads too slowly and 4009 if it is silent.
// After 1001, 1013 and 4008 the client comes back with from_seq.
package protocol
