package httpd_test

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"postern/internal/auth"
	"postern/internal/httpd"
)

func TestRequestIDIsKeptIfPlain(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(w http.ResponseWriter, r *http.Request) { _, _ = fmt.Fprint(w, httpd.RequestID(r.Context())) })
	for _, test := range []struct {
		sent string
		kept bool
	}{
		{"abc", true},
		{"0af7651916cd43dd8448eb211c80319c", true},
		{"A-b_c.9", true},
		{strings.Repeat("a", 64), true},
		{"", false},
		{strings.Repeat("a", 65), false},
		{"a b", false},
		{"a\nb", false},
		{"a\x00b", false},
		{"a\x1b[31mb", false},
		{"<script>", false},
		{`a"b`, false},
		{"a=b", false},
		{"a,b", false},
		{"a%0ab", false},
		{"../../etc/passwd", false},
		{"é", false},
	} {
		answer := s.ask(t, http.MethodGet, "/graphql", "", "X-Request-Id: "+test.sent)
		got := answer.Body.String()
		if (got == test.sent) != test.kept || got == "" || answer.Header().Get("X-Request-Id") != got {
			t.Errorf("X-Request-Id %q became %q, and %q in the answer, want it kept: %v", test.sent, got, answer.Header().Get("X-Request-Id"), test.kept)
		}
		if entry := s.log.next(t); entry["request"] != got {
			t.Errorf("the log calls the request %v, want %q", entry["request"], got)
		}
	}
	first, second := s.ask(t, http.MethodGet, "/graphql", ""), s.ask(t, http.MethodGet, "/graphql", "")
	if first.Body.String() == second.Body.String() || !regexp.MustCompile(`^[A-Z2-7]{16,}$`).MatchString(first.Body.String()) {
		t.Errorf("requests are called %q and %q, want random names", first.Body, second.Body)
	}
	if name := first.Body.String(); name[:8] == name[8:] || strings.Count(name, name[:1]) == len(name)/2 {
		t.Errorf("a request is called %q, want more chance in it", name)
	}
	if got := httpd.RequestID(t.Context()); got != "" {
		t.Errorf("RequestID(outside of requests) = %q, want none", got)
	}
}

func TestEachRequestIsOneLineInTheLog(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusTeapot)
		_, _ = w.Write([]byte("hello"))
	})
	token, user := s.token(t)
	s.ask(t, http.MethodGet, "/graphql?query=secret", "", "Authorization: Bearer "+token, "X-Request-Id: one")
	entry := s.log.next(t)
	for name, want := range map[string]any{
		"level": "INFO", "msg": "request", "method": "GET", "path": "/graphql", "status": 418.0, "bytes": 5.0,
		"client": "192.0.2.1", "request": "one", "viewer": user.String(),
	} {
		if entry[name] != want {
			t.Errorf("the log has %s %v, want %v: %v", name, entry[name], want, entry)
		}
	}
	if duration, ok := entry["duration_us"].(float64); !ok || duration < 0 || duration > 60_000_000 {
		t.Errorf("the log has duration_us %v, want some microseconds", entry["duration_us"])
	}
	for _, test := range []struct {
		method, target, level, path string
		status                      float64
	}{
		{"GET", "/livez", "DEBUG", "/livez", 200},
		{"GET", "/readyz", "DEBUG", "/readyz", 200},
		{"GET", "/quiz", "INFO", "/quiz", 404},
		{"GET", "/graphql/livez", "INFO", "/graphql/livez", 404},
		{"POST", "/graphql", "INFO", "/graphql", 418},
		{"GET", "/%0a%1b%5b31m", "INFO", "/\n\x1b[31m", 404},
	} {
		s.ask(t, test.method, test.target, "")
		entry := s.log.next(t)
		if entry["level"] != test.level || entry["path"] != test.path || entry["status"] != test.status || entry["viewer"] != nil {
			t.Errorf("%s %s is logged as %v, want %s, %q, %v, and no viewer", test.method, test.target, entry, test.level, test.path, test.status)
		}
	}
	if len(s.log.lines) != 0 {
		t.Errorf("there is more in the log: %s", <-s.log.lines)
	}
}

