// Package held keeps the games that this instance of the livegame service holds:
// it folds their events with the processor's own game.Apply, serves their state,
// fans events out to watchers and evicts games a while after their end.
//
// One goroutine, the follower's, calls Fold for every event. It never waits for a
// client: a watcher has a bounded outbox, and is cut off when that is full.
package held
