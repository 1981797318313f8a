package main

import (
	"strings"

	"github.com/xrash/smetrics"
)

// nearest is the candidate somebody may have meant who wrote given, "" if none is
// near: one that is given but for a letter in three, that begins as given does
// for most of it, or that has it within.
func nearest(given string, candidates []string) string {
	given = strings.ToLower(given)
	best, least := "", max(2, (len(given)+2)/3)+1
	for _, c := range candidates {
		if distance := smetrics.WagnerFischer(given, c, 1, 1, 1); distance < least {
			best, least = c, distance
		}
	}
	if best != "" || len(given) < 3 {
		return best
	}
	longest := max(2, (2*len(given)-1)/3)
	for _, c := range candidates {
		if n := commonPrefix(given, c); n > longest {
			best, longest = c, n
		}
	}
	for _, c := range candidates {
		if best == "" && strings.Contains(c, given) {
			return c
		}
	}
	return best
}

func commonPrefix(a, b string) int {
	n := 0
	for n < min(len(a), len(b)) && a[n] == b[n] {
		n++
	}
	return n
}

// didYouMean is a hint: the candidate that was meant, else what there is to say
// otherwise.
func didYouMean(given string, candidates []string, otherwise string) string {
	if near := nearest(given, candidates); near != "" {
		return "did you mean " + near + "?"
	}
	return otherwise
}
