package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"postern/internal/auth"
	"postern/internal/cli"
	"postern/internal/config"
	"postern/internal/httpd"
	"postern/internal/transport"
)

// settings are those that a server in this environment has.
func settings(t *testing.T, env environment) config.Config {
	t.Helper()
	var found config.Config
	if err := cli.Run(t.Context(), cli.Env{
		Getenv: env.getenv, Stdout: io.Discard, Stderr: io.Discard,
		Serve: func(_ context.Context, c config.Config) error {
			found = c
			return nil
		},
	}); err != nil {
		t.Fatal(err)
	}
	return found
}

// oneConn is a listener for one connection.
type oneConn chan net.Conn

func (l oneConn) Accept() (net.Conn, error) {
	conn, open := <-l
	if !open {
		return nil, net.ErrClosed
	}
	return conn, nil
}

func (l oneConn) Close() error {
	close(l)
	return nil
}

func (oneConn) Addr() net.Addr { return &net.TCPAddr{} }

// TestSlowClients lets clients take their time in a bubble of testing/synctest, where time passes when nothing happens: each is
// dropped when its time is up. Connections are pipes, which hold nothing.
func TestSlowClients(t *testing.T) {
	const (
		headers = "POST /graphql HTTP/1.1\r\nHost: postern\r\nContent-Type: application/json\r\n"
		body    = `{"query":"{ __typename }"}`
	)
	asks := headers + fmt.Sprintf("Content-Length: %d\r\n\r\n", len(body)) + body
	says := func(text string) func(io.Writer) {
		return func(conn io.Writer) { _, _ = io.WriteString(conn, text) }
	}
	trickles := func(at, text string) func(io.Writer) {
		return func(conn io.Writer) {
			_, err := io.WriteString(conn, at)
			for i := 0; i < len(text) && err == nil; i++ {
				_, err = io.WriteString(conn, text[i:i+1])
				<-time.After(2 * time.Second)
			}
		}
	}
	reads := func(conn io.Reader) string {
		heard, _ := io.ReadAll(conn)
		return string(heard)
	}
	for name, test := range map[string]struct {
		say   func(io.Writer)
		hear  func(io.Reader) string
		after time.Duration
		want  string // what it hears
	}{
		"says nothing":                {says(""), reads, 5 * time.Second, ""},
		"sends headers byte by byte":  {trickles("", asks), reads, 5 * time.Second, "400 Bad Request"},
		"stalls in the headers":       {says(headers), reads, 5 * time.Second, ""},
		"sends its body byte by byte": {trickles(asks[:len(asks)-len(body)], body), reads, 30 * time.Second, "body could not be read"},
		"stalls in its body":          {says(asks[:len(asks)-1]), reads, 30 * time.Second, "body could not be read"},
		"reads nothing":               {says(asks), func(io.Reader) string { return "" }, time.Minute, ""},
		"reads byte by byte": {says(asks), func(conn io.Reader) string {
			for one := make([]byte, 1); ; <-time.After(2 * time.Second) {
				if _, err := conn.Read(one); err != nil {
					return ""
				}
			}
		}, time.Minute, ""},
		"has nothing more to ask": {says(asks), reads, 2 * time.Minute, `{"data":{"__typename":"Query"}}`},
	} {
		t.Run(name, func(t *testing.T) {
			c := settings(t, environment{"DATA_DIR": t.TempDir()})
			synctest.Test(t, func(t *testing.T) {
				log := slog.New(slog.DiscardHandler)
				documents, err := knownDocuments(c)
				if err != nil {
					t.Fatal(err)
				}
				site, err := newSite(c, parts{ // what is asked needs no more of them
					authenticator: auth.NewAuthenticator(nil, nil), connections: transport.NewConnections(nil), documents: documents,
					health: httpd.NewHealth(log), log: log,
				})
				if err != nil {
					t.Fatal(err)
				}
				server, listener := httpd.NewServer(t.Context(), site, log), make(oneConn)
				dropped := make(chan time.Time, 1)
				server.ConnState = func(_ net.Conn, state http.ConnState) {
					if state == http.StateClosed {
						dropped <- time.Now()
					}
				}
				served := make(chan error)
				go func() { served <- server.Serve(httpd.NewListener(listener)) }()
				client, conn := net.Pipe()
				start := time.Now()
				listener <- conn
				hears := make(chan string)
				go func() { hears <- test.hear(client) }()
				test.say(client)
				heard, took := <-hears, (<-dropped).Sub(start)
				_, _ = client.Close(), server.Close()
				if err := <-served; !errors.Is(err, http.ErrServerClosed) {
					t.Errorf("it served until %v", err)
				}
				if took < test.after || took > test.after+time.Second { // net/http waits half a second for who has not said all
					t.Errorf("it was dropped after %s, want %s", took, test.after)
				}
				if !strings.Contains(heard, test.want) || (heard == "") != (test.want == "") {
					t.Errorf("it heard %q, want %q", heard, test.want)
				}
			})
		})
	}
}

