package store

import (
	"embed"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
	"github.com/pressly/goose/v3"
	"modernc.org/sqlite"
)

// dialect is all in which the two databases differ.
type dialect struct {
	name       string // to show
	driver     string // of database/sql
	goose      goose.Dialect
	migrations string // their folder
	oneWriter  bool
	// forShare ends a SELECT whose rows are to stay as they are until the transaction ends; with one writer they do.
	forShare string
	// code is the database's own number or name of an error; "" for one that is not the database's.
	code func(error) string
	// unique and foreign are the codes of violated constraints.
	unique, foreign []string
}

//go:embed migrations
var migrations embed.FS

//nolint:gochecknoglobals // constants, but for Go's lack of them
var (
	postgres = dialect{
		name:       "PostgreSQL",
		driver:     "pgx",
		goose:      goose.DialectPostgres,
		migrations: "migrations/postgres",
		forShare:   " FOR SHARE",
		code: func(err error) string {
			if e, ok := errors.AsType[*pgconn.PgError](err); ok {
				return e.Code
			}
			return ""
		},
		unique:  []string{"23505"},
		foreign: []string{"23503"},
	}
	sqliteFile = dialect{
		name:       "SQLite",
		driver:     "sqlite",
		goose:      goose.DialectSQLite3,
		migrations: "migrations/sqlite",
		oneWriter:  true,
		code: func(err error) string {
			if e, ok := errors.AsType[*sqlite.Error](err); ok {
				return strconv.Itoa(e.Code())
			}
			return ""
		},
		unique:  []string{"2067", "1555"}, // SQLITE_CONSTRAINT_UNIQUE, SQLITE_CONSTRAINT_PRIMARYKEY
		foreign: []string{"787"},          // SQLITE_CONSTRAINT_FOREIGNKEY
	}
)

// isUnique and isForeign tell of which constraint's violation an error is.
func (d dialect) isUnique(err error) bool {
	return err != nil && slices.Contains(d.unique, d.code(err))
}

func (d dialect) isForeign(err error) bool {
	return err != nil && slices.Contains(d.foreign, d.code(err))
}

// IsPostgres tells whether a database URL is PostgreSQL's.
func IsPostgres(databaseURL string) bool {
	return strings.HasPrefix(databaseURL, "postgres://") || strings.HasPrefix(databaseURL, "postgresql://")
}

// dialectFor finds the dialect of a database URL, and what its driver is to be given.
func dialectFor(databaseURL string) (dialect, string, error) {
	if IsPostgres(databaseURL) {
		return postgres, databaseURL, nil
	}
	path := strings.TrimPrefix(databaseURL, "sqlite:")
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return dialect{}, "", fmt.Errorf("make the folder of the database: %w", err)
	}
	options := url.Values{
		"_pragma": {
			"busy_timeout(5000)", // first: the others may have to wait
			"journal_mode(WAL)",
			"synchronous(FULL)", // what was acknowledged survives a power cut
			"foreign_keys(1)",
			"temp_store(MEMORY)", // the image has no folder for temporary files
		},
		"_txlock":              {"immediate"}, // a transaction that starts by reading could not always go on to write
		"_time_integer_format": {"unix_micro"},
	}
	return sqliteFile, "file:" + (&url.URL{Path: path}).EscapedPath() + "?" + options.Encode(), nil
}
