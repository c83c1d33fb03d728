// Package objstore is the way to the archive's bucket, over the S3 protocol and
// nothing else: Amazon's store, any compatible one, or the embedded gateway.
//
// What the sinks stand on is the conditional write: PutIfAbsent publishes a
// whole object or reports ErrExists, whoever else writes the same key at the
// same time. A repeat after a lost answer reports ErrExists too, so callers take
// it for "already done" and write bytes that depend on the key alone.
package objstore
