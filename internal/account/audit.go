package account

import (
	"context"
	"strings"
	"time"

	"postern/internal/fault"
	"postern/internal/id"
)

// What follows is for whoever runs the server, by the command.

// EventFilter is which events of the audit log to read; what is left out does not matter.
type EventFilter struct {
	Since  time.Time // they happened then or later
	UserID id.User   // they are of this account
	Kinds  []EventKind
}

// LogEntry is an event with its place in the audit log, and whose account it is about: nil if there is none, or none any more.
type LogEntry struct {
	Event

	Position int64
	Handle   *string
	Email    *string
}

const (
	// logBatch is how much of the audit log is read at once.
	logBatch = 500

	// logRound is how often Follow looks for more.
	logRound = 250 * time.Millisecond
)

// AccountID finds an account by its email, its handle, or its id, which is all that is left of one that is gone. It answers
// NotFound if there is none, and an Invalid fault for what is no email.
func (s *Service) AccountID(ctx context.Context, name string) (id.User, error) {
	if user := id.ParseAny(name).User(); user != (id.User{}) {
		return user, nil
	}
	if strings.Contains(name, "@") {
		found, err := s.byEmail(ctx, name)
		if err != nil {
			return id.User{}, err
		}
		return found.ID, nil
	}
	found, err := s.store.User(ctx, UserLookup{Handle: &name})
	if fault.CodeOf(err) == fault.NotFound {
		err = fault.New(fault.NotFound, "There is no account with the handle %s.", name)
	}
	if err != nil {
		return id.User{}, err
	}
	return found.ID, nil
}

// LogBefore is the position after which the newest so many are; 0 if there are no more than that.
func (s *Service) LogBefore(ctx context.Context, f EventFilter, newest int) (int64, error) {
	return s.store.LogBefore(ctx, f, newest)
}

// Log shows all that was recorded after a position, in the order of commits, some of it at a time. It returns the position up to
// which it has looked, and stops when something cannot be shown.
func (s *Service) Log(ctx context.Context, f EventFilter, after int64, show func([]LogEntry) error) (int64, error) {
	last, err := s.store.LogBefore(ctx, EventFilter{}, 0)
	if err != nil {
		return after, err
	}
	for {
		found, err := s.store.Log(ctx, f, after, logBatch)
		if err != nil {
			return after, err
		}
		if len(found) > 0 {
			if err := show(found); err != nil {
				return after, err
			}
			after = found[len(found)-1].Position
		}
		if len(found) < logBatch {
			return max(after, last), nil
		}
	}
}

// Follow shows what is recorded after a position as it comes, each event once and in the order of commits, until ctx ends or it
// cannot be shown, which is its error. A store that does not answer is asked until it does; that it does not is noted once.
func (s *Service) Follow(ctx context.Context, f EventFilter, after int64, show func([]LogEntry) error, note func(error)) error {
	ticker := time.NewTicker(logRound)
	defer ticker.Stop()
	reader := logReader{store: s.store, filter: f, after: after}
	for ctx.Err() == nil {
		found, err := reader.next(ctx)
		if err != nil && !reader.lost && ctx.Err() == nil {
			note(err)
		}
		reader.lost = err != nil
		if len(found) > 0 {
			if err := show(found); err != nil {
				return err
			}
		}
		if len(found) == logBatch {
			continue
		}
		select {
		case <-ctx.Done():
		case <-ticker.C:
		}
	}
	return nil
}

// logReader reads the audit log on and on.
type logReader struct {
	store  Store
	filter EventFilter
	after  int64 // the position up to which it was read
	lost   bool  // the store did not answer
}

// next reads on, if there is anything: however long nothing comes that the filter lets through, it is not looked for in what was
// read before. A store that was lost and found may be another one, which has not got all that was committed, and gives the positions
// that it does not know once more.
func (r *logReader) next(ctx context.Context) ([]LogEntry, error) {
	ctx, cancel := context.WithTimeout(ctx, lookTime)
	defer cancel()
	last, err := r.store.LogBefore(ctx, EventFilter{}, 0)
	if err != nil {
		return nil, err
	}
	if r.lost {
		r.after = min(r.after, last)
	}
	if last <= r.after {
		return nil, nil
	}
	found, err := r.store.Log(ctx, r.filter, r.after, logBatch)
	switch {
	case err != nil:
		return nil, err
	case len(found) > 0:
		r.after = found[len(found)-1].Position
	}
	if len(found) < logBatch {
		r.after = max(r.after, last)
	}
	return found, nil
}