// TestWire sends requests as nobody's library does: no answer echoes one, says what answers, or lets a foreign page read it.
func TestWire(t *testing.T) {
	p := start(t, environment{"DATA_DIR": t.TempDir()})
	const rest = " HTTP/1.1\r\nHost: postern\r\nX-Echo: hunter2\r\nConnection: close\r\n"
	for request, want := range map[string]int{
		"TRACE /graphql" + rest + "\r\n":                                            http.StatusMethodNotAllowed,
		"TRACE /" + rest + "\r\n":                                                   http.StatusMethodNotAllowed,
		"TRACE /livez" + rest + "\r\n":                                              http.StatusMethodNotAllowed,
		"TRACE /nowhere" + rest + "\r\n":                                            http.StatusMethodNotAllowed,
		"TRACK /graphql" + rest + "\r\n":                                            http.StatusMethodNotAllowed,
		"CONNECT postern:443" + rest + "\r\n":                                       http.StatusMethodNotAllowed,
		"DEBUG /graphql" + rest + "\r\n":                                            http.StatusMethodNotAllowed,
		"GET /graphql?query={__typename}" + rest + "\r\n":                           http.StatusOK,
		"GET /livez" + rest + "\r\n":                                                http.StatusOK,
		"OPTIONS /graphql" + rest + foreign + preflight + "\r\n":                    http.StatusMethodNotAllowed,
		"POST /graphql" + rest + foreign + "Sec-Fetch-Site: cross-site\r\n\r\n":     http.StatusForbidden,
		"GET /graphql?query={__typename}" + rest + foreign + "\r\n":                 http.StatusOK,
		"GET / HTTP/1.1\r\n\r\n":                                                    http.StatusBadRequest,
		"GET / HTTP/9.9\r\nHost: postern\r\n\r\n":                                   http.StatusHTTPVersionNotSupported,
		"hunter2\r\n\r\n":                                                           http.StatusBadRequest,
		"POST /graphql" + rest + "Transfer-Encoding: hunter2\r\n\r\n":               http.StatusNotImplemented,
		"GET /" + rest + "X-Long: " + strings.Repeat("hunter2", 9<<10) + "\r\n\r\n": http.StatusRequestHeaderFieldsTooLarge,
	} {
		conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", strings.TrimPrefix(p.url, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		go func() { _, _ = io.WriteString(conn, request) }() // it may not all be read
		response, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatalf("%.60q: %v", request, err)
		}
		body, err := io.ReadAll(response.Body)
		_, _ = response.Body.Close(), conn.Close()
		if err != nil || response.StatusCode != want {
			t.Errorf("%.60q = %d %.80q, %v, want %d", request, response.StatusCode, body, err, want)
		}
		if said := fmt.Sprint(response.Header, string(body)); strings.Contains(said, "hunter2") {
			t.Errorf("%.60q is echoed: %s", request, said)
		}
		for name := range response.Header {
			if name == "Server" || name == "Via" || strings.HasPrefix(name, "X-Powered") || strings.HasPrefix(name, "Access-Control") {
				t.Errorf("%.60q has %s: %s", request, name, response.Header.Get(name))
			}
		}
		ours := response.Header.Get("X-Request-Id") != "" // net/http answers for itself what never gets to us
		if ours && response.Header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%.60q has no nosniff: %v", request, response.Header)
		}
	}
}

// What a browser adds for a page of another origin.
const (
	foreign   = "Origin: https://evil.example\r\n"
	preflight = "Access-Control-Request-Method: POST\r\nAccess-Control-Request-Headers: authorization\r\n"
)

// TestNobodyKeepsTokens looks at each answer that has tokens, in each media type.
func TestNobodyKeepsTokens(t *testing.T) {
	p := start(t, environment{"DATA_DIR": t.TempDir()})
	const tokens = ` { tokens { accessToken refreshToken } } }`
	last := p.post(t, "", `mutation { signup(input: {email: "ada@example.org", password: "`+password+`", name: "Ada"})`+tokens)
	for i, media := range []string{"application/json", "application/graphql-response+json", "text/event-stream"} {
		for _, query := range []string{
			fmt.Sprintf(`mutation { signup(input: {email: "ada-%d@example.org", password: %q, name: "Ada"})`, i, password),
			`mutation { login(input: {email: "ada@example.org", password: "` + password + `"})`,
			`mutation { refreshToken(input: {refreshToken: "` + refreshToken(t, last) + `"})`,
		} {
			got := p.send(t, http.MethodPost, "/graphql", `{"query":`+quoted(query+tokens)+`}`,
				"Content-Type: application/json", "Accept: "+media)
			accessToken(t, got.body)
			if keep := got.header.Get("Cache-Control"); keep != "no-store" || !strings.HasPrefix(got.header.Get("Content-Type"), media) {
				t.Errorf("%s is answered with Cache-Control %q as %s", query, keep, got.header.Get("Content-Type"))
			}
			last = got.body
		}
	}
}
