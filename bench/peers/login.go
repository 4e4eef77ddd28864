package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/crypto/argon2"

	"postern/bench/process"
)

// logins measures how many log-ins Postern answers, next to how many passwords its processor could hash if it did nothing else, and
// how long those wait beside them who only read: a twentieth of the requests that it can answer.
func (b *bench) logins(ctx context.Context) (string, error) {
	pin := exec.CommandContext(ctx, "taskset", "-a", "-p", "-c", asking, strconv.Itoa(os.Getpid())) //nolint:gosec // ourselves
	if said, err := pin.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w: %s", err, said)
	}
	before := hashRate(b.duration)
	s, err := b.start(ctx, b.peers[0], serving)
	if err != nil {
		return "", err
	}
	defer s.stop()
	reading := workloads()[0]
	var best sample
	for round := range 2 { // the first is to warm it up
		if best, err = b.load(ctx, s, reading, round); err != nil {
			return "", err
		}
	}
	const share, clients, times = 20, 8, 5
	duration := b.duration * times
	asked := reading.exchanges(b.blog, s.language)
	alone, err := s.offer(ctx, asked, best.rate/share, duration)
	if err != nil {
		return "", err
	}
	crowd, cancel := context.WithCancel(ctx)
	defer cancel()
	var all sync.WaitGroup
	var in, refused atomic.Int64
	errs := make([]error, clients)
	for c := range clients {
		all.Go(func() { errs[c] = s.logIn(crowd, b.blog.users[c], &in, &refused) })
	}
	beside, err := s.offer(ctx, asked, best.rate/share, duration)
	rate := float64(in.Load()) / duration.Seconds()
	cancel()
	all.Wait()
	if err := errors.Join(err, errors.Join(errs...)); err != nil {
		return "", err
	}
	hashes := (before + hashRate(b.duration)) / 2
	return fmt.Sprintf("W5: %d clients log in, %.1f times a second; %d tries were refused.\n"+
		"The processor alone hashes %.1f passwords a second by golang.org/x/crypto, before and after that.\n"+
		"W1 offered at %.0f/s, a twentieth of the most: p50 %s and p99 %s alone, p50 %s and p99 %s beside the log-ins.",
		clients, rate, refused.Load(), hashes, best.rate/share,
		quantile(alone, 0.5), quantile(alone, 0.99), quantile(beside, 0.5), quantile(beside, 0.99)), nil
}

// hashRate is how many passwords one processor hashes in a second, as OWASP would have it and Postern does: argon2id of 19 MiB.
func hashRate(duration time.Duration) float64 {
	const passes, kilobytes, lanes, length = 2, 19_456, 1, 32
	n, start := 0, time.Now()
	for time.Since(start) < duration {
		argon2.IDKey([]byte(password), []byte("sixteen bytes of"), passes, kilobytes, lanes, length)
		n++
	}
	return float64(n) / time.Since(start).Seconds()
}

// offer sends requests at a rate. Their answers are checked.
func (s *server) offer(ctx context.Context, asked []exchange, rate float64, duration time.Duration) ([]time.Duration, error) {
	return process.AtRate(ctx, rate, duration, func(i int) error {
		e := asked[i%len(asked)]
		answer, _, err := e.send(ctx, s.origin)
		if err == nil && string(answer) != e.want {
			err = fmt.Errorf("it answered %.100q", answer)
		}
		return err
	})
}

// logIn logs in over and over, until the context ends.
func (s *server) logIn(ctx context.Context, u user, in, refused *atomic.Int64) error {
	const mutation = `mutation($input: LoginInput!) { login(input: $input) { tokens { accessToken } errors { message } } }`
	for ctx.Err() == nil {
		var data struct {
			Login struct{ Tokens struct{ AccessToken string } }
		}
		input := map[string]string{"email": u.email, "password": password}
		err := ask(ctx, s.origin, "", mutation, map[string]any{"input": input}, &data)
		switch {
		case ctx.Err() != nil:
		case err == nil && data.Login.Tokens.AccessToken != "":
			in.Add(1)
		case err != nil && strings.Contains(err.Error(), "OVERLOADED"):
			refused.Add(1)
			select {
			case <-time.After(time.Second):
			case <-ctx.Done():
			}
		default:
			return fmt.Errorf("log in: %w", err)
		}
	}
	return nil
}

func quantile(waits []time.Duration, q float64) string {
	slices.Sort(waits)
	return fmt.Sprintf("%.1f ms", float64(waits[int(q*float64(len(waits)-1))])/float64(time.Millisecond))
}
