// Package tier keeps the embedded broker small, as tiered storage (KIP-405)
// keeps Kafka's brokers.
//
// kfake is made for tests. It holds an index entry of some 77 bytes in memory
// for every batch it ever took, reads its whole log into memory when it starts,
// and compacts by deleting a partition's files before it writes the new ones.
// So kfake gets short segments and keeps the newest of them only:
//
//	kfake's folder                          the tier's folder
//	partitions/game-events-0/               <topic id>/0/
//	    9000.dat  (open)                        0-5000-<time>.log
//	    8000.dat  (closed) ── hard link ──►     5000-8000-<time>.log
//	                                            8000-9000-<time>.log
//
// A closed segment is linked over, then cut from kfake with DeleteRecords. A
// fetch of older offsets is answered from here, in a control function, with the
// very bytes that kfake would have sent; so is a look-up of offsets. Retention
// removes files here; compaction rewrites them here, in the background, each
// file by one rename. All that has to be known of a file is in its name, so
// nothing is read at start.
//
// Not obvious:
//   - kfake keeps its open segment, whatever retention says: without one it
//     would begin again at offset 0 after a kill.
//   - A fetch that kfake has already taken on waits inside it, past all control
//     functions. A segment therefore leaves kfake only when it has been closed
//     for longer than any fetch may wait, and one sweep after it can be read
//     here.
//   - Fetch sessions are off, and Fetch stays below version 13 (topic ids):
//     each request says by name all that it wants.
package tier
