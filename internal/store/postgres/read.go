package postgres

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// Reader reads by the connections of a database of Open's, by pgx itself: without what database/sql does for each statement, which takes
// a goroutine, and for each column. It is safe for concurrent use.
type Reader struct{ db *sql.DB }

// NewReader makes a reader of a database of Open's.
func NewReader(db *sql.DB) Reader { return Reader{db} }

// Row is one that a statement answers. It is an alias, so that what takes a row of another package's takes one of these as well.
type Row = interface {
	// Scan copies the columns of the row.
	Scan(dest ...any) error
}

// Each runs a statement, which each connection prepares once, and hands over its rows, one after the other, as long as take wants more.
// A row is there until take returns, which must not ask anything itself: the connection is still this one's.
//
// Who leaves waits a second more at most: what is answered by then is handed over yet. What is not, ends together with its connection,
// and the error is that of ctx.
func (r Reader) Each(ctx context.Context, text string, args []any, take func(Row) (more bool, err error)) error {
	conn, err := r.db.Conn(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }() // gives it back, unless it has ended
	return conn.Raw(func(driverConn any) error {
		return each(ctx, driverConn.(validated).Conn.Conn(), text, args, take)
	})
}

func each(ctx context.Context, conn *pgx.Conn, text string, args []any, take func(Row) (bool, error)) error {
	stmt, err := conn.Prepare(ctx, text, text) // whose name is its text: it is prepared if it is not yet
	if err != nil {
		return fmt.Errorf("prepare: %w", err)
	}
	var query pgx.ExtendedQueryBuilder
	if err := query.Build(conn.TypeMap(), stmt, plain(args, stmt.ParamOIDs)); err != nil {
		return err
	}
	result := conn.PgConn().ExecStatement(ctx, stmt, query.ParamValues, query.ParamFormats, query.ResultFormats)
	row := &row{conn.TypeMap(), result}
	for more := true; more && err == nil && result.NextRow(); {
		more, err = take(row)
	}
	_, failed := result.Close()
	return cmp.Or(err, failed)
}
