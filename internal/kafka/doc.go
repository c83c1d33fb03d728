// Package kafka is everything that Tabiya needs from Kafka: one way to connect
// (Config), one hash (PartitionOf), a producer that waits for its
// acknowledgement, the topics, and the adapters that make Goka safe.
package kafka
