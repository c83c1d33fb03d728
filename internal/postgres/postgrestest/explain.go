package postgrestest

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
)

var scanned = regexp.MustCompile(`Scan .*\bon (games_\d{4}_\d{2})\b`)

// MonthsRead executes a query and returns the partitions of games that it read, by the
// plan of EXPLAIN ANALYZE. What the query changes is rolled back.
func (db *Database) MonthsRead(t testing.TB, query string, args ...any) (months []string) {
	t.Helper()
	tx, err := db.Pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback(t.Context()) }()
	rows, err := tx.Query(t.Context(), "EXPLAIN (ANALYZE, COSTS OFF) "+query, args...)
	if err != nil {
		t.Fatal(err)
	}
	plan, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range plan {
		if found := scanned.FindStringSubmatch(line); found != nil && !strings.Contains(line, "never executed") {
			months = append(months, found[1])
		}
	}
	slices.Sort(months)
	return slices.Compact(months)
}
