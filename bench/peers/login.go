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

// logins measures how many log-ins Postern answers, next to how many passwords its processor hashes while it does nothing else, and
// how long those wait beside them who only read: a twentieth of the requests that it can answer. One is measured after the other, in
// rounds, lest a processor that is slower for a while is so for one of them.
func (b *bench) logins(ctx context.Context) (string, error) {
	if err := pin(ctx, asking); err != nil {
		return "", err
	}
	reading := workloads()[0]
	s, err := b.start(ctx, b.peers[0].configured(reading), serving)
	if err != nil {
		return "", err
	}
	defer s.stop()
	var best sample
	for round := range 2 { // the first is to warm it up
		if best, err = b.load(ctx, s, reading, round); err != nil {
			return "", err
		}
	}
	const share, times = 20, 3
	c := crowd{server: s, rate: best.rate / share, asked: reading.exchanges(b.blog, s.language), duration: times * b.duration}
	var hashes float64
	for range b.rounds {
		hashed, err := hashRate(ctx, b.duration)
		if err != nil {
			return "", err
		}
		hashes += hashed / float64(b.rounds)
		if err := c.come(ctx, b.blog.users[:clients]); err != nil {
			return "", err
		}
	}
	logins := float64(c.in.Load()) / c.duration.Seconds() / float64(b.rounds)
	return fmt.Sprintf("W5: %d clients log in, %.1f times a second; %d tries were refused. "+
		"The processor alone hashes %.1f passwords a second by golang.org/x/crypto: %.2f of that.\n"+
		"W1 offered at %.0f/s, a twentieth of the most: p50 %s and p99 %s alone, p50 %s and p99 %s beside the log-ins.",
		clients, logins, c.refused.Load(), hashes, logins/hashes, c.rate,
		quantile(c.alone, 0.5), quantile(c.alone, 0.99), quantile(c.beside, 0.5), quantile(c.beside, 0.99)), nil
}

// pin has this process run on a processor.
func pin(ctx context.Context, processor string) error {
	command := exec.CommandContext(ctx, "taskset", "-a", "-p", "-c", processor, strconv.Itoa(os.Getpid())) //nolint:gosec // ourselves
	if said, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("%w: %s", err, said)
	}
	return nil
}

// hashRate is how many passwords the server's processor hashes in a second, as OWASP would have it and Postern does: argon2id of 19 MiB.
func hashRate(ctx context.Context, duration time.Duration) (rate float64, err error) {
	const passes, kilobytes, lanes, length = 2, 19_456, 1, 32
	if err := pin(ctx, serving); err != nil {
		return 0, err
	}
	n, start := 0, time.Now()
	for time.Since(start) < duration {
		argon2.IDKey([]byte(password), []byte("sixteen bytes of"), passes, kilobytes, lanes, length)
		n++
	}
	return float64(n) / time.Since(start).Seconds(), pin(ctx, asking)
}

// clients is how many log in at once.
const clients = 8

// crowd is who logs in, and who reads without it and beside it.
type crowd struct {
	*server

	asked    []exchange
	rate     float64 // of the requests of who reads
	duration time.Duration

	alone, beside []time.Duration // how long each of those waited
	in, refused   atomic.Int64
}

// come has them read for a while alone, and for a while beside clients that log in over and over.
func (c *crowd) come(ctx context.Context, users []user) error {
	alone, err := c.offer(ctx, c.asked, c.rate, c.duration)
	if err != nil {
		return err
	}
	there, cancel := context.WithCancel(ctx)
	defer cancel()
	var all sync.WaitGroup
	errs := make([]error, len(users))
	for i, u := range users {
		all.Go(func() { errs[i] = c.logIn(there, u, &c.in, &c.refused) })
	}
	beside, err := c.offer(ctx, c.asked, c.rate, c.duration)
	cancel()
	all.Wait()
	c.alone, c.beside = append(c.alone, alone...), append(c.beside, beside...)
	return errors.Join(err, errors.Join(errs...))
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
