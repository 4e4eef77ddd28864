package httpd_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"postern/internal/httpd"
)

const (
	own     = "http://example.com" // where httptest's requests go
	friend  = "http://localhost:3000"
	foreign = "https://evil.example"
)

// from sends a request as a browser does for a page of an origin.
func from(t *testing.T, s http.Handler, method, origin string, header ...string) *httptest.ResponseRecorder {
	t.Helper()
	request := httptest.NewRequestWithContext(t.Context(), method, own+"/graphql", http.NoBody)
	request.Header.Set("Origin", origin)
	site := "cross-site"
	if origin == own {
		site = "same-origin"
	}
	request.Header.Set("Sec-Fetch-Site", site)
	for i := 0; i+1 < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
	}
	answer := httptest.NewRecorder()
	s.ServeHTTP(answer, request)
	return answer
}

func TestOrigins(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		origins []string
		origin  string
		post    int    // the status of a POST
		allowed string // what the preflight allows
	}{
		"its own":           {nil, own, http.StatusOK, ""},
		"a foreign one":     {nil, foreign, http.StatusForbidden, ""},
		"a friend":          {[]string{friend}, friend, http.StatusOK, friend},
		"not the friend":    {[]string{friend}, foreign, http.StatusForbidden, ""},
		"the friend's port": {[]string{friend}, friend + "1", http.StatusForbidden, ""},
		"null":              {[]string{friend}, "null", http.StatusForbidden, ""},
		"anybody":           {[]string{"*"}, foreign, http.StatusOK, "*"},
	} {
		s := newSite(t, echo, func(o *httpd.Options) { o.Origins = test.origins })
		answer := from(t, s, http.MethodPost, test.origin)
		if answer.Code != test.post || answer.Header().Get("Access-Control-Allow-Origin") != test.allowed {
			t.Errorf("%s: POST = %d, allowed for %q, want %d, %q",
				name, answer.Code, answer.Header().Get("Access-Control-Allow-Origin"), test.post, test.allowed)
		}
		preflight := from(t, s, http.MethodOptions, test.origin,
			"Access-Control-Request-Method", "POST", "Access-Control-Request-Headers", "authorization,content-type")
		if got := preflight.Header().Get("Access-Control-Allow-Origin"); got != test.allowed {
			t.Errorf("%s: the preflight allows %q, want %q", name, got, test.allowed)
		}
		if test.allowed != "" && preflight.Header().Get("Access-Control-Allow-Headers") == "" {
			t.Errorf("%s: the preflight allows no headers: %v", name, preflight.Header())
		}
		if preflight.Header().Get("Access-Control-Allow-Credentials") != "" {
			t.Errorf("%s: the preflight allows cookies", name)
		}
	}
}

// TestOriginsOfWebSockets looks what is left of the Origin for whoever opens WebSockets, who lets pass but the server's own.
func TestOriginsOfWebSockets(t *testing.T) {
	t.Parallel()
	tell := func(w http.ResponseWriter, r *http.Request) { _, _ = w.Write([]byte(r.Header.Get("Origin"))) }
	s := newSite(t, tell, func(o *httpd.Options) { o.Origins = []string{friend} })
	for origin, want := range map[string]string{own: own, friend: "", foreign: foreign} {
		answer := from(t, s, http.MethodGet, origin, "Upgrade", "websocket", "Sec-WebSocket-Protocol", "graphql-transport-ws")
		if got := answer.Body.String(); got != want {
			t.Errorf("a WebSocket from %s is opened as from %q, want %q", origin, got, want)
		}
	}
}

func TestBadOrigin(t *testing.T) {
	t.Parallel()
	for _, origin := range []string{"localhost:3000", "https://a.example/path", "nonsense"} {
		if _, err := httpd.New(httpd.Options{Origins: []string{origin}}); err == nil {
			t.Errorf("New(%s) = nil, want an error", origin)
		}
	}
}
