// Package sqlite reads an SQLite file by the engine itself: without database/sql, and without what its driver does for each
// statement and for each row, it takes half as long. It reads alone; what writes goes by way of database/sql.
//
// It imports nothing of ours.
package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"sync"
	"time"
)

// ErrClosed says that a pool is closed.
var ErrClosed = errors.New("the database is closed")

// Pool are connections to one file. It is safe for concurrent use.
type Pool struct {
	uri string
	// places has one of each who reads.
	places chan struct{}

	mu     sync.Mutex
	rested []*conn
	closed bool
	paused int  // how many have paused what is held
	round  int  // of what is held
	ending bool // the round will, by the timer
	timer  *time.Timer
}

// NewPool makes a pool of so many connections at most. They are made when they are needed, and then kept. The file is named by a URI
// (https://www.sqlite.org/uri.html); there must be one when the first connection is made.
func NewPool(uri string, most int) *Pool {
	p := &Pool{uri: uri, places: make(chan struct{}, most), ending: true}
	p.timer = time.AfterFunc(holding, p.endRound)
	return p
}

// Query runs one statement, after which the text has nothing else, whose placeholders are $1, $2 and so on, in whatever order and as
// often as it likes, and all of which there is an argument for. A time is an integer: the microseconds since 1970. The rows must be
// closed.
//
// The statement ends when ctx does; the error is that of ctx then.
func (p *Pool) Query(ctx context.Context, text string, args []any) (*Rows, error) {
	c, err := p.take(ctx)
	if err != nil {
		return nil, err
	}
	rows := &Rows{pool: p, conn: c}
	begun := false
	defer func() { // also if it panics, as an argument may that is asked for its value
		if !begun {
			_ = rows.Close()
		}
	}()
	if rows.stmt, err = c.begin(ctx, text, args); err != nil {
		return nil, err
	}
	begun = true
	return rows, nil
}

// Row is one that a statement answers.
type Row = interface {
	// Scan copies the columns of the row, as that of Rows does.
	Scan(dest ...any) error
}

// Each runs a statement as Query does, and hands over its rows, one after the other, as long as take wants more. A row is there until
// take returns.
func (p *Pool) Each(ctx context.Context, text string, args []any, take func(Row) (more bool, err error)) error {
	rows, err := p.Query(ctx, text, args)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }() // what went wrong, Err tells
	for rows.Next() {
		if more, err := take(rows); !more || err != nil {
			return err
		}
	}
	return rows.Err()
}

// Ping tells whether statements can be run.
func (p *Pool) Ping(ctx context.Context) error {
	rows, err := p.Query(ctx, `SELECT 1`, nil)
	if err != nil {
		return err
	}
	rows.Next()
	return errors.Join(rows.Err(), rows.Close())
}

// take takes the connection that was used last, for the pages that it has read.
func (p *Pool) take(ctx context.Context) (*conn, error) {
	select {
	case p.places <- struct{}{}:
	default: // only who has to wait asks for what tells of the end
		select {
		case p.places <- struct{}{}:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	c, mayHold, err := p.last()
	if c == nil && err == nil {
		c, err = open(p.uri)
	}
	if err == nil {
		if err = c.look(mayHold); err != nil {
			_ = c.close()
		}
	}
	if err != nil {
		<-p.places
		return nil, err
	}
	return c, nil
}

// last is the connection that was used last, nil if none rests, and tells whether one may hold what it sees.
func (p *Pool) last() (c *conn, mayHold bool, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := len(p.rested)
	switch {
	case p.closed:
		return nil, false, ErrClosed
	case n == 0:
		return nil, false, nil // one that is new begins when it is used again
	}
	c, p.rested = p.rested[n-1], p.rested[:n-1]
	if !c.held {
		c.round = p.round
	}
	return c, p.paused == 0, nil
}

// give gives a connection back.
func (p *Pool) give(c *conn) {
	if !p.rest(c) && (c.let() != nil || !p.rest(c)) {
		_ = c.close() // nobody is there any more to be told
	}
	<-p.places
}

// rest has a connection rest, unless it holds what it must not, or the pool is closed.
func (p *Pool) rest(c *conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed || c.held && (p.paused > 0 || c.round != p.round) {
		return false
	}
	p.rested = append(p.rested, c)
	if c.held && !p.ending {
		p.ending = true
		p.timer.Reset(holding)
	}
	return true
}

// Close closes all connections, those that are in use when they are given back.
func (p *Pool) Close() error {
	p.mu.Lock()
	p.closed = true
	p.timer.Stop()
	rested := slices.Clone(p.rested)
	p.rested = nil
	p.mu.Unlock()
	var errs []error
	for _, c := range rested {
		errs = append(errs, c.close())
	}
	return errors.Join(errs...)
}

// Rows are what a statement answers, one after the other. They are one goroutine's.
type Rows struct {
	pool *Pool
	conn *conn // nil once they are closed
	stmt *stmt
	err  error
}

// Next goes to the next row, and tells whether there is one. After the last one the rows are closed.
func (r *Rows) Next() bool {
	if r.conn == nil {
		return false
	}
	more, err := r.conn.step(r.stmt)
	if !more {
		r.err = err
		_ = r.Close()
	}
	return more
}

// Scan copies the columns of a row. A destination points to a string, an integer, a float, a bool, bytes or an any, or to a pointer to
// one of them, which is nil for NULL; or it is an Integer for an integer, an encoding.TextUnmarshaler for a text, or else a sql.Scanner
// for whatever there is.
func (r *Rows) Scan(dest ...any) error {
	if r.conn == nil {
		return sql.ErrNoRows
	}
	return r.conn.scan(r.stmt, dest)
}

// Err is why there are no more rows; nil if all were there.
func (r *Rows) Err() error { return r.err }

// Close ends the statement, and with it what it sees of the database: as long as that lasts, the log of what was written since cannot
// be taken into the file. It may be called again.
func (r *Rows) Close() error {
	if r.conn == nil {
		return nil
	}
	c := r.conn
	r.conn = nil
	c.end(r.stmt)
	r.pool.give(c)
	return nil
}
