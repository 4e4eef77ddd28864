package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"syscall"
	"time"

	"postern/bench/process"
)

// startServer starts a server with room for so many connections.
func startServer(ctx context.Context, binary string, connections int, log io.Writer) (*process.Server, error) {
	var files syscall.Rlimit
	const others = 100 // of both processes
	err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &files)
	if err == nil && files.Max < uint64(connections+others) { //nolint:gosec // it is positive
		return nil, fmt.Errorf("a process may have %d files open (ulimit -Hn): too few for %d connections", files.Max, connections)
	}
	return process.Start(ctx, binary, log, "LIMIT_CONNECTIONS_OF_ADDRESS="+strconv.Itoa(connections))
}

// settled are the resources of a server after a while, once they are as they should be, if that is given, and memory has stayed the same for
// two seconds.
func settled(ctx context.Context, s *process.Server, while time.Duration, should func(process.Resources) bool) (process.Resources, error) {
	const interval, times, near, patience = 250 * time.Millisecond, 8, 0.01, 2 * time.Minute
	start := time.Now()
	ctx, cancel := context.WithTimeoutCause(ctx, while+patience, errors.New("the server does not come to rest"))
	defer cancel()
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	var at process.Resources
	for same := 0; same < times || time.Since(start) < while; same++ {
		select {
		case <-ctx.Done():
			return at, context.Cause(ctx)
		case <-ticker.C:
		}
		now, err := s.Resources()
		if err != nil {
			return at, err
		}
		if moved := float64(max(now.RSS-at.RSS, at.RSS-now.RSS)); moved > near*float64(at.RSS) || should != nil && !should(now) {
			at, same = now, 0
		}
	}
	return s.Resources()
}

// writer writes posts, each of which has its number for a title.
type writer struct {
	*process.Server

	token   string
	written int
}

func newWriter(ctx context.Context, server *process.Server) (*writer, error) {
	var answer struct {
		Signup struct{ Tokens struct{ AccessToken string } }
	}
	err := server.Must(ctx, "", `mutation { signup(input: {email: "ada@example.org", password: "violet tractor under the moss",
		name: "Ada"}) { tokens { accessToken } } }`, &answer)
	return &writer{Server: server, token: answer.Signup.Tokens.AccessToken}, err
}

func (w *writer) write(ctx context.Context) error {
	w.written++
	var answer struct {
		CreatePost struct{ Post struct{ Title string } }
	}
	query := fmt.Sprintf(`mutation { createPost(input: {title: "%d", content: "x"}) { post { title } } }`, w.written)
	if err := w.Must(ctx, w.token, query, &answer); err != nil {
		return fmt.Errorf("write post %d: %w", w.written, err)
	}
	if answer.CreatePost.Post.Title != strconv.Itoa(w.written) {
		return fmt.Errorf("post %d was not written", w.written)
	}
	return nil
}
