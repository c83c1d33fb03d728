// Package embedded runs the dependencies of `tabiya up` in this process: kfake on disk
// with broker time as Kafka, Versity's S3 gateway over a folder as object store, and
// PostgreSQL as a child process. Each can be left out. The rest of the program reaches
// them by their protocols only, and does not know that they are embedded.
//
//	<data>/lock         locked while a process uses the folder
//	<data>/kafka/       kfake's newest segments and its state
//	<data>/kafka-older/ all older segments, see package tier
//	<data>/s3/          the buckets: objects are plain files
//	<data>/s3-meta/     their metadata, if the file system has no extended attributes
//	<data>/postgres/    see package pgchild
//	<data>/*.json       ports and keys, stored so that clients find the parts again
//
// What is not obvious:
//   - The gateway changes the process's working directory to <data>/s3 and needs it
//     to stay there. Make paths absolute before Start.
//   - In the embedded store a key cannot be the folder of another ("a" and "a/b"),
//     because objects are files.
//   - If the file system has no extended attributes, the store keeps metadata in files
//     of their own. If-None-Match works there too, If-Match does not: a reader can get
//     old bytes under a new ETag.
//   - A process can have one gateway: a second Start with S3 fails.
package embedded
