package httpd

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"
)

// Check is one thing that must be well for the server to be ready.
type Check struct {
	Name string
	Run  func(context.Context) error
}

// Health tells whether the process lives, and whether it is ready to be asked.
type Health struct {
	checks   []Check
	log      *slog.Logger
	draining atomic.Bool
}

// Where health is asked for.
const (
	livePath  = "/livez"
	readyPath = "/readyz"
)

// checkTimeout is how long a check may take.
const checkTimeout = 2 * time.Second

// NewHealth returns a Health.
func NewHealth(log *slog.Logger, checks ...Check) *Health {
	return &Health{checks: checks, log: log}
}

// Drain makes the server not ready: it is about to stop.
func (h *Health) Drain() { h.draining.Store(true) }

func (*Health) live(w http.ResponseWriter, _ *http.Request) {
	writeHealth(w, true, map[string]string{})
}

func (h *Health) ready(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), checkTimeout)
	defer cancel()
	ok := true
	checks := make(map[string]string, len(h.checks)+1)
	for _, check := range h.checks {
		checks[check.Name] = "ok"
		if err := check.Run(ctx); err != nil {
			ok = false
			checks[check.Name] = "failing"
			h.log.WarnContext(ctx, "not ready", "check", check.Name, "error", err)
		}
	}
	checks["draining"] = "no"
	if h.draining.Load() {
		ok = false
		checks["draining"] = "yes"
	}
	writeHealth(w, ok, checks)
}

func writeHealth(w http.ResponseWriter, ok bool, checks map[string]string) {
	status, word := http.StatusOK, "ok"
	if !ok {
		status, word = http.StatusServiceUnavailable, "unavailable"
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{"status": word, "checks": checks})
}
