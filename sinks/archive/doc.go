// Package archive writes events topics to an object store, exactly once, as
// files whose content is a function of the log alone. A Format (raw, parquet)
// says what a file looks like; everything else is here.
//
//	          Run: one goroutine                     closers: a few goroutines
//	Kafka ──► intake ──► lane (a partition) ──cut──► encode ──► upload ──► progress
//	                       │ open chunk                 ▲  (PutIfAbsent)   (CAS)
//	                       └─► spool, a file on disk ───┘
//
// A chunk is a contiguous range of one partition's offsets. Its end is decided
// by the log: the next record is of another broker-time window, or the chunk
// has as many records, bytes or regions as it may. An idle partition's chunk is
// closed when the broker's own clock is past its window, where the log would
// have ended it too. All regions are cut at the same offset, one file each.
//
// What is not obvious:
//
//   - Records wait in a spool on disk, not in memory, and a closer encodes one
//     region's file at a time. So memory does not grow with partitions, regions,
//     window or backlog; disk is bounded, because a lane with a chunk waiting to
//     be closed is paused.
//   - Before a chunk's first file is uploaded its end is written to the progress
//     object, by compare-and-swap. A later owner, or one with other limits, cuts
//     the same chunk again and so finds its own bytes behind the names: "exists
//     already" means done.
//   - Progress says which offset is next. It is advanced after all of a chunk's
//     files are there; the consumer group's offsets are for lag metrics only.
//   - A clean stop closes nothing early: an open chunk is dropped and read again
//     by the next start.
package archive
