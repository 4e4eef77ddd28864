package storetest

import (
	"database/sql"
	"fmt"
	"strings"
	"testing"
)

// Connect opens a database as whoever has stolen it would. It is closed when the test ends.
func Connect(t testing.TB, url string) *sql.DB {
	t.Helper()
	driver, dsn := "sqlite", strings.TrimPrefix(url, "sqlite:")
	if strings.HasPrefix(url, "postgres") {
		driver, dsn = "pgx", url
	}
	db, err := sql.Open(driver, dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// Dump is all that a database of either kind holds: each row of each table is a line, and bytes are as they are.
func Dump(t testing.TB, db *sql.DB) string {
	t.Helper()
	var text strings.Builder
	for _, table := range tablesOf(t, db) {
		for _, row := range Rows(t, db, table) {
			text.WriteString(table + "\t" + strings.Join(row, "\t") + "\n")
		}
	}
	return text.String()
}

// Rows are all rows of a table.
func Rows(t testing.TB, db *sql.DB, table string) [][]string {
	t.Helper()
	_, rows := rowsOf(t, db, `SELECT * FROM "`+table+`" ORDER BY 1`)
	return rows
}

// Columns are all columns of a database of either kind, by table.
func Columns(t testing.TB, db *sql.DB) map[string][]string {
	t.Helper()
	columns := make(map[string][]string)
	for _, table := range tablesOf(t, db) {
		columns[table], _ = rowsOf(t, db, `SELECT * FROM "`+table+`" LIMIT 0`)
	}
	return columns
}

func tablesOf(t testing.TB, db *sql.DB) (tables []string) {
	t.Helper()
	query := `SELECT tablename FROM pg_tables WHERE schemaname = current_schema() ORDER BY 1`
	if strings.Contains(fmt.Sprintf("%T", db.Driver()), "sqlite") {
		query = `SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY 1`
	}
	_, rows := rowsOf(t, db, query)
	for _, row := range rows {
		tables = append(tables, row[0])
	}
	return tables
}

func rowsOf(t testing.TB, db *sql.DB, query string) (columns []string, all [][]string) {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	if columns, err = rows.Columns(); err != nil {
		t.Fatal(err)
	}
	for rows.Next() {
		row, dest := make([]sql.NullString, len(columns)), make([]any, len(columns))
		for i := range row {
			dest[i] = &row[i]
		}
		if err := rows.Scan(dest...); err != nil {
			t.Fatal(err)
		}
		texts := make([]string, len(columns))
		for i, value := range row {
			texts[i] = value.String
		}
		all = append(all, texts)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return columns, all
}