func TestPanicIsAnsweredAndLogged(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(http.ResponseWriter, *http.Request) { panic("hunter2 broke the plumbing") })
	answer := s.ask(t, http.MethodGet, "/graphql", "", "X-Request-Id: one")
	if answer.Code != http.StatusInternalServerError || strings.Contains(answer.Body.String(), "hunter2") {
		t.Errorf("a panic is answered by %d %q, want 500 and nothing told", answer.Code, answer.Body)
	}
	entry := s.log.next(t)
	stack, _ := entry["stack"].(string)
	if entry["level"] != "ERROR" || entry["panic"] != "hunter2 broke the plumbing" || !strings.Contains(stack, "middleware_test.go") || entry["request"] != "one" {
		t.Errorf("a panic is logged as %v, want an error with its stack", entry)
	}
	if entry := s.log.next(t); entry["msg"] != "request" || entry["status"] != 500.0 {
		t.Errorf("the request is logged as %v, want 500", entry)
	}
}

func TestAbortIsNotAPanic(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	defer func() {
		if got := recover(); got != http.ErrAbortHandler { //nolint:errorlint // the very value
			t.Errorf("the handler panicked with %v, want ErrAbortHandler to be net/http's", got)
		}
		if entry := s.log.next(t); entry["msg"] != "request" {
			t.Errorf("the log has %v, want the request alone", entry)
		}
	}()
	s.ask(t, http.MethodGet, "/graphql", "")
}

// TestWebSocketPassesThrough takes the connection over inside, as a WebSocket does, and talks over it.
func TestWebSocketPassesThrough(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(w http.ResponseWriter, _ *http.Request) {
		connection, buffered, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Errorf("Hijack() = %v", err)
			return
		}
		defer func() { _ = connection.Close() }()
		_, _ = buffered.WriteString("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n")
		line, _ := buffered.ReadString('\n')
		_, _ = buffered.WriteString("you said " + line)
		_ = buffered.Flush()
	})
	server := httptest.NewServer(s)
	defer server.Close()
	connection, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = connection.Close() }()
	_, _ = fmt.Fprintf(connection, "GET /graphql HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
		"Sec-WebSocket-Protocol: graphql-ws, graphql-transport-ws\r\n\r\nhello\n")
	reader := bufio.NewReader(connection)
	response, err := http.ReadResponse(reader, nil)
	if err != nil || response.StatusCode != http.StatusSwitchingProtocols {
		t.Fatalf("the upgrade is answered by %+v, %v, want 101", response, err)
	}
	defer func() { _ = response.Body.Close() }()
	if line, err := reader.ReadString('\n'); line != "you said hello\n" || err != nil {
		t.Errorf("the other side says %q, %v, want an echo", line, err)
	}
	if entry := s.log.next(t); entry["status"] != 101.0 {
		t.Errorf("the upgrade is logged as %v, want 101", entry)
	}
}

// TestStreamPassesThrough writes a part, and goes on when the client has it, as server-sent events do.
func TestStreamPassesThrough(t *testing.T) {
	t.Parallel()
	heard := make(chan struct{})
	s := newSite(t, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte("one\n"))
		if err := http.NewResponseController(w).Flush(); err != nil {
			t.Errorf("Flush() = %v", err)
		}
		<-heard
		_, _ = w.Write([]byte("two\n"))
	})
	server := httptest.NewServer(s)
	defer server.Close()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+"/graphql", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	response, err := server.Client().Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	reader := bufio.NewReader(response.Body)
	one, _ := reader.ReadString('\n')
	close(heard)
	if two, _ := reader.ReadString('\n'); one != "one\n" || two != "two\n" {
		t.Errorf("the stream has %q and %q, want one, and then two", one, two)
	}
}

func TestBadTokenIsAnAnonymousRequest(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = fmt.Fprint(w, auth.FromContext(r.Context()).Refusal)
	})
	answer := s.ask(t, http.MethodGet, "/graphql", "", "Authorization: Bearer nonsense")
	if answer.Code != 200 || answer.Body.String() != "TOKEN_INVALID" || !strings.Contains(answer.Header().Get("WWW-Authenticate"), `error="invalid_token"`) {
		t.Errorf("a bad token is answered by %d %q %v, want an anonymous request", answer.Code, answer.Body, answer.Header())
	}
	if entry := s.log.next(t); entry["viewer"] != nil {
		t.Errorf("a bad token is logged as %v, want no viewer", entry)
	}
}

