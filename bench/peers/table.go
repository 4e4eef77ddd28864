package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

// table writes what was measured as a table in Markdown.
func table(to io.Writer, measured []measurement) error {
	if len(measured) == 0 {
		return nil
	}
	rows := [][]string{
		{"", "server", "requests/s", "rate of Postern's", "p50 ms", "p50 of Postern's", "p99 ms", "CPU µs/request", "wrk's CPU", "peak RSS MB"},
		{"---", "---", "---:", "---:", "---:", "---:", "---:", "---:", "---:", "---:"},
	}
	var own measurement
	for _, m := range measured {
		if m.server == postern {
			own = m
		}
		const thousand, million = 1e3, 1e6
		rows = append(rows, []string{
			m.workload, m.server, fmt.Sprintf("%.0f", m.median(rate)), fmt.Sprintf("%.2f", m.of(own, rate)),
			fmt.Sprintf("%.2f", m.median(p50)/thousand), fmt.Sprintf("%.2f", m.of(own, p50)),
			fmt.Sprintf("%.1f", m.median(func(s sample) float64 { return s.p99 })/thousand),
			fmt.Sprintf("%.0f", m.median(func(s sample) float64 { return s.cpu })),
			fmt.Sprintf("%.0f", m.median(func(s sample) float64 { return s.wrk })),
			fmt.Sprintf("%.0f", float64(m.peak)/million),
		})
	}
	for _, row := range rows {
		if _, err := fmt.Fprintf(to, "| %s |\n", strings.Join(row, " | ")); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintf(to, "\n%s\n", legend(measured))
	return err
}

// legend says what the workloads are that were measured.
func legend(measured []measurement) string {
	var text []string
	for _, w := range workloads() {
		if slices.ContainsFunc(measured, func(m measurement) bool { return m.workload == w.name }) {
			said := w.name + ": " + w.what
			if w.alike {
				said += fmt.Sprintf(", in %d times as many rounds", roundsIfAlike)
			}
			text = append(text, said)
		}
	}
	return strings.Join(text, "; ") + "."
}

func (m measurement) median(value func(sample) float64) float64 {
	values := make([]float64, len(m.samples))
	for i, s := range m.samples {
		values[i] = value(s)
	}
	return middle(values)
}

// of is a value by another's, each of a round by that of the same round: a machine that is slower for a while is so for both.
func (m measurement) of(other measurement, value func(sample) float64) float64 {
	values := make([]float64, len(m.samples))
	for i, s := range m.samples {
		values[i] = value(s) / value(other.samples[i])
	}
	return middle(values)
}

func rate(s sample) float64 { return s.rate }
func p50(s sample) float64  { return s.p50 }

func middle(values []float64) float64 {
	slices.Sort(values)
	return values[len(values)/2]
}
