// Package row is the binary format of a game's row in games-table: the body
// behind the 21-byte frame of package tables. Package game fills in a Row and
// encodes it with AppendTo, and gets one back from Decode; it is the only
// importer, and nothing here imports it.
//
// A row is rewritten on every move, so it is compact (about 13 bytes a ply) and
// cheap: Decode copies the facts once, as the string that all strings of the Row
// are slices of, and aliases everything else. Neither copy grows with the game.
//
// Rows outlive the code that wrote them. New facts are added at the end and may
// be missing; entry kinds, results and terminations are added, never changed.
//
// # Body
//
//	field           bytes          content
//	facts length    uvarint
//	facts           facts length   the current state of the game, see below
//	keys length     uvarint
//	keys            8 each         hash of each position since the last irreversible move, big endian
//	prefixes        12 each        4 bytes seq, big endian; 8 bytes command-ID prefix
//	suffixes        8 an event     command-ID suffix
//	entries         the rest       one an event, see below
//
// The ID of the command that caused an event is split into two halves. Its prefix
// is normally the game's own (schemas.GameCommandID); only a prefix that differs
// is stored. The suffixes are searched to recognise a repeated command, and the
// place of a suffix is the seq of its event.
//
// # Facts
//
// A varint is zigzag-encoded. A string is its length as a uvarint, then its bytes.
// The format has no version number: a version ends where its facts end.
//
//	field                                    type         since
//	flags: 1 void, 2 rated, 4 White or       byte         1
//	  8 Black offers a draw, 16 private
//	result, index into results               byte         1
//	termination, index into terminations     byte         1
//	region                                   string       1
//	White, Black                             seated       1
//	queue                                    string       1
//	FEN                                      string       1
//	initial time, increment (centiseconds)   varint       1
//	seq                                      varint       1
//	created at, updated at (milliseconds)    varint       1
//	plies                                    varint       1
//	White's and Black's time (centiseconds)  varint       1
//	clock running since (milliseconds)       varint       1
//	last draw offer of White, of Black       varint       1
//	lag bank of White, of Black (cs)         varint       2
//	rematch of                               string       2
//	start FEN, "" for the usual one          string       2
//	flags: 1 White or 2 Black offers a       byte         2
//	  takeback, 4 White or 8 Black offers
//	  a rematch, 16 rematch accepted, 32 it failed
//	White's side, Black's side               side         2
//	ended at (milliseconds)                  varint       2
//	length of prefixes                       uvarint      3
//	restored since the last move (cs)        varint       4
//	restored up to (milliseconds)            varint       4
//	waiting for both players since (ms)      varint       4
//
//	seated: player ID, handle, ticket ID (strings), rating, deviation (8-byte
//	        floats, big endian), attempt (varint)
//	side:   flags (byte: 1 takeback offered since the last move, 2 rematch
//	        offered, 4 left explicitly), takeback offers, time gifts, disconnects,
//	        gone since (varints)
//
// Version 4 is written only while something is restored or the game waits for its
// players; all other rows are of version 3. Bodies of versions 1 and 2 have no prefixes, and 16 bytes an event instead of
// suffixes: the whole command ID.
//
// # Entries
//
// A kind below 15 is stored in the high four bits of the first byte.
//
//	bytes      when                    content
//	3          a move                  kind; rules.Move in the low 20 bits
//	1          another kind below 15   kind; flags in the low 4 bits
//	2          a kind above 15         15 and flags; kind
//	2          a terminal event        result, termination (indices)
//	varint     always                  milliseconds since the event before, or since created at
//	uvarint    with centiseconds       given back for lag, added to a clock, or restored
//
//	flags: 1 the event is Black's; 2 a takeback of two plies, or an explicit disconnect,
//	  or a game that waits for both players, or one that
//	  a player aborted; of a rematch that failed, 4 times the
//	  reason (index into refusals)
//
// Clocks, SAN, FEN and deadlines are not stored: they follow from the entries and
// the facts, and package game computes them when it rebuilds an event.
package row
