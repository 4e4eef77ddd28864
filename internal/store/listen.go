package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// attention is how a line is watched: after a quiet while it is asked whether it is still there, and has so long to answer, as
// it has to be made. A connection whose packets get lost says nothing for ever.
type attention struct{ quiet, answer time.Duration }

// Listen implements blog.Store. SQLite has no line: all that writes is this process.
func (s *Store) Listen(ctx context.Context, heard func()) error {
	if s.dialect.listen == "" {
		heard()
		<-ctx.Done()
		return ctx.Err()
	}
	conn, err := s.line(ctx)
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	defer s.hangUp(ctx, conn)
	defer s.changes.down()
	if err := s.ask(ctx, conn); err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	for {
		heard()
		if err := s.wait(ctx, conn); err != nil {
			return fmt.Errorf("listen: %w", err)
		}
	}
}

// line is a connection of its own that listens: one of the pool would be taken from it for ever.
func (s *Store) line(ctx context.Context) (*pgx.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, s.attention.answer)
	defer cancel()
	conn, err := pgx.Connect(ctx, s.dsn)
	if err != nil {
		return nil, err
	}
	if _, err := conn.Exec(ctx, s.dialect.listen); err != nil {
		s.hangUp(ctx, conn)
		return nil, err
	}
	return conn, nil
}

// wait returns once the line has told of a publication.
func (s *Store) wait(ctx context.Context, conn *pgx.Conn) error {
	for {
		quiet, cancel := context.WithTimeout(ctx, s.attention.quiet)
		told, err := conn.WaitForNotification(quiet)
		cancel()
		switch {
		case err == nil && told.Channel == "generations":
			s.changes.count.Add(1)
			continue
		case !pgconn.Timeout(err) || ctx.Err() != nil:
			return err
		}
		if err := s.ask(ctx, conn); err != nil {
			return err
		}
	}
}

// ask lets the line show that it is there, and whether it tells of generations, which are not known until it has. What it has to
// tell by the way, conn keeps.
func (s *Store) ask(ctx context.Context, conn *pgx.Conn) error {
	ctx, cancel := context.WithTimeout(ctx, s.attention.answer)
	defer cancel()
	all := s.changes.down()
	var tells bool
	err := conn.QueryRow(ctx, s.dialect.tells).Scan(&tells)
	if err == nil && tells {
		s.changes.up(all)
	}
	return err
}

// hangUp closes a line, also when ctx has ended.
func (s *Store) hangUp(ctx context.Context, conn *pgx.Conn) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	_ = conn.Close(ctx) // it is of no more use, however it goes
}
