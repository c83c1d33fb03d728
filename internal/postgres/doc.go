// Package postgres connects to PostgreSQL. It has the connection pool, the schema with
// its migrations, the month partitions of finished games, and the classification of
// errors that mean that the database is unavailable.
package postgres
