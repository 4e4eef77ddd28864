// Peers measures the built binary of the server beside other servers of the same blog: all of them have the same data, are asked
// the same, and are given one processor, while what asks has another. Every answer that is checked, before and after the load,
// must be the one that is expected. It prints one table, in Markdown.
//
// It imports nothing of ours: it is a client like any other.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"strings"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	if err != nil {
		_, _ = fmt.Fprintln(os.Stderr, "peers:", err)
		os.Exit(1)
	}
}

// options are what the flags say.
type options struct {
	binary, home, database string
	workloads, servers     string
	users, posts, more     int
	connections, rounds    int
	duration, warmUp       time.Duration
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) (err error) {
	o, err := parse(args)
	if err != nil {
		return err
	}
	if err := able(); err != nil {
		return err
	}
	_, _ = fmt.Fprintf(stdout, "%s\n\n", describe(ctx, o))
	dir, err := os.MkdirTemp("", "postern-peers-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	b := &bench{options: o, dir: dir, progress: stderr}
	if o.database == "postgres" {
		if b.cluster, err = startCluster(ctx); err != nil {
			return err
		}
		defer b.cluster.stop()
	}
	if err := b.prepare(ctx); err != nil {
		return err
	}
	defer func() {
		for _, reason := range append(b.notes, b.missing...) {
			_, _ = fmt.Fprintln(stdout, reason)
		}
	}()
	var measured []measurement
	defer func() { err = errors.Join(err, table(stdout, measured)) }() // also if the last was interrupted
	for _, w := range workloads() {
		if !chosen(o.workloads, w.name) || b.cluster != nil && (w.account || w.alone) {
			continue
		}
		of, err := b.measure(ctx, w)
		if err != nil {
			return fmt.Errorf("%s: %w", w.name, err)
		}
		measured = append(measured, of...)
	}
	if chosen(o.workloads, "W5") && b.cluster == nil {
		var said string
		if said, err = b.logins(ctx); err == nil {
			b.notes = append(b.notes, said)
		}
	}
	return err
}

func parse(args []string) (o options, err error) {
	flags := flag.NewFlagSet("peers", flag.ContinueOnError)
	flags.StringVar(&o.binary, "server", "./postern", "the `binary` of the server")
	flags.StringVar(&o.home, "home", "bench/peers", "the `folder` of this command, with what it starts")
	flags.StringVar(&o.database, "database", "sqlite", "sqlite or postgres")
	flags.StringVar(&o.workloads, "workloads", "", "which `names`, with commas in between: all if left out")
	flags.StringVar(&o.servers, "servers", "", "which `names` beside Postern, with commas in between: all if left out")
	flags.IntVar(&o.users, "users", 100, "how many accounts there are")
	flags.IntVar(&o.posts, "posts", 10_000, "how many posts they wrote")
	flags.IntVar(&o.more, "more", 1_000_000, "how many posts there are at workload size")
	flags.IntVar(&o.connections, "connections", 32, "how many connections ask at once")
	flags.IntVar(&o.rounds, "rounds", 15, "how often each server is measured")
	flags.DurationVar(&o.duration, "duration", time.Second, "how long each time")
	flags.DurationVar(&o.warmUp, "warm-up", 3*time.Second, "how long it is asked before")
	return o, flags.Parse(args)
}

// chosen tells whether a list of names, which is empty if all are meant, has a name.
func chosen(names, name string) bool {
	if names == "" {
		return true
	}
	for chosen := range strings.SplitSeq(names, ",") {
		if strings.EqualFold(strings.TrimSpace(chosen), name) {
			return true
		}
	}
	return false
}

// able tells what the machine lacks.
func able() error {
	if runtime.NumCPU() < 2 { //nolint:mnd // one asks, one answers
		return errors.New("there is one processor: the server needs one, and what asks it another")
	}
	for program, debian := range map[string]string{"wrk": "wrk", "taskset": "util-linux", "go": "golang"} {
		if _, err := exec.LookPath(program); err != nil {
			return fmt.Errorf("there is no %s: install Debian's package %s", program, debian)
		}
	}
	return nil
}

// describe is in what the numbers were measured.
func describe(ctx context.Context, o options) string {
	model := "an unknown processor"
	if info, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		for line := range strings.Lines(string(info)) {
			if name, value, _ := strings.Cut(line, ":"); strings.TrimSpace(name) == "model name" {
				model = strings.TrimSpace(value)
				break
			}
		}
	}
	load := "?"
	if text, err := os.ReadFile("/proc/loadavg"); err == nil {
		load, _, _ = strings.Cut(string(text), " ")
	}
	versions := []string{runtime.Version()}
	for _, args := range [][]string{{"node", "--version"}, {"postgres", "--version"}} {
		if args[0] == "postgres" && o.database != "postgres" {
			continue
		}
		if said, err := exec.CommandContext(ctx, args[0], args[1:]...).Output(); err == nil { //nolint:gosec // the two above
			versions = append(versions, args[0]+" "+strings.TrimPrefix(lastLine(said), args[0]+" "))
		}
	}
	return fmt.Sprintf("%s, %d processors, load %s before; %s.\n%d posts of %d users; %d connections; medians of %d rounds of %s.",
		model, runtime.NumCPU(), load, strings.Join(versions, ", "), o.posts, o.users, o.connections, o.rounds, o.duration)
}
