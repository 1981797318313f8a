package daemon

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"picloud/store/cached"
	"picloud/supervisor"
)

// health answers /healthz and /readyz.
type health struct {
	store       *cached.Store
	supervisor  *supervisor.Supervisor
	connections *connections
}

// States of a part, as /readyz tells them.
const (
	stateOK       = "ok"
	stateDegraded = "degraded" // it serves, with less than it should have
	stateFailing  = "failing"  // it does not serve
)

type readiness struct {
	Status      string          `json:"status"`
	Database    part            `json:"database"`
	Pool        poolPart        `json:"pool"`
	Isolation   isolationState  `json:"isolation"`
	Spawner     spawnerState    `json:"spawner"`
	Connections connectionState `json:"connections"`
}

type part struct {
	State  string `json:"state"`
	Detail string `json:"detail,omitempty"`
}

type poolPart struct {
	part
	Workers  int `json:"workers"`
	Warm     int `json:"warm"`
	Running  int `json:"running"`
	Waiting  int `json:"waiting"`
	Idle     int `json:"idle"`
	Starting int `json:"starting"`
}

type isolationState struct {
	part
	Mode       supervisor.Mode `json:"mode"`
	Namespaces bool            `json:"namespaces"`
}

type spawnerState struct {
	part
	Kind supervisor.Kind `json:"kind"`
}

type connectionState struct {
	part
	Open int `json:"open"`
	Max  int `json:"max"`
}

// alive is 200 if the process works: it answers, and so does the supervisor.
func (h *health) alive(w http.ResponseWriter, _ *http.Request) {
	h.supervisor.Stats()
	answer(w, http.StatusOK, map[string]string{"status": stateOK})
}

// ready is 200 if the daemon can serve invocations, degraded or not, else 503.
func (h *health) ready(w http.ResponseWriter, r *http.Request) {
	stats := h.supervisor.Stats()
	state := readiness{
		Status:    "ready",
		Database:  part{State: stateOK},
		Isolation: isolationState{part{State: stateOK}, stats.Mode, stats.Namespaces},
		Spawner:   spawnerState{part{State: stateOK}, stats.Spawner},
		Pool: poolPart{
			part:    part{State: stateOK},
			Workers: stats.Workers, Warm: stats.Warm, Running: stats.Running, Waiting: stats.Waiting,
			Idle: stats.Idle, Starting: stats.Starting,
		},
		Connections: stateOfConnections(h.connections.Stats()),
	}
	ctx, cancel := context.WithTimeout(r.Context(), 2*time.Second)
	defer cancel()
	if h.store.WritesFail() {
		state.Database = part{stateDegraded, "the last write failed, perhaps for want of room on the disk; scripts are served; the log says why"}
	}
	if err := h.store.Ping(ctx); err != nil {
		state.Database = part{stateFailing, "the database does not answer: nothing can be written; scripts that were called before are still served"}
	}
	if stats.LastFailure != nil {
		state.Pool.part = part{stateFailing, "workers cannot be started, or die while they are idle; the log says why"}
	}
	if stats.Draining {
		state.Pool.part = part{stateFailing, "the daemon is stopping"}
	}
	if stats.Degraded() {
		state.Isolation.part = part{stateDegraded, strings.Join(missing(stats), "; ")}
	}
	status := http.StatusOK
	if state.Database.State == stateFailing || state.Pool.State == stateFailing {
		state.Status, status = "not ready", http.StatusServiceUnavailable
	}
	answer(w, status, state)
}

// missing says what workers are held without.
func missing(s supervisor.Stats) (parts []string) {
	if s.Mode != supervisor.ModeCgroup {
		parts = append(parts, "no cgroup v2: RLIMIT_DATA in place of memory.max, no bound on CPU")
	}
	if !s.Namespaces {
		parts = append(parts, "no namespaces and no empty root: seccomp and Landlock stand alone")
	}
	return parts
}

func stateOfConnections(s connectionStats) connectionState {
	state := connectionState{part{State: stateOK}, s.Open, s.Max}
	switch {
	case !s.FailedAt.IsZero() && time.Since(s.FailedAt) < acceptTrouble:
		state.part = part{stateDegraded, "connections could not all be accepted; the log says why"}
	case s.Full:
		state.part = part{stateDegraded, "all connections are in use; new ones wait"}
	}
	return state
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(body) // an error here is the client's
}
