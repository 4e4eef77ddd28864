package httpd_test

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"postern/internal/httpd"
)

// state is what /livez and /readyz answer.
type state struct {
	Status string
	Checks map[string]string
}

func (s *site) state(t *testing.T, path string) (int, state) {
	t.Helper()
	answer := s.ask(t, http.MethodGet, path, "")
	var got state
	if err := json.Unmarshal(answer.Body.Bytes(), &got); err != nil {
		t.Errorf("GET %s = %q, want JSON: %v", path, answer.Body, err)
	}
	if answer.Header().Get("Cache-Control") != "no-store" || answer.Header().Get("Content-Type") != "application/json; charset=utf-8" {
		t.Errorf("GET %s has %v, want JSON that nobody keeps", path, answer.Header())
	}
	if strings.Contains(answer.Body.String(), "hunter2") {
		t.Errorf("GET %s = %q, which tells why", path, answer.Body)
	}
	return answer.Code, got
}

func TestHealth(t *testing.T) {
	t.Parallel()
	var broken error
	var health *httpd.Health
	s := newSite(t, echo, func(o *httpd.Options) {
		health = httpd.NewHealth(o.Log,
			httpd.Check{Name: "database", Run: func(context.Context) error { return broken }},
			httpd.Check{Name: "migrations", Run: func(context.Context) error { return nil }},
		)
		o.Health = health
	})
	check := func(when string, status int, want state) {
		t.Helper()
		if code, got := s.state(t, "/readyz"); code != status || !reflect.DeepEqual(got, want) {
			t.Errorf("GET /readyz %s = %d %v, want %d %v", when, code, got, status, want)
		}
		if code, got := s.state(t, "/livez"); code != 200 || got.Status != "ok" {
			t.Errorf("GET /livez %s = %d %v, want 200 ok", when, code, got)
		}
	}
	check("when all is well", 200, state{"ok", map[string]string{"database": "ok", "migrations": "ok", "draining": "no"}})
	broken = errors.New("postgres://jane:hunter2@db is gone")
	check("when a check fails", 503, state{"unavailable", map[string]string{"database": "failing", "migrations": "ok", "draining": "no"}})
	broken = nil
	check("when it is well again", 200, state{"ok", map[string]string{"database": "ok", "migrations": "ok", "draining": "no"}})
	health.Drain()
	check("when it drains", 503, state{"unavailable", map[string]string{"database": "ok", "migrations": "ok", "draining": "yes"}})
}

// TestHeadAnswersAsGetDoes asks as monitors do that want no body, with the page and without.
func TestHeadAnswersAsGetDoes(t *testing.T) {
	t.Parallel()
	for _, page := range []bool{true, false} {
		s := newSite(t, echo, func(o *httpd.Options) { o.Page = page })
		server := httptest.NewServer(s)
		defer server.Close()
		for _, path := range []string{"/livez", "/readyz", "/schema.graphqls"} {
			request, err := http.NewRequestWithContext(t.Context(), http.MethodHead, server.URL+path, http.NoBody)
			if err != nil {
				t.Fatal(err)
			}
			response, err := server.Client().Do(request)
			if err != nil {
				t.Fatal(err)
			}
			_ = response.Body.Close()
			if want := s.ask(t, http.MethodGet, path, "").Header().Get("Content-Type"); response.StatusCode != http.StatusOK || response.Header.Get("Content-Type") != want {
				t.Errorf("HEAD %s, with the page: %v = %d %v, want what GET answers", path, page, response.StatusCode, response.Header)
			}
		}
	}
}

// TestHealthDoesNotWaitForEver has a check that would never end.
func TestHealthDoesNotWaitForEver(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t, echo, func(o *httpd.Options) {
			o.Health = httpd.NewHealth(slog.New(slog.DiscardHandler), httpd.Check{Name: "database", Run: func(ctx context.Context) error {
				<-ctx.Done()
				return ctx.Err()
			}})
		})
		start := time.Now()
		if code, got := s.state(t, "/readyz"); code != 503 || got.Checks["database"] != "failing" || time.Since(start) != 2*time.Second {
			t.Errorf("GET /readyz = %d %v after %v, want 503 after 2s", code, got, time.Since(start))
		}
	})
}
