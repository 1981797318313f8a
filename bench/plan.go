package main

import (
	"cmp"
	"time"

	"picloud/bench/report"
)

// plan is how long a run takes, and with how much.
type plan struct {
	quick    bool
	rounds   int
	rate     float64       // of the steady load, requests a second
	clients  int           // of the saturating load
	warmUp   time.Duration // before each load
	duration time.Duration // of each load
	growing  time.Duration // of each load that shows how cost grows
	settle   time.Duration // until what a start or a call has set going is over
	quiet    time.Duration // without any load
	starts   int
	pool     int   // warm workers in the pool whose memory is looked at
	some     int   // scripts in the store between
	scripts  int   // in the large store
	crowds   []int // clients of the loads that show how cost grows
}

// newPlan is for 0 rounds and no duration one of some eleven minutes, or of one.
func newPlan(quick bool, rounds int, duration time.Duration) plan {
	p := plan{
		rounds: 5, rate: 200, clients: 16, warmUp: 200 * time.Millisecond, duration: 1200 * time.Millisecond,
		growing: time.Second, settle: 3 * time.Second, quiet: time.Minute, starts: 7, pool: 32, some: report.SomeScripts, scripts: 100_000, crowds: []int{1, 4, 16, 64},
	}
	if quick {
		p.quick, p.rounds, p.duration, p.growing = true, 1, 600*time.Millisecond, 400*time.Millisecond
		p.warmUp, p.quiet, p.starts, p.scripts, p.crowds = 200*time.Millisecond, 20*time.Second, 3, 10_000, []int{1, 16, 64}
	}
	p.rounds, p.duration = cmp.Or(rounds, p.rounds), cmp.Or(duration, p.duration)
	return p
}
