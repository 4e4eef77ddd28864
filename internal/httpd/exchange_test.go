package httpd_test

import (
	"net/http"
	"testing"

	"github.com/go-chi/chi/v5"
)

// TestAnswersAreRecorded: the log has the status that was answered first, whatever came before the answer and whoever comes too late.
func TestAnswersAreRecorded(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		answer func(w http.ResponseWriter)
		status float64
		bytes  float64
	}{
		{"nothing", func(http.ResponseWriter) {}, 200, 0},
		{"a body", func(w http.ResponseWriter) { _, _ = w.Write([]byte("body")); _, _ = w.Write([]byte("!")) }, 200, 5},
		{"hints first", func(w http.ResponseWriter) { w.WriteHeader(http.StatusEarlyHints); w.WriteHeader(http.StatusNotFound) }, 404, 0},
		{"twice", func(w http.ResponseWriter) { w.WriteHeader(http.StatusTeapot); w.WriteHeader(http.StatusOK) }, 418, 0},
		{"too late", func(w http.ResponseWriter) { _, _ = w.Write([]byte("body")); w.WriteHeader(http.StatusTeapot) }, 200, 4},
		{"a panic too late", func(w http.ResponseWriter) { _, _ = w.Write([]byte("body")); panic("late") }, 200, 4 + float64(len("Internal Server Error\n"))},
		{"a panic", func(http.ResponseWriter) { panic("early") }, 500, float64(len("Internal Server Error\n"))},
	} {
		s := newSite(t, func(w http.ResponseWriter, _ *http.Request) { test.answer(w) })
		answer := s.ask(t, http.MethodPost, "/graphql", "{}")
		entry := s.log.next(t)
		for entry["msg"] == "panic" {
			entry = s.log.next(t)
		}
		told := answer.Code == int(test.status) || test.name == "hints first" // which httptest takes for the answer
		if entry["status"] != test.status || entry["bytes"] != test.bytes || !told {
			t.Errorf("%s: the answer is %d, and the log has %v, want %v and %v bytes", test.name, answer.Code, entry, test.status, test.bytes)
		}
	}
}

// TestRoutesAreOfOneRequest: what the router keeps of one request is none of the next.
func TestRoutesAreOfOneRequest(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write([]byte(chi.RouteContext(r.Context()).RoutePattern()))
	})
	for _, test := range []struct {
		method, path string
		status       int
		routed       string // by what pattern, where the handler is the test's
	}{
		{http.MethodPost, "/graphql", http.StatusOK, "/graphql"},
		{http.MethodPut, "/livez", http.StatusMethodNotAllowed, ""},
		{http.MethodPost, "/graphql/", http.StatusOK, "/graphql"},
		{http.MethodHead, "/livez", http.StatusOK, ""},
		{http.MethodPost, "/graphql", http.StatusOK, "/graphql"},
		{http.MethodDelete, "/livez", http.StatusMethodNotAllowed, ""},
	} {
		answer := s.ask(t, test.method, test.path, "")
		if answer.Code != test.status || test.routed != "" && answer.Body.String() != test.routed {
			t.Errorf("%s %s is answered by %d %q, want %d %q", test.method, test.path, answer.Code, answer.Body, test.status, test.routed)
		}
	}
}
