// Package process runs the built binary of the server as a process of its own, on an empty SQLite database, and looks at it from
// outside: it is asked over HTTP, and /proc tells what it takes.
//
// It imports nothing of ours: what measures the server is a client like any other.
package process

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
	"strings"
)

// Server is a running server.
type Server struct {
	Addr string

	pid    int
	stop   func()
	client *http.Client
}

// Start starts a server with more settings, each as NAME=value, and returns once it listens. Of its log only what is no matter
// of course is shown.
func Start(ctx context.Context, binary string, log io.Writer, settings ...string) (*Server, error) {
	data, err := os.MkdirTemp("", "postern-bench-")
	if err != nil {
		return nil, err
	}
	command := exec.CommandContext(ctx, binary)
	command.Env = append(append(os.Environ(), "ADDR=127.0.0.1:0", "DATA_DIR="+data, "LOG_FORMAT=json",
		"LIMIT_SIGNUPS_OF_ADDRESS=0", "LIMIT_POSTS_OF_ACCOUNT=0", "LIMIT_FAILURES_OF_ADDRESS=0", "LIMIT_FAILURES_OF_ACCOUNT=0"), settings...)
	command.Cancel = func() error { return command.Process.Signal(os.Interrupt) }
	stderr, err := command.StderrPipe()
	if err == nil {
		err = command.Start()
	}
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(data))
	}
	const connections = 10_000 // more than anybody opens: none is opened anew for want of a place to keep it
	s := &Server{
		pid: command.Process.Pid,
		stop: func() {
			_ = command.Cancel()
			_ = command.Wait()
			_ = os.RemoveAll(data)
		},
		client: &http.Client{Transport: &http.Transport{MaxIdleConns: connections, MaxIdleConnsPerHost: connections}},
	}
	lines := bufio.NewScanner(stderr)
	for s.Addr == "" && lines.Scan() {
		var line struct{ Msg, Addr string }
		if _ = json.Unmarshal(lines.Bytes(), &line); line.Msg == "listening" {
			s.Addr = line.Addr
		}
	}
	if s.Addr == "" {
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

// Stop ends the server, and deletes its data.
func (s *Server) Stop() { s.stop() }

// Answer is what an operation was answered.
type Answer struct {
	Data   json.RawMessage
	Errors []struct {
		Message    string
		Extensions struct{ Code string }
	}
}

// Ask sends an operation, as the owner of an access token or as nobody.
func (s *Server) Ask(ctx context.Context, token, operation string) (a Answer, err error) {
	body, err := json.Marshal(map[string]string{"query": operation})
	if err != nil {
		return a, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+s.Addr+"/graphql", bytes.NewReader(body))
	if err != nil {
		return a, err
	}
	request.Header.Set("Content-Type", "application/json")
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	response, err := s.client.Do(request)
	if err != nil {
		return a, err
	}
	defer func() { _ = response.Body.Close() }()
	return a, json.NewDecoder(response.Body).Decode(&a)
}

// Must sends an operation that has to be answered without errors at the top level, and decodes its data.
func (s *Server) Must(ctx context.Context, token, operation string, data any) error {
	answer, err := s.Ask(ctx, token, operation)
	switch {
	case err != nil:
		return err
	case len(answer.Errors) > 0:
		return errors.New(answer.Errors[0].Message)
	}
	return json.Unmarshal(answer.Data, data)
}

// Resources are what a process has: bytes of memory, now and at most so far, and open descriptors.
type Resources struct{ RSS, Peak, Descriptors int }

// Resources looks at what the server has.
func (s *Server) Resources() (r Resources, err error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.pid))
	if err != nil {
		return r, err
	}
	for line := range strings.Lines(string(status)) {
		var kilobytes int
		if n, _ := fmt.Sscanf(line, "VmRSS: %d", &kilobytes); n == 1 {
			r.RSS = kilobytes << 10
		}
		if n, _ := fmt.Sscanf(line, "VmHWM: %d", &kilobytes); n == 1 {
			r.Peak = kilobytes << 10
		}
	}
	open, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", s.pid))
	r.Descriptors = len(open)
	return r, err
}
