package store

import (
	"database/sql"
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
	"github.com/pressly/goose/v3"
	modernc "modernc.org/sqlite"

	"postern/internal/store/postgres"
	"postern/internal/store/sqlite"
)

// dialect is all in which the two databases differ.
type dialect struct {
	name string // to show
	open func(dsn string) (*sql.DB, error)
	// direct are so many connections that read SQLite by its engine; nil on PostgreSQL.
	direct func(dsn string, connections int) *sqlite.Pool
	// reader reads what needs no transaction, by the connections of either.
	reader     func(db *sql.DB, direct *sqlite.Pool) rowReader
	goose      goose.Dialect
	migrations string // their folder
	migrated   string // a query that tells whether there ever were any
	oneWriter  bool
	// author joins the author u of a post p. With it, postByID and postBySlug select a post.
	author, postByID, postBySlug string
	// forShare ends a SELECT whose rows are to stay as they are until the transaction ends; with one writer they do.
	forShare string
	// forUpdate ends one whose rows nobody else is to get hold of meanwhile.
	forUpdate string
	// skipLocked ends a SELECT of rows that are to be changed, and leaves out those that others change.
	skipLocked string
	// listen has a connection hear of publications, and of generations; "" where nobody else publishes any. tells is a query that
	// tells whether it would hear of all generations, as it does once the schema has a trigger for that.
	listen, tells string
	// generation is a query of the generation's number; "" where a line tells of it.
	generation string
	// code is the database's own number or name of an error; "" for one that is not the database's.
	code func(error) string
	// unique and foreign are the codes of violated constraints; busy that of a database that others hold.
	unique, foreign, busy []string
}

const (
	postgresAuthor = ` JOIN users u ON u.id = p.author_id`
	sqliteAuthor   = ` JOIN users u INDEXED BY users_shown ON u.id = p.author_id` // unasked it takes the index of the primary key, and the row
)

//go:embed migrations
var migrations embed.FS

//nolint:gochecknoglobals // constants, but for Go's lack of them
var (
	postgresServer = dialect{
		name:       "PostgreSQL",
		open:       postgres.Open,
		reader:     func(db *sql.DB, _ *sqlite.Pool) rowReader { return postgres.NewReader(db) },
		goose:      goose.DialectPostgres,
		migrations: "migrations/postgres",
		migrated:   `SELECT to_regclass('goose_db_version') IS NOT NULL`,
		author:     postgresAuthor,
		postByID:   selectPost + postgresAuthor + ` WHERE p.id = $1`,
		postBySlug: selectPost + postgresAuthor + ` WHERE p.slug = $1`,
		forShare:   " FOR SHARE",
		forUpdate:  " FOR NO KEY UPDATE",
		skipLocked: " FOR UPDATE SKIP LOCKED",
		listen:     `LISTEN publications; LISTEN generations`,
		tells:      `SELECT to_regproc('tell_of_generation') IS NOT NULL`,
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
		open:       openSQLite,
		direct:     openDirect,
		reader:     func(_ *sql.DB, direct *sqlite.Pool) rowReader { return direct },
		goose:      goose.DialectSQLite3,
		migrations: "migrations/sqlite",
		migrated:   `SELECT EXISTS (SELECT 1 FROM sqlite_master WHERE name = 'goose_db_version')`,
		oneWriter:  true,
		author:     sqliteAuthor,
		postByID:   selectPost + sqliteAuthor + ` WHERE p.id = $1`,
		postBySlug: selectPost + sqliteAuthor + ` WHERE p.slug = $1`,
		generation: `SELECT number FROM generation`,
		code: func(err error) string {
			if e, ok := errors.AsType[sqliteError](err); ok {
				return strconv.Itoa(e.Code())
			}
			return ""
		},
		unique:  []string{"2067", "1555"},    // SQLITE_CONSTRAINT_UNIQUE, SQLITE_CONSTRAINT_PRIMARYKEY
		foreign: []string{"787"},             // SQLITE_CONSTRAINT_FOREIGNKEY
		busy:    []string{"5", "261", "517"}, // SQLITE_BUSY, _RECOVERY, _SNAPSHOT
	}
)

// sqliteError is one of the driver's, or one of the direct reader's.
type sqliteError interface {
	error
	Code() int
}

// isUnique and isForeign tell of which constraint's violation an error is; isBusy, that others hold the database.
func (d dialect) isUnique(err error) bool {
	return err != nil && slices.Contains(d.unique, d.code(err))
}

func (d dialect) isBusy(err error) bool { return err != nil && slices.Contains(d.busy, d.code(err)) }

func (d dialect) isForeign(err error) bool {
	return err != nil && slices.Contains(d.foreign, d.code(err))
}

// isPostgres tells whether a database URL is PostgreSQL's.
func isPostgres(databaseURL string) bool {
	return strings.HasPrefix(databaseURL, "postgres://") || strings.HasPrefix(databaseURL, "postgresql://")
}

// dialectFor finds the dialect of a database URL, and what its driver is to be given.
func dialectFor(databaseURL string) (dialect, string, error) {
	if isPostgres(databaseURL) {
		return postgresServer, databaseURL, nil
	}
	path := strings.TrimPrefix(databaseURL, "sqlite:")
	if path == "" || path == ":memory:" { // of which each connection would have one of its own
		return dialect{}, "", errors.New("a database of SQLite is a file: name one")
	}
	if err := private(path); err != nil {
		return dialect{}, "", fmt.Errorf("make the database: %w", err)
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

// openSQLite has SQLite wait for what it wrote by fdatasync(2) where there is that, as the engine of most systems does. What it does by
// itself, fsync(2), waits for the times of the file as well.
func openSQLite(dsn string) (*sql.DB, error) {
	if _, err := modernc.Fdatasync(true); err != nil && !errors.Is(err, modernc.ErrFdatasyncUnavailable) {
		return nil, err
	}
	return sql.Open("sqlite", dsn)
}

// openDirect reads what dsn names.
func openDirect(dsn string, connections int) *sqlite.Pool {
	uri, _, _ := strings.Cut(dsn, "?") // what follows is the driver's
	return sqlite.NewPool(uri, connections)
}

// private makes a file that only its owner may read, and its folder, if there is none: it holds emails and password hashes.
// SQLite gives the files beside it the same mode.
func private(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600) //nolint:gosec // the path is a setting
	if err != nil {
		return err
	}
	return file.Close()
}
