package main

import (
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
)

// What the limits may cost against plain gopher-lua.
const (
	medianTarget = 1.25
	worstTarget  = 1.60
)

// report prints the table and whether the target is met.
func report(out io.Writer, results []result, rounds int) error {
	fmt.Fprintf(out, "CPU time in milliseconds, best of %d rounds; in the last column the ratio of the medians\n\n", rounds)
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "program\tplain\tours\tlua5.1\tours/plain\tours/lua5.1\t(medians)\t")
	var ratios []float64
	for _, r := range results {
		var best, middle [interpreters]float64
		for e, times := range r.times {
			ms := milliseconds(times)
			best[e], middle[e] = slices.Min(ms), median(ms)
		}
		ratio := best[ours] / best[plain]
		ratios = append(ratios, ratio)
		fmt.Fprintf(table, "%s\t%.1f\t%.1f\t%.1f\t%.2f\t%.2f\t%.2f\t\n", r.program,
			best[plain], best[ours], best[lua51], ratio, best[ours]/best[lua51], middle[ours]/middle[plain])
	}
	if err := table.Flush(); err != nil {
		return err
	}
	verdict := "met"
	if !meetsTarget(ratios) {
		verdict = "NOT met"
	}
	_, err := fmt.Fprintf(out, "\nours/plain: median %.2f, worst %.2f; the target, at most %.2f and %.2f, is %s\n",
		median(ratios), slices.Max(ratios), medianTarget, worstTarget, verdict)
	return err
}

func meetsTarget(ratios []float64) bool {
	return median(ratios) <= medianTarget && slices.Max(ratios) <= worstTarget
}

func milliseconds(times []cpuTime) []float64 {
	var ms []float64
	for _, t := range times {
		ms = append(ms, t.Seconds()*1000)
	}
	return ms
}

// median leaves its argument as it is.
func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	n := len(sorted)
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}
