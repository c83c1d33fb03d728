// Package rules implements the rules of chess: legal moves, FEN, UCI and SAN, the end of
// the game on the board, repetition keys and mating material.
//
// It alone imports the chess library, and uses only its list of legal moves. Whether a
// single move is legal it decides itself, which is much faster; a test compares the two.
// FEN, SAN, repetition and material are its own too, because the library's are slow,
// deviate from the FIDE Laws, or fail on hostile input.
//
// A Position is a plain value that can be copied and read by many goroutines. The
// library's position caches moves inside itself, and never outlives the call that made
// it.
package rules
