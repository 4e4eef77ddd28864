package httpd_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"postern/graph"
	"postern/internal/httpd"
	"postern/internal/transport"
)

// TestEventStreamPassesThrough follows posts of a service that is not there, on a connection that is taken over inside: the head
// has all that was set on the way there, and what panics is told, and logged, as the request's.
func TestEventStreamPassesThrough(t *testing.T) {
	t.Parallel()
	const friend = "https://blog.example.org"
	connections := transport.NewConnections(httpd.Guests{OfAddress: 1})
	s := newSite(t, nil, func(o *httpd.Options) {
		o.Origins = []string{friend}
		o.GraphQL = transport.Handler{
			Executor: graph.NewExecutor(graph.Options{
				Resolver: &graph.Resolver{}, RequestID: httpd.RequestID, Log: o.Log,
				Documents: transport.NewDocumentCache(transport.Bounds{Entries: 10, Bytes: 1 << 20}),
			}),
			Transports: []transport.Transport{transport.HTTP{Streams: transport.NewEventStreams(connections)}},
		}
	})
	server := httptest.NewServer(s)
	defer server.Close()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet,
		server.URL+"/graphql?query="+url.QueryEscape("subscription { postPublished { id } }"), http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]string{"Accept": "text/event-stream", "Origin": friend, "X-Request-Id": "one"} {
		request.Header.Set(name, value)
	}
	response, err := server.Client().Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil || !strings.Contains(string(text), `"code":"INTERNAL_SERVER_ERROR","requestId":"one"`) {
		t.Errorf("the stream had %q, %v, want an error", text, err)
	}
	for name, want := range map[string]string{
		"X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Referrer-Policy": "no-referrer", "X-Request-Id": "one",
		"Access-Control-Allow-Origin": friend, "Cache-Control": "no-store", "Content-Type": "text/event-stream; charset=utf-8",
	} {
		if got := response.Header.Get(name); got != want {
			t.Errorf("the stream has %s %q, want %q", name, got, want)
		}
	}
	if vary := strings.Join(response.Header.Values("Vary"), ", "); !strings.Contains(vary, "Origin") || !strings.Contains(vary, "Authorization") {
		t.Errorf("the stream varies by %q, want Origin and Authorization among them", vary)
	}
	if err := connections.Shutdown(context.Background()); err != nil {
		t.Error(err)
	}
	logged := make(map[any]map[string]any) // by their messages, for any may be first
	for range 2 {
		entry := s.log.next(t)
		logged[entry["msg"]] = entry
	}
	if entry := logged["request"]; entry["status"] != 200.0 || entry["request"] != "one" {
		t.Errorf("the stream is logged as %v, want 200", entry)
	}
	if entry := logged["panic in a resolver"]; entry["level"] != "ERROR" || entry["request"] != "one" {
		t.Errorf("the panic is logged as %v, want an error of the request", entry)
	}
}
