// Command refs counts how the files of a package, or the packages of a tree,
// refer to each other. It reads the compiler's own data (go/types), so it counts
// what a name means, not how it is spelled.
//
//	go run ./internal/law/refs ./services/livegame       # one package: between its files
//	go run ./internal/law/refs ./sinks/...               # several: between the packages
//	go run ./internal/law/refs -order a.go,b.go,c.go ./p # against a given order
//	go run ./internal/law/refs -back ./p                 # with each back reference's place
//
// Definitions:
//
//   - A unit is a file when the patterns match one package, otherwise a package.
//   - A reference is one use site, in one unit, of a package-level object
//     (constant, variable, type, function), a method or a struct field that
//     another unit declares. Local names and imported package names do not count.
//     Test files are left out.
//   - An order lists the units from top to bottom: a unit should refer only to
//     units below it.
//   - A back reference is one that points up in that order. Without -order, refs
//     looks for an order with few of them: the greedy feedback-arc heuristic of
//     Eades, Lin and Smyth (1993), weighted by use sites, and then single units
//     moved to better places for as long as that helps. The result is an upper
//     bound of the smallest possible number. Go forbids import cycles, so
//     packages always have an order without back references.
package main
