// Package embedded is what `tabiya up` has in place of a Kafka, an object store
// and a PostgreSQL: kfake on disk with broker time, Versity's S3 gateway over a
// folder, and PostgreSQL as a child process. Each can be left out. Nobody else
// knows that they are embedded: they are reached by their protocols alone.
//
//	<data>/lock        held while a process runs
//	<data>/kafka/      kfake's newest segments and its state
//	<data>/kafka-older/ all segments before them, see package tier
//	<data>/s3/         the buckets: objects are plain files
//	<data>/s3-meta/    their metadata, where the file system has no attributes
//	<data>/postgres/   see package pgchild
//	<data>/*.json      ports and keys, kept so that clients find the parts again
//
// Not obvious:
//   - The gateway changes the process's working folder to <data>/s3 and needs it
//     to stay there. Make paths absolute before Start.
//   - In the embedded store a key cannot be the folder of another ("a" and
//     "a/b"): objects are files.
//   - Where the file system has no extended attributes, the store keeps metadata
//     in files of their own. If-None-Match holds there too, If-Match does not: a
//     reader can get old bytes under a new ETag.
//   - One gateway a process: a second Start with S3 fails.
package embedded
