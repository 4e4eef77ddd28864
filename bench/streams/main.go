// Streams measures what many subscribers cost a server that is a process of its own on an empty SQLite database, and how soon
// all of them hear of a post. Every subscriber must hear every post once, in order, or the measurement fails.
//
// It imports nothing of ours but process: it is a client like any other.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"slices"
	"syscall"
	"text/tabwriter"
	"time"

	"postern/bench/process"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	if err != nil {
		_, _ = fmt.Fprintln(os.Stderr, "streams:", err)
		os.Exit(1)
	}
}

type options struct {
	binary, transport          string
	connections, posts, rounds int
	idle                       time.Duration
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) (err error) {
	var o options
	flags := flag.NewFlagSet("streams", flag.ContinueOnError)
	flags.StringVar(&o.binary, "server", "./postern", "the `binary` of the server")
	flags.StringVar(&o.transport, "transport", "ws", "how to subscribe: ws or sse")
	flags.IntVar(&o.connections, "connections", 10_000, "how many subscribers there are, each with a connection of its own")
	flags.DurationVar(&o.idle, "idle", 30*time.Second, "how long all are idle; a WebSocket is pinged every 20 seconds")
	flags.IntVar(&o.posts, "posts", 20, "how many posts are written, one after the other")
	flags.IntVar(&o.rounds, "rounds", 3, "how often all come and go: what leaked would grow")
	if err := flags.Parse(args); err != nil {
		return err
	}
	subscribe, known := map[string]subscribe{"ws": subscribeBySocket, "sse": subscribeByEvents}[o.transport]
	if !known || o.connections < 1 || o.posts < 1 {
		return fmt.Errorf("there is no way %q for %d subscribers to %d posts", o.transport, o.connections, o.posts)
	}
	server, err := startServer(ctx, o.binary, o.connections, stderr)
	if err != nil {
		return err
	}
	defer server.Stop()
	writer, err := newWriter(ctx, server)
	if err != nil {
		return err
	}
	before, err := server.Resources()
	if err != nil {
		return err
	}
	_, _ = fmt.Fprintf(stdout, "%d subscribers over %s; the server and they share %d processors.\n"+
		"Before they come the server has %s of memory, and %d descriptors.\n\n",
		o.connections, o.transport, runtime.NumCPU(), megabytes(before.RSS), before.Descriptors)
	table := tabwriter.NewWriter(stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	_, _ = fmt.Fprintln(table, "round\tcome\tidle\teach\tpeak\tlast hears, p50\tmax\tevents/s\tafter\tdescriptors\t")
	for round := range o.rounds {
		r, err := measure(ctx, o, server, writer, subscribe)
		if err != nil {
			return fmt.Errorf("round %d: %w", round+1, err)
		}
		slices.Sort(r.last)
		_, _ = fmt.Fprintf(table, "%d\t%s\t%s\t%.1f KB\t%s\t%s\t%s\t%.0f\t%s\t%d\t\n", round+1, milliseconds(r.come), megabytes(r.idle.RSS),
			float64(r.idle.RSS-before.RSS)/float64(o.connections)/1e3, megabytes(r.spread.Peak),
			milliseconds(r.last[len(r.last)/2]), milliseconds(r.last[len(r.last)-1]),
			float64(o.connections*o.posts)/r.spreading.Seconds(), megabytes(r.after.RSS), r.after.Descriptors)
	}
	return table.Flush()
}

// result is that of a round.
type result struct {
	come                time.Duration
	idle, spread, after process.Resources
	last                []time.Duration // for each post, from before it is written until the last subscriber has heard it
	spreading           time.Duration   // their sum
}

// measure has all subscribers come, lets them be idle, writes posts, and has them go.
func measure(ctx context.Context, o options, server *process.Server, writer *writer, subscribe subscribe) (r result, err error) {
	start := time.Now()
	audience, err := gather(ctx, server.Addr, o.connections, writer.written, subscribe)
	if err != nil {
		return r, err
	}
	defer audience.leave()
	r.come = time.Since(start)
	if r.idle, err = settled(ctx, server, o.idle, nil); err != nil {
		return r, err
	}
	for range o.posts {
		start := time.Now()
		if err := writer.write(ctx); err != nil {
			return r, err
		}
		heard, err := audience.hear(ctx)
		if err != nil {
			return r, err
		}
		r.last = append(r.last, heard.Sub(start))
		r.spreading += heard.Sub(start)
	}
	if r.spread, err = server.Resources(); err != nil {
		return r, err
	}
	audience.leave()
	r.after, err = settled(ctx, server, 0, func(now process.Resources) bool { return now.Descriptors <= r.idle.Descriptors-o.connections })
	return r, err
}

func megabytes(bytes int) string { return fmt.Sprintf("%.0f MB", float64(bytes)/1e6) }

func milliseconds(d time.Duration) string { return fmt.Sprintf("%d ms", d.Milliseconds()) }
