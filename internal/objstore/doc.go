// Package objstore is a client of the archive's bucket. It uses only the S3 protocol,
// so the store can be Amazon's, any compatible one, or the embedded gateway.
//
// The sinks rely on conditional writes: of concurrent calls of PutIfAbsent for one
// key, one publishes its whole object and the others return ErrExists. A call that is
// repeated after a lost answer returns ErrExists too. So callers treat ErrExists as
// "already done", and write bytes that depend on the key alone.
package objstore
