// Package rules judges chess moves. It alone imports the chess library, and of
// that only Position: which moves are legal, and whether there is one. Whether
// one move is legal it finds without the library's list of all, to which a test
// compares it. The board, FEN, SAN, repetition and material are its own, because
// the library's are slow, or not those of the FIDE Laws, or break on hostile input.
//
// A Position is a plain value: it can be copied, kept and read by many
// goroutines. The library's position, which caches moves inside itself, never
// leaves the call that made it.
package rules
