package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"postern/internal/throttle"
)

// Attempt implements account.Store.
func (s *Store) Attempt(ctx context.Context, now time.Time, attempts ...throttle.Attempt) error {
	if attempts = limited(attempts); len(attempts) == 0 {
		return nil
	}
	return s.write(ctx, func(q querier) error { return q.attempt(ctx, now, attempts) })
}

// limited are the attempts that there is a limit for, in order.
func limited(attempts []throttle.Attempt) []throttle.Attempt {
	return slices.DeleteFunc(inOrder(attempts), func(a throttle.Attempt) bool { return a.Most == 0 })
}

// inOrder are attempts in the order in which their rows are locked: the same for all, lest each of two transactions waits for the
// other.
func inOrder(attempts []throttle.Attempt) []throttle.Attempt {
	return slices.SortedFunc(slices.Values(attempts), func(a, b throttle.Attempt) int { return cmp.Compare(a.Key, b.Key) })
}

// attempt counts attempts, and answers which was one too many.
func (q querier) attempt(ctx context.Context, now time.Time, attempts []throttle.Attempt) error {
	for _, a := range limited(attempts) {
		if err := q.count(ctx, now, a); err != nil {
			return err
		}
	}
	return nil
}

// count counts one attempt, or answers that it is one too many; the statement changes nothing then. Times are microseconds since
// 1970 on both databases, so that both can reckon with them.
func (q querier) count(ctx context.Context, now time.Time, a throttle.Attempt) error {
	statement, args := countWithin, []any{a.Key, now.UnixMicro(), now.Add(a.Within).UnixMicro(), a.Most}
	if a.Within == 0 {
		statement, args = countAndWait, []any{a.Key, now.UnixMicro(), now.Add(-throttle.Forget).UnixMicro(), a.Most}
	}
	counted, err := q.exec(ctx, statement, args...)
	if err != nil {
		return fmt.Errorf("count attempt: %w", err)
	}
	if counted == 1 {
		return nil
	}
	standing, err := q.standing(ctx, a)
	if err != nil {
		return err
	}
	return throttle.TooOften(standing.Until, now)
}

// countWithin counts up to $4 until $3, and then anew.
const countWithin = `
	INSERT INTO attempts (key, count, until) VALUES ($1, 1, $3)
	ON CONFLICT (key) DO UPDATE SET
		count = CASE WHEN attempts.until <= $2 THEN 1 ELSE attempts.count + 1 END,
		until = CASE WHEN attempts.until <= $2 THEN excluded.until ELSE attempts.until END
	WHERE attempts.until <= $2 OR attempts.count < $4`

// countAndWait counts on, unless the last time was before $3, and from $4 on lets the next attempt wait.
var countAndWait = func() string { //nolint:gochecknoglobals // a constant, but for Go's lack of them
	const count = `CASE WHEN attempts.until <= $3 THEN 1 ELSE attempts.count + 1 END`
	shifts := 0
	for throttle.Least<<shifts < throttle.Longest {
		shifts++
	}
	return fmt.Sprintf(`
	INSERT INTO attempts (key, count, until) VALUES ($1, 1, CAST($2 AS bigint) + CASE WHEN $4 > 1 THEN 0 ELSE %[2]d END)
	ON CONFLICT (key) DO UPDATE SET
		count = %[1]s,
		until = $2 + CASE
			WHEN %[1]s < $4 THEN 0
			WHEN %[1]s >= $4 + %[4]d THEN %[3]d
			ELSE %[2]d << (%[1]s - $4)
		END
	WHERE attempts.until <= $2 OR attempts.count < $4`, count, throttle.Least.Microseconds(), throttle.Longest.Microseconds(), shifts)
}()

// Throttled implements account.Store.
func (s *Store) Throttled(ctx context.Context, now time.Time, attempts ...throttle.Attempt) error {
	for _, a := range limited(attempts) {
		standing, err := s.reader.standing(ctx, a)
		if err != nil {
			return err
		}
		if standing.Count >= a.Most && standing.Until.After(now) {
			return throttle.TooOften(standing.Until, now)
		}
	}
	return nil
}

// Forgive implements account.Store.
func (s *Store) Forgive(ctx context.Context, attempts ...throttle.Attempt) error {
	if len(limited(attempts)) == 0 {
		return nil
	}
	return s.write(ctx, func(q querier) error { return q.forgive(ctx, attempts) })
}

func (q querier) forgive(ctx context.Context, attempts []throttle.Attempt) error {
	for _, a := range limited(attempts) {
		text := `UPDATE attempts SET count = count - 1 WHERE key = $1 AND count > 0`
		if a.Within == 0 {
			text = `DELETE FROM attempts WHERE key = $1`
		}
		if _, err := q.exec(ctx, text, a.Key); err != nil {
			return fmt.Errorf("forgive attempt: %w", err)
		}
	}
	return nil
}

// forget deletes what was counted of attempts, whether there is a limit for them or not.
func (q querier) forget(ctx context.Context, attempts []throttle.Attempt) error {
	for _, a := range inOrder(attempts) {
		if _, err := q.exec(ctx, `DELETE FROM attempts WHERE key = $1`, a.Key); err != nil {
			return fmt.Errorf("forget attempt: %w", err)
		}
	}
	return nil
}

// ForgetAttempts implements account.Store. It waits for nobody who counts an attempt, nor they for it for long.
func (s *Store) ForgetAttempts(ctx context.Context, now time.Time) error {
	const most = 1000
	return s.write(ctx, func(q querier) error {
		_, err := q.exec(ctx, `DELETE FROM attempts WHERE key IN (
			SELECT key FROM attempts WHERE until <= $1 ORDER BY until LIMIT $2`+s.dialect.skipLocked+`)`,
			now.Add(-throttle.Forget).UnixMicro(), most)
		if err != nil {
			return fmt.Errorf("forget attempts: %w", err)
		}
		return nil
	})
}

// Standing implements blog.Store.
func (s *Store) Standing(ctx context.Context, a throttle.Attempt) (throttle.Standing, error) {
	return s.reader.standing(ctx, a)
}

func (q querier) standing(ctx context.Context, a throttle.Attempt) (standing throttle.Standing, err error) {
	var until int64
	err = q.one(ctx, `SELECT count, until FROM attempts WHERE key = $1`, []any{a.Key}, &standing.Count, &until)
	if errors.Is(err, sql.ErrNoRows) {
		return throttle.Standing{}, nil
	}
	standing.Until = time.UnixMicro(until).UTC()
	return standing, err
}
