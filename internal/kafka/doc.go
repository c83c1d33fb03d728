// Package kafka is everything that Tabiya needs from Kafka: one way to connect
// (Config), one hash (PartitionOf), a producer that waits for acknowledgements,
// the topics, and the adapters that make Goka safe.
//
// Goka runs the processors. A Goka processor is a consumer group with a callback
// per record. For each partition it keeps a key-value table, whose changes it
// writes to a compacted topic, the changelog, and which a new owner of the
// partition reads back from there before its first callback. Goka takes its
// Kafka clients from builder functions; with the default clients it can lose
// data. The replacements are in the files named goka_*.go:
//
//   - GroupMember, the consumer group: commits no offset while an earlier record is
//     still being processed (goka_prefix.go), rejoins after a rebalance without
//     Goka's pause of 5 s, and waits for a coordinator or a leader that is away for
//     a moment (goka_client.go).
//   - GokaProducer, the producer: idempotent, acks=all, and no record gets through
//     after one that failed. Records wait for their partition without a limit.
//   - GokaTopics, the topic manager: creates no topics, since Goka would create
//     them with two replicas and one hour of retention.
//   - GokaConsumer, the changelog reader: a recovery goes on when a leader moves
//     (goka_changelog.go).
//   - Storage, the table: in memory only, so that it cannot diverge from the
//     changelog.
package kafka