func TestSessionThatCannotBeLookedUp(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(http.ResponseWriter, *http.Request) { t.Error("GraphQL was asked, want it not to be") })
	s.sessions = func() (auth.Role, error) { return 0, errors.New("disk hunter2 is gone") }
	token, _ := s.token(t)
	answer := s.post(t, `{"query":"{a}"}`, "Authorization: Bearer "+token, "X-Request-Id: one")
	want := `{"errors":[{"message":"internal error","extensions":{"code":"INTERNAL_SERVER_ERROR","requestId":"one"}}]}`
	if answer.Code != 500 || strings.TrimSpace(answer.Body.String()) != want {
		t.Errorf("a store that fails is answered by %d %s, want 500 %s", answer.Code, answer.Body, want)
	}
	if entry := s.log.next(t); entry["level"] != "ERROR" || entry["error"] != "disk hunter2 is gone" || entry["request"] != "one" {
		t.Errorf("a store that fails is logged as %v, want the error", entry)
	}
}

func TestEveryAnswerIsSecure(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(_ http.ResponseWriter, r *http.Request) {
		if r.URL.RawQuery != "" {
			panic("broken")
		}
	})
	for _, test := range []struct {
		method, target string
		status         int
	}{
		{"GET", "/", 200},
		{"GET", "/nowhere", 404},
		{"POST", "/", 405},
		{"GET", "/livez", 200},
		{"GET", "/readyz", 200},
		{"GET", "/schema.graphqls", 200},
		{"GET", "/graphql", 200},
		{"POST", "/graphql", 200},
		{"GET", "/graphql?x", 500},
	} {
		answer := s.ask(t, test.method, test.target, "")
		if answer.Code != test.status {
			t.Errorf("%s %s = %d, want %d", test.method, test.target, answer.Code, test.status)
		}
		for name, want := range map[string]string{
			"X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Referrer-Policy": "no-referrer", "Server": "", "X-Powered-By": "",
			"Access-Control-Allow-Origin": "",
		} {
			if got := answer.Header().Get(name); got != want {
				t.Errorf("%s %s has %s %q, want %q", test.method, test.target, name, got, want)
			}
		}
	}
}

// TestUpgrade offers other protocols than the one that is spoken.
func TestUpgrade(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = fmt.Fprintf(w, "%q %q", r.Header.Values("Upgrade"), r.Header.Values("Sec-WebSocket-Protocol"))
	})
	for name, test := range map[string]struct {
		upgrade, protocols string
		status             int
		body               string
	}{
		"HTTP/2 is ignored":         {"h2c", "", http.StatusOK, "[] []"},
		"the protocol":              {"websocket", "graphql-transport-ws", http.StatusOK, `["websocket"] ["graphql-transport-ws"]`},
		"the protocol among others": {"WebSocket", "graphql-ws,graphql-transport-ws", http.StatusOK, `["WebSocket"] ["graphql-transport-ws"]`},
		"the old protocol":          {"websocket", "graphql-ws", http.StatusBadRequest, ""},
		"no protocol":               {"websocket", "", http.StatusBadRequest, ""},
	} {
		request := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/graphql", http.NoBody)
		request.Header.Set("Upgrade", test.upgrade)
		if test.protocols != "" {
			request.Header.Set("Sec-WebSocket-Protocol", test.protocols)
		}
		answer := httptest.NewRecorder()
		s.ServeHTTP(answer, request)
		if answer.Code != test.status || test.body != "" && answer.Body.String() != test.body {
			t.Errorf("%s: answered %d %s, want %d %s", name, answer.Code, answer.Body, test.status, test.body)
		}
	}
}

// TestPublicKeys asks for the keys that others verify tokens with: here there is a secret alone, which nobody is told.
func TestPublicKeys(t *testing.T) {
	t.Parallel()
	s := newSite(t, echo)
	const path = "/.well-known/jwks.json"
	for _, method := range []string{http.MethodGet, http.MethodHead} {
		answer := s.ask(t, method, path, "")
		body := strings.Join(strings.Fields(answer.Body.String()), "")
		if answer.Code != http.StatusOK || method == http.MethodGet && body != `{"keys":[]}` || method == http.MethodHead && body != "" {
			t.Errorf("%s %s = %d %s, want an empty set", method, path, answer.Code, body)
		}
		for name, want := range map[string]string{
			"Content-Type": "application/jwk-set+json", "Cache-Control": "public, max-age=60", "X-Content-Type-Options": "nosniff",
		} {
			if got := answer.Header().Get(name); got != want {
				t.Errorf("%s %s: %s is %q, want %q", method, path, name, got, want)
			}
		}
	}
	if got := s.ask(t, http.MethodPost, path, "").Code; got != http.StatusMethodNotAllowed {
		t.Errorf("POST %s = %d, want %d", path, got, http.StatusMethodNotAllowed)
	}
}
