package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// server is the process that is measured.
type server struct {
	addr string
	pid  int
	stop func()
}

// startServer starts a server with room for so many connections. Of its log only what is no matter of course is shown.
func startServer(ctx context.Context, binary string, connections int, log io.Writer) (*server, error) {
	var files syscall.Rlimit
	const others = 100 // of both processes
	err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &files)
	if err == nil && files.Max < uint64(connections+others) { //nolint:gosec // it is positive
		return nil, fmt.Errorf("a process may have %d files open (ulimit -Hn): too few for %d connections", files.Max, connections)
	}
	data, err := os.MkdirTemp("", "postern-streams-")
	if err != nil {
		return nil, err
	}
	command := exec.CommandContext(ctx, binary)
	command.Env = append(os.Environ(), "ADDR=127.0.0.1:0", "DATA_DIR="+data, "LOG_FORMAT=json",
		"LIMIT_CONNECTIONS_OF_ADDRESS="+strconv.Itoa(connections))
	command.Cancel = func() error { return command.Process.Signal(os.Interrupt) }
	stderr, err := command.StderrPipe()
	if err == nil {
		err = command.Start()
	}
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(data))
	}
	s := &server{pid: command.Process.Pid, stop: func() {
		_ = command.Cancel()
		_ = command.Wait()
		_ = os.RemoveAll(data)
	}}
	lines := bufio.NewScanner(stderr)
	for s.addr == "" && lines.Scan() {
		var line struct{ Msg, Addr string }
		if _ = json.Unmarshal(lines.Bytes(), &line); line.Msg == "listening" {
			s.addr = line.Addr
		}
	}
	if s.addr == "" {
		s.stop()
		return nil, errors.New("the server ended before it listened")
	}
	go func() {
		for lines.Scan() {
			if !bytes.Contains(lines.Bytes(), []byte(`"level":"INFO"`)) {
				_, _ = fmt.Fprintln(log, lines.Text())
			}
		}
	}()
	return s, nil
}

// resources are what a process has: bytes of memory, now and at most so far, and open descriptors.
type resources struct{ rss, peak, descriptors int }

func (s *server) resources() (r resources, err error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.pid))
	if err != nil {
		return r, err
	}
	for line := range strings.Lines(string(status)) {
		var kilobytes int
		if n, _ := fmt.Sscanf(line, "VmRSS: %d", &kilobytes); n == 1 {
			r.rss = kilobytes << 10
		}
		if n, _ := fmt.Sscanf(line, "VmHWM: %d", &kilobytes); n == 1 {
			r.peak = kilobytes << 10
		}
	}
	open, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", s.pid))
	r.descriptors = len(open)
	return r, err
}

// settled are the resources after a while, once they are as they should be, if that is given, and memory has stayed the same for
// two seconds.
func (s *server) settled(ctx context.Context, while time.Duration, should func(resources) bool) (resources, error) {
	const interval, times, near, patience = 250 * time.Millisecond, 8, 0.01, 2 * time.Minute
	start := time.Now()
	ctx, cancel := context.WithTimeoutCause(ctx, while+patience, errors.New("the server does not come to rest"))
	defer cancel()
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	var at resources
	for same := 0; same < times || time.Since(start) < while; same++ {
		select {
		case <-ctx.Done():
			return at, context.Cause(ctx)
		case <-ticker.C:
		}
		now, err := s.resources()
		if err != nil {
			return at, err
		}
		if moved := float64(max(now.rss-at.rss, at.rss-now.rss)); moved > near*float64(at.rss) || should != nil && !should(now) {
			at, same = now, 0
		}
	}
	return s.resources()
}

// writer writes posts, each of which has its number for a title.
type writer struct {
	url, token string
	written    int
}

func newWriter(ctx context.Context, addr string) (*writer, error) {
	w := &writer{url: "http://" + addr + "/graphql"}
	answer, err := w.ask(ctx, `mutation { signup(input: {email: "ada@example.org", password: "violet tractor under the moss",
		name: "Ada"}) { tokens { accessToken } } }`)
	if err != nil {
		return nil, err
	}
	w.token = answer.Data.Signup.Tokens.AccessToken
	return w, nil
}

func (w *writer) write(ctx context.Context) error {
	w.written++
	answer, err := w.ask(ctx, fmt.Sprintf(`mutation { createPost(input: {title: "%d", content: "x"}) { post { title } } }`, w.written))
	if err != nil {
		return fmt.Errorf("write post %d: %w", w.written, err)
	}
	if answer.Data.CreatePost.Post.Title != strconv.Itoa(w.written) {
		return fmt.Errorf("post %d was not written", w.written)
	}
	return nil
}

type answer struct {
	Data struct {
		Signup     struct{ Tokens struct{ AccessToken string } }
		CreatePost struct{ Post struct{ Title string } }
	}
	Errors []struct{ Message string }
}

func (w *writer) ask(ctx context.Context, query string) (a answer, err error) {
	body, err := json.Marshal(map[string]string{"query": query})
	if err != nil {
		return a, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, w.url, bytes.NewReader(body))
	if err != nil {
		return a, err
	}
	request.Header.Set("Content-Type", "application/json")
	if w.token != "" {
		request.Header.Set("Authorization", "Bearer "+w.token)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return a, err
	}
	defer func() { _ = response.Body.Close() }()
	if err := json.NewDecoder(response.Body).Decode(&a); err != nil {
		return a, err
	}
	if len(a.Errors) > 0 {
		return a, errors.New(a.Errors[0].Message)
	}
	return a, nil
}
