// Package postgres is the way to PostgreSQL: the connection pool, the schema
// with its migrations, the month partitions of finished games, and the one
// mapping from "the database is away" to ErrUnavailable.
package postgres
