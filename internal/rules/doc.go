// Package rules judges chess moves. It alone imports the chess library, and of
// that only Position: which moves are legal, and whether there is one. The
// board, FEN, SAN, repetition and material are its own, because the library's
// are slow, or not those of the FIDE Laws, or break on hostile input.
//
// A Position is a plain value: it can be copied, kept and read by many
// goroutines. The library's position, which caches moves inside itself, never
// leaves the call that made it.
package rules
