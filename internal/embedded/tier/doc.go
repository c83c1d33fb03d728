// Package tier stores the older segments of the embedded broker, as tiered storage
// (KIP-405) does for Kafka's brokers.
//
// kfake is made for tests. It holds an index entry of about 77 bytes in memory for every
// batch of its log, reads its whole log into memory when it starts, and compacts by
// deleting a partition's files before it writes the new ones. So kfake gets short
// segments and keeps only the newest of them:
//
//	kfake's folder                          the tier's folder
//	partitions/game-events-0/               <topic id>/0/
//	    9000.dat  (open)                        0-5000-<time>.log
//	    8000.dat  (closed) ── hard link ──►     5000-8000-<time>.log
//	                                            8000-9000-<time>.log
//
// A closed segment is linked into the tier's folder, then deleted from kfake with
// DeleteRecords. The tier answers fetches of older offsets in a control function, with
// the same bytes that kfake would have sent, and ListOffsets too. Retention removes files
// of the tier. Compaction rewrites them in the background, each file by one rename. A
// file's name has all its metadata, so no file is read at start.
//
// What is not obvious:
//   - kfake keeps its open segment, whatever the retention: without one it would start
//     again at offset 0 after a kill.
//   - A fetch that waits inside kfake no longer passes the control functions. So a
//     segment is deleted from kfake only when it has been closed for longer than any
//     fetch may wait, and one sweep after it was linked.
//   - Fetch sessions are off, and Fetch is limited to version 12 (topic names), so that
//     each request names all partitions that it wants.
package tier
