// Package archive writes events topics to an object store, exactly once, as
// files whose content is a function of the log alone. A Format (raw, parquet)
// encodes the files; everything else is in this package.
//
//	run.loop: one goroutine                        archiveChunks: one goroutine a partition
//
//	Kafka ──► consumer ──► partitionWriter ──seal──► decide ──► encode ──► upload ──► finish
//	                          │ append                 │(CAS)     ▲    (PutIfAbsent)    │(CAS)
//	                          ▼                        ▼          │                     ▼
//	                       spillFile, a file on disk ─── Progress object in the bucket ──
//
// A chunk is a contiguous range of one partition's offsets. The cutter finds its
// end in the log alone: before a record of another broker-time window, or when the
// chunk has as many records, bytes or regions as it may (Limits). The chunk of an
// idle partition ends once the broker's own clock is past its window plus
// Config.Grace, which is where the log would have ended it too. A chunk has one
// file for each region (and table).
//
// A chunk goes through these states: open (it takes records), sealed (its end is
// found; it takes no more records), decided (its end is stored in the bucket),
// written (its files are encoded and uploaded), archived (the stored progress is
// past it). Only files are closed.
//
// What is not obvious:
//
//   - Records wait in a spill file on disk, not in memory, and one region's file is
//     encoded at a time. So memory does not grow with partitions, regions, window
//     or backlog. Disk is bounded too: a partition with a sealed chunk waiting is
//     paused.
//   - A chunk's end is decided by compare-and-swap on the progress object, before
//     the first file is uploaded. A later owner, even with other limits, cuts the
//     same chunk again and finds its own bytes under the files' names: an upload
//     that finds its name taken is done.
//   - Progress.NextOffset is advanced after all of a chunk's files are uploaded. The
//     consumer group's offsets serve lag metrics only.
//   - A clean stop does not seal early: an open chunk is dropped and read again by
//     the next start.
package archive
