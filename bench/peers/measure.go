package main

import (
	"bytes"
	"cmp"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// sample is what came of one load.
type sample struct {
	rate, p50, p99 float64 // a second; microseconds
	cpu, wrk       float64 // of the server and of wrk; microseconds for each request
}

// measurement is all samples of a server.
type measurement struct {
	workload, server string
	samples          []sample
	peak             int // bytes
}

// roundsIfAlike is how many times as many rounds a workload has where what is compared is much alike.
const roundsIfAlike = 3

// measure puts a workload on each server that can do it, in turn, round after round. Postern must do it; a peer that does not is
// left out, and the reason noted.
func (b *bench) measure(ctx context.Context, w workload) ([]measurement, error) {
	var running []*server
	defer func() {
		for _, s := range running {
			s.stop()
		}
	}()
	failed := make(map[*server]bool)
	for _, p := range b.peers {
		if !p.does(w) {
			continue
		}
		s, err := b.start(ctx, p.configured(w), cmp.Or(p.cores, serving))
		if err == nil {
			running = append(running, s)
			forget(family(s.command.Process.Pid))
			_, err = b.load(ctx, s, w, 0)
			failed[s] = err != nil
		}
		if err := b.without(ctx, p, w, err); err != nil {
			return nil, err
		}
	}
	found := make([]measurement, len(running))
	rounds := b.rounds
	if w.alike {
		rounds *= roundsIfAlike
	}
	for round := range rounds {
		_, _ = fmt.Fprintf(b.progress, "%s, round %d of %d\n", w.name, round+1, rounds)
		for i, s := range running {
			if failed[s] {
				continue
			}
			measured, err := b.load(ctx, s, w, round+1)
			failed[s] = err != nil
			if err := b.without(ctx, s.peer, w, err); err != nil {
				return nil, err
			}
			if failed[s] {
				continue
			}
			found[i].workload, found[i].server = w.name, s.title()
			found[i].samples = append(found[i].samples, measured)
			found[i].peak = peak(family(s.command.Process.Pid))
		}
	}
	return slices.DeleteFunc(found, func(m measurement) bool { return len(m.samples) < rounds }), nil
}

// without notes that a peer is left out of a workload, and why, if there is an error. Without Postern there is nothing to compare.
func (b *bench) without(ctx context.Context, p peer, w workload, err error) error {
	if err == nil {
		return nil
	}
	if p.name == postern || ctx.Err() != nil {
		return fmt.Errorf("%s: %w", p.name, err)
	}
	b.missing = append(b.missing, fmt.Sprintf("%s is not measured at %s: %v", p.title(), w.name, err))
	return nil
}

//go:embed load.lua
var script string

// load has wrk ask a server, and checks its answers before and after. Round 0 is to warm it up.
func (b *bench) load(ctx context.Context, s *server, w workload, round int) (sample, error) {
	asked := w.exchanges(cmp.Or(s.blog, b.blog), s.language)
	if err := errors.Join(b.write("load.lua", script), b.write("requests", lines(asked))); err != nil {
		return sample{}, err
	}
	size, err := s.check(ctx, w, asked)
	if err != nil {
		return sample{}, err
	}
	before := 0
	if w.writes {
		if before, err = count(ctx, s.counted); err != nil {
			return sample{}, err
		}
	}
	const perRound = 1_000_000 // more than anybody answers: no two rounds have a number in common
	duration := b.duration
	if round == 0 {
		duration = b.warmUp
	}
	const patience = "30s" // what comes late shows in p99, and is no failure
	pids := b.processes(s)
	spent := cpu(pids)
	wrk := exec.CommandContext(ctx, "taskset", "-c", cmp.Or(s.cores, asking), "wrk", "-t1", "-c"+strconv.Itoa(b.connections), //nolint:gosec // our own
		"-d"+duration.String(), "--timeout", patience, "-s", filepath.Join(b.dir, "load.lua"), s.origin, "--",
		filepath.Join(b.dir, "requests"), strconv.Itoa(round*perRound))
	said, err := wrk.CombinedOutput()
	spent = cpu(pids) - spent
	var result struct{ Requests, Microseconds, Bytes, Failed, P50, P99 int }
	if err := errors.Join(err, json.Unmarshal([]byte(lastLine(said)), &result)); err != nil {
		return sample{}, fmt.Errorf("wrk: %w: %s", err, said)
	}
	switch {
	case result.Requests == 0 || result.Failed > 0:
		return sample{}, fmt.Errorf("of %d requests %d failed", result.Requests, result.Failed)
	case !near(result.Bytes/result.Requests, size):
		return sample{}, fmt.Errorf("an answer had %d bytes, want about %d", result.Bytes/result.Requests, size)
	}
	if _, err := s.check(ctx, w, asked); err != nil {
		return sample{}, err
	}
	if w.writes {
		after, err := count(ctx, s.counted)
		if err != nil || after-before < result.Requests {
			return sample{}, fmt.Errorf("%d posts were acknowledged, and %d are there: %w", result.Requests, after-before, err)
		}
	}
	return sample{
		rate: float64(result.Requests) / (float64(result.Microseconds) / float64(time.Second/time.Microsecond)),
		p50:  float64(result.P50), p99: float64(result.P99),
		cpu: float64(spent.Microseconds()) / float64(result.Requests),
		wrk: float64((wrk.ProcessState.UserTime() + wrk.ProcessState.SystemTime()).Microseconds()) / float64(result.Requests),
	}, nil
}

func (b *bench) write(name, text string) error {
	return os.WriteFile(filepath.Join(b.dir, name), []byte(text), 0o600)
}

// processes are a server's, and its database's.
func (b *bench) processes(s *server) []int {
	pids := family(s.command.Process.Pid)
	if b.cluster != nil {
		pids = append(pids, family(b.cluster.pid)...)
	}
	return pids
}

// near tells whether answers have about the size that those had which were checked: errors would have another.
func near(size, want int) bool {
	const share, few = 10, 64 // a tenth, or a few bytes: headers and titles differ
	return max(size-want, want-size) <= max(want/share, few)
}

// lines are exchanges as load.lua reads them.
func lines(asked []exchange) string {
	var text strings.Builder
	for _, e := range asked {
		_, _ = fmt.Fprintf(&text, "%s\t%s\t%s\t%s\n", e.method, e.path, e.token, e.body)
	}
	return text.String()
}

// check asks a server some of what it will be asked, or was, and compares the answers. It returns the mean size of a response.
func (s *server) check(ctx context.Context, w workload, asked []exchange) (size int, err error) {
	const some = 20
	for range some {
		e := asked[rand.IntN(len(asked))] //nolint:gosec // whichever
		answer, raw, err := e.send(ctx, s.origin)
		if err != nil {
			return 0, fmt.Errorf("%s %s: %w", e.method, e.path, err)
		}
		size += raw
		if s.plain != nil {
			if answer, err = s.plain(w.name, answer); err != nil {
				return 0, err
			}
		}
		want := e.want
		if s.fixed != "" {
			want = s.fixed
		}
		answer = bytes.TrimSpace(answer)
		// Of what is new, the id is not known.
		isNew := strings.Contains(want, blank) && bytes.Contains(answer, []byte(want)) && !bytes.Contains(answer, []byte(`"errors":[{`))
		if string(answer) != want && !isNew {
			return 0, fmt.Errorf("%s was answered %.100q, want %.100q", cmp.Or(e.body, e.path), answer, want)
		}
	}
	return size / some, nil
}
