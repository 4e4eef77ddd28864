// Logins measures what many who log in at once cost a server that is a process of its own: its memory, how many get in, and how
// long those wait who only read. The readers come at a twentieth of the rate that the server could bear.
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
	"text/tabwriter"
	"time"

	"postern/bench/process"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	if err != nil {
		_, _ = fmt.Fprintln(os.Stderr, "logins:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	flags := flag.NewFlagSet("logins", flag.ContinueOnError)
	binary := flags.String("server", "./postern", "the `binary` of the server")
	clients := flags.Int("clients", 500, "how many log in at once, each over and over again")
	pause := flags.Duration("pause", time.Second, "how long who was refused with OVERLOADED waits before it tries again")
	duration := flags.Duration("duration", 20*time.Second, "how long each phase is")
	if err := flags.Parse(args); err != nil {
		return err
	}
	server, err := process.Start(ctx, *binary, stderr)
	if err != nil {
		return err
	}
	defer server.Stop()
	if err := populate(ctx, server); err != nil {
		return err
	}
	const share = 20
	reads, err := highestRate(ctx, server, *duration)
	if err != nil {
		return err
	}
	once := func(int) error { return readOnce(ctx, server) }
	alone, err := process.AtRate(ctx, reads/share, *duration, once)
	if err != nil {
		return err
	}
	before, err := server.Resources()
	if err != nil {
		return err
	}
	crowd := gather(ctx, server, *clients, *pause)
	start := time.Now()
	among, err := process.AtRate(ctx, reads/share, *duration, once)
	took := time.Since(start)
	in, refused, failed := crowd.leave()
	if err == nil {
		err = failed
	}
	if err != nil {
		return err
	}
	after, err := server.Resources()
	if err != nil {
		return err
	}
	_, _ = fmt.Fprintf(stdout, "%d clients log in at once for %s, and wait %s when they are refused; the server and they share %d processors.\n\n",
		*clients, *duration, *pause, runtime.NumCPU())
	_, _ = fmt.Fprintf(stdout, "log-ins   %.1f/s; refused %.0f/s\n", float64(in)/took.Seconds(), float64(refused)/took.Seconds())
	_, _ = fmt.Fprintf(stdout, "memory    %s before, %s at most, %s at the end\n", megabytes(before.RSS), megabytes(after.Peak), megabytes(after.RSS))
	_, _ = fmt.Fprintf(stdout, "reads     %.0f/s at most; offered are %.0f/s\n\n", reads, reads/share)
	table := tabwriter.NewWriter(stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	_, _ = fmt.Fprintln(table, "reads\tp50\tp99\tmax\t")
	for name, waits := range map[string][]time.Duration{"alone": alone, "among log-ins": among} {
		slices.Sort(waits)
		at := func(quantile float64) string { return milliseconds(waits[int(quantile*float64(len(waits)-1))]) }
		_, _ = fmt.Fprintf(table, "%s\t%s\t%s\t%s\t\n", name, at(0.5), at(0.99), at(1))
	}
	return table.Flush()
}

func megabytes(bytes int) string { return fmt.Sprintf("%.0f MB", float64(bytes)/1e6) }

func milliseconds(d time.Duration) string { return fmt.Sprintf("%.1f ms", float64(d)/1e6) }
