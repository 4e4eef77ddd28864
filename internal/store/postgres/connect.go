// Package postgres connects database/sql to a PostgreSQL server, and reads by its connections without it.
//
// It imports nothing of ours.
package postgres

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgconn/ctxwatch"
	"github.com/jackc/pgx/v5/stdlib"
)

// How long PostgreSQL may take to let somebody in, and to show that it is there: packets that get lost are no error, for ever. And how
// long it may go on with a statement of somebody who has left, before that ends together with its connection: to make a new one takes
// as long as dozens of statements, and clients that leave are many where the network is bad.
const (
	connectTime = 5 * time.Second
	probeTime   = time.Second
	grace       = time.Second
)

// Open opens a database by its URL; nothing connects to it yet.
//
// PostgreSQL plans each prepared statement once, whatever the arguments: our statements are written so that one plan is right for all,
// and plans made for single arguments walk a whole index now and then. A URL that says something else about it, wins.
func Open(url string) (*sql.DB, error) {
	config, err := pgx.ParseConfig(url)
	if err != nil {
		return nil, err
	}
	if _, said := config.RuntimeParams["plan_cache_mode"]; !said {
		config.RuntimeParams["plan_cache_mode"] = "force_generic_plan"
	}
	if config.ConnectTimeout == 0 {
		config.ConnectTimeout = connectTime // database/sql connects without a deadline, one after the other, when many wait
	}
	config.BuildContextWatcherHandler = func(c *pgconn.PgConn) ctxwatch.Handler {
		return &pgconn.DeadlineContextWatcherHandler{Conn: c.Conn(), DeadlineDelay: grace}
	}
	return sql.OpenDB(connector{stdlib.GetConnector(*config, stdlib.OptionShouldPing(dead))}), nil
}

// connector makes connections whose end is noticed when they come back to the pool. pgx ends the one on which somebody's statement is
// that leaves, and does not tell: whoever waits would be given it in its place, and database/sql tries no more than three.
type connector struct{ driver.Connector }

// Connect implements driver.Connector.
func (c connector) Connect(ctx context.Context) (driver.Conn, error) {
	made, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	return validated{made.(*stdlib.Conn)}, nil
}

type validated struct{ *stdlib.Conn }

var _ driver.Validator = validated{}

// IsValid implements driver.Validator.
func (v validated) IsValid() bool { return !v.Conn.Conn().IsClosed() }

// BeginTx implements driver.ConnBeginTx.
func (v validated) BeginTx(ctx context.Context, o driver.TxOptions) (driver.Tx, error) {
	tx, err := v.Conn.BeginTx(ctx, o)
	if err != nil {
		return nil, err
	}
	return revocable{tx, v.Conn.Conn()}, nil
}

// revocable is a transaction that is rolled back also when whose it was has left: pgx tries to by their context, which is over, and then
// gives up the connection.
type revocable struct {
	driver.Tx

	conn *pgx.Conn
}

// Rollback implements driver.Tx.
func (r revocable) Rollback() error {
	ctx, cancel := context.WithTimeout(context.Background(), grace)
	defer cancel()
	_, err := r.conn.Exec(ctx, `ROLLBACK`)
	return err
}

// dead tells whether a connection of the pool that has rested is of no use any more. A statement meets two of those at most: then
// database/sql makes a new one. pgx would give each all the time that the statement has.
func dead(ctx context.Context, p stdlib.ShouldPingParams) bool {
	if p.IdleDuration < time.Second {
		return false
	}
	wire := p.Conn.PgConn().Conn()
	if err := wire.SetDeadline(time.Now().Add(probeTime)); err != nil { // a context would give it the grace as well
		return true
	}
	if err := p.Conn.Ping(ctx); err != nil {
		return true // it is closed, which pgx finds out by a ping of its own
	}
	return wire.SetDeadline(time.Time{}) != nil
}
