package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// The processors: one for the server, and its database if that is a process of its own; the other for what asks.
const (
	serving = "0"
	asking  = "1"
)

// server is a peer that runs.
type server struct {
	peer

	origin  string
	command *exec.Cmd
	ended   chan struct{} // closed when it has
	log     string        // the file of what it says
}

// freeAddr is where nothing listens yet. It is none of the ports that connections are given, as one could be until it is needed.
func freeAddr(ctx context.Context) (addr string, err error) {
	const from, ports, attempts = 20_000, 10_000, 100
	for range attempts {
		addr = "127.0.0.1:" + strconv.Itoa(from+rand.IntN(ports)) //nolint:gosec // whichever
		var listener net.Listener
		if listener, err = new(net.ListenConfig).Listen(ctx, "tcp", addr); err == nil {
			return addr, listener.Close()
		}
	}
	return "", err
}

// start starts a peer on some processors, and returns once it listens.
func (b *bench) start(ctx context.Context, p peer, processors string) (*server, error) {
	s := &server{peer: p, origin: "http://" + p.addr, ended: make(chan struct{}), log: filepath.Join(b.dir, p.name+".log")}
	log, err := os.Create(s.log)
	if err != nil {
		return nil, err
	}
	// The process has its own.
	defer func() { _ = log.Close() }()
	s.command = exec.CommandContext(ctx, "taskset", append([]string{"-c", processors}, p.command...)...) //nolint:gosec // of our own list
	s.command.Env = append(append(os.Environ(), "NODE_ENV=production", "JWT_SECRET="+secret), p.env...)
	s.command.Dir, s.command.Stdout, s.command.Stderr = p.folder, log, log
	s.command.Cancel = func() error { return s.command.Process.Signal(os.Interrupt) }
	if err := s.command.Start(); err != nil {
		return nil, err
	}
	go func() {
		_ = s.command.Wait() // whoever waits for it to listen sees that it has ended
		close(s.ended)
	}()
	if err := s.listening(ctx); err != nil {
		s.stop()
		return nil, err
	}
	return s, nil
}

// listening returns once somebody listens where the server should.
func (s *server) listening(ctx context.Context) error {
	const patience, pause = time.Minute, 50 * time.Millisecond
	ctx, cancel := context.WithTimeoutCause(ctx, patience, errors.New("it does not listen"))
	defer cancel()
	for {
		conn, err := new(net.Dialer).DialContext(ctx, "tcp", s.addr)
		if err == nil {
			return conn.Close()
		}
		select {
		case <-time.After(pause):
		case <-s.ended:
			return fmt.Errorf("it ended: %s", s.lastWords())
		case <-ctx.Done():
			return fmt.Errorf("%w: %s", context.Cause(ctx), s.lastWords())
		}
	}
}

// lastWords are the lines of its log that tell most: those of errors, or else the last one.
func (s *server) lastWords() string {
	text, err := os.ReadFile(s.log)
	if err != nil {
		return err.Error()
	}
	last := ""
	for line := range strings.Lines(string(text)) {
		if line = strings.TrimSpace(line); line != "" {
			last = line
		}
		if strings.Contains(line, "Error: ") {
			return line
		}
	}
	return last
}

func (s *server) stop() {
	const patience = 10 * time.Second
	_ = s.command.Cancel()
	select {
	case <-s.ended:
	case <-time.After(patience):
		_ = s.command.Process.Kill()
		<-s.ended
	}
}

// family is a process and all that it started, as far as they live.
func family(pid int) []int {
	pids := []int{pid}
	tasks, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid)) // the pattern is well-formed
	for _, task := range tasks {
		children, _ := os.ReadFile(task) //nolint:gosec // a task that has ended has none
		for child := range strings.FieldsSeq(string(children)) {
			if n, err := strconv.Atoi(child); err == nil {
				pids = append(pids, family(n)...)
			}
		}
	}
	return pids
}

// cpu is how long processes have run, in user mode and in the kernel.
func cpu(pids []int) (spent time.Duration) {
	const tick = 10 * time.Millisecond // USER_HZ is 100 on all of Linux that Go runs on
	for _, pid := range pids {
		stat, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid)) // one that has ended spends nothing
		_, rest, _ := bytes.Cut(stat, []byte(") "))               // the name may have spaces
		const user, system = 11, 12                               // of the fields that follow it
		if fields := strings.Fields(string(rest)); len(fields) > system {
			for _, n := range []int{user, system} {
				ticks, _ := strconv.Atoi(fields[n])
				spent += time.Duration(ticks) * tick
			}
		}
	}
	return spent
}

// forget has peak begin anew: what a server took to start is not what it takes to serve.
func forget(pids []int) {
	for _, pid := range pids {
		const peaks = "5"
		_ = os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", pid), []byte(peaks), 0) // one that has ended has none
	}
}

// peak is the most memory that processes had so far, in bytes.
func peak(pids []int) (bytes int) {
	for _, pid := range pids {
		status, err := os.Open(fmt.Sprintf("/proc/%d/status", pid))
		if err != nil {
			continue // it has ended
		}
		for lines := bufio.NewScanner(status); lines.Scan(); {
			var kilobytes int
			if n, _ := fmt.Sscanf(lines.Text(), "VmHWM: %d", &kilobytes); n == 1 {
				bytes += kilobytes << 10
			}
		}
		_ = status.Close()
	}
	return bytes
}
