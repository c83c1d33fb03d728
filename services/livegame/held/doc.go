// Package held keeps the games that this instance of the livegame service holds. It
// folds their events with game.Apply, as the processor does, serves their state, sends
// events to watchers and evicts games a while after their end.
//
// A watcher is any client that is sent a game's events: the players too. A spectator
// is a watcher who does not play the game.
//
// One goroutine, the follower's, calls Fold for every event. It never waits for a
// client: a watcher has a bounded outbox, and is cut off when the outbox is full.
package held
