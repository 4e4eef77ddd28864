package graph_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/coder/websocket"

	"postern/internal/auth"
	"postern/internal/store/storetest"
	"postern/internal/transport"
	"postern/internal/transport/transporttest"
)

// TestCloseCodes breaks the protocol in each way that it has a code for.
func TestCloseCodes(t *testing.T) {
	s := newServer(t, storetest.SQLiteURL(t))
	token := s.account(t, "ada", auth.Author)
	const (
		hello   = `{"type":"connection_init"}`
		forever = `{"id":"1","type":"subscribe","payload":{"query":"subscription { postPublished { id } }"}}`
	)
	long := strings.Repeat("x", 129)
	for name, test := range map[string]struct {
		send   []string
		code   websocket.StatusCode
		reason string
	}{
		"no JSON":               {[]string{hello, "{"}, 4400, "JSON"},
		"no object":             {[]string{hello, "[]"}, 4400, "JSON"},
		"no JSON at first":      {[]string{"{"}, 4400, "JSON"},
		"unknown type":          {[]string{hello, `{"type":"start"}`}, 4400, "unknown type"},
		"unknown type at first": {[]string{`{"type":"start"}`}, 4400, "unknown type"},
		"a server's message":    {[]string{hello, `{"type":"connection_ack"}`}, 4400, "unknown type"},
		"no id":                 {[]string{hello, `{"type":"subscribe","payload":{"query":"{__typename}"}}`}, 4400, "id"},
		"a long id":             {[]string{hello, `{"type":"subscribe","id":"` + long + `","payload":{"query":"{__typename}"}}`}, 4400, "id"},
		"a number for an id":    {[]string{hello, `{"type":"subscribe","id":1,"payload":{"query":"{__typename}"}}`}, 4400, "JSON"},
		"subscribe first":       {[]string{forever}, 4401, "Unauthorized"},
		"init twice":            {[]string{hello, hello}, 4429, "Too many initialisation requests"},
		"the same id":           {[]string{hello, forever, forever}, 4409, "Subscriber for 1 already exists"},
		"a bad token":           {[]string{greeting("x")}, 4403, string(auth.TokenInvalid)},
		"a cut token":           {[]string{greeting(token[:len(token)-1])}, 4403, string(auth.TokenInvalid)},
		"no scheme":             {[]string{`{"type":"connection_init","payload":{"Authorization":"` + token + `"}}`}, 4403, string(auth.TokenInvalid)},
		"another scheme":        {[]string{`{"type":"connection_init","payload":{"Authorization":"Basic eA=="}}`}, 4403, string(auth.TokenInvalid)},
		"no token but a list":   {[]string{`{"type":"connection_init","payload":{"Authorization":[]}}`}, 4400, "string"},
		"two tokens":            {[]string{`{"type":"connection_init","payload":{"Authorization":"x","authorization":"y"}}`}, 4400, "string"},
		"two tokens, one empty": {[]string{`{"type":"connection_init","payload":{"Authorization":"","authorization":"y"}}`}, 4400, "string"},
		"a list of parameters":  {[]string{`{"type":"connection_init","payload":[]}`}, 4400, "object"},
		"too long":              {[]string{hello, `{"type":"ping","payload":"` + strings.Repeat("x", 1<<20) + `"}`}, 1009, ""},
	} {
		t.Run(name, func(t *testing.T) {
			conn := s.open(t, "")
			transporttest.Say(t, conn, test.send...)
			transporttest.ExpectClose(t, conn, test.code, test.reason)
		})
	}
	t.Run("no text", func(t *testing.T) {
		conn := s.open(t, "")
		if err := conn.Write(t.Context(), websocket.MessageBinary, []byte(hello)); err != nil {
			t.Fatal(err)
		}
		transporttest.ExpectClose(t, conn, 4400, "text")
	})
}

// TestLogOutOverWebSocket is answered before the session's end closes the socket.
func TestLogOutOverWebSocket(t *testing.T) {
	s := newServer(t, storetest.SQLiteURL(t))
	conn := s.dial(t, "", s.account(t, "ada", auth.Author))
	transporttest.Say(t, conn, `{"id":"1","type":"subscribe","payload":{"query":"mutation { logout { endedSessionId } }"}}`)
	if got := hear(t, conn, "next"); !strings.Contains(got, `"endedSessionId":"session_`) {
		t.Errorf("heard %s, want the answer", got)
	}
	transporttest.ExpectClose(t, conn, 4403, string(auth.SessionEnded))
}

// TestOneStream: a subscription has one field, and that for certain.
func TestOneStream(t *testing.T) {
	s := newServer(t, storetest.SQLiteURL(t))
	conn := s.dial(t, "", "")
	for _, document := range []string{
		`subscription { a: postPublished { id } b: postPublished { id } }`,
		`subscription { postPublished { id } ...A } fragment A on Subscription { b: postPublished { id } }`,
		`subscription { postPublished { id } ... { ... on Subscription { b: postPublished { id } } } }`,
		`subscription { postPublished { id } __typename }`,
		`subscription { __typename }`,
		`subscription($no: Boolean = false) { postPublished @include(if: $no) { id } }`,
		`subscription($yes: Boolean = true) { ...A @skip(if: $yes) } fragment A on Subscription { postPublished { id } }`,
		`subscription { ...A } fragment A on Subscription { ...A postPublished { id } }`,
	} {
		transporttest.Say(t, conn, `{"id":"1","type":"subscribe","payload":{"query":"`+document+`"}}`)
		if got := hear(t, conn, "error"); !strings.Contains(got, "GRAPHQL_VALIDATION_FAILED") {
			t.Errorf("%s: heard %s, want GRAPHQL_VALIDATION_FAILED", document, got)
		}
	}
}

// TestForeignOrigin opens a WebSocket from a page of another site.
func TestForeignOrigin(t *testing.T) {
	s := newServer(t, storetest.SQLiteURL(t))
	_, response, err := websocket.Dial(t.Context(), s.URL+"/graphql", &websocket.DialOptions{
		Subprotocols: []string{transport.WebSocketProtocol}, HTTPHeader: http.Header{"Origin": {"https://evil.example"}},
	})
	if err == nil || response == nil || response.StatusCode != http.StatusForbidden {
		t.Errorf("Dial = %v, %v, want it to be refused with 403", response, err)
	}
}

// TestOtherSubprotocols: the one that Apollo's old library offered, and none, are refused.
func TestOtherSubprotocols(t *testing.T) {
	s := newServer(t, storetest.SQLiteURL(t))
	for _, offered := range [][]string{nil, {"graphql-ws"}} {
		_, response, err := websocket.Dial(t.Context(), s.URL+"/graphql", &websocket.DialOptions{Subprotocols: offered})
		if err == nil || response == nil || response.StatusCode != http.StatusBadRequest {
			t.Errorf("Dial with %q = %v, %v, want it to be refused with 400", offered, response, err)
		}
	}
}

// TestVariablesOverWebSocket: what comes over a WebSocket is bounded as what comes by POST is.
func TestVariablesOverWebSocket(t *testing.T) {
	s := newServer(t, storetest.SQLiteURL(t))
	conn := s.dial(t, "", "")
	transporttest.Say(t, conn, `{"id":"1","type":"subscribe","payload":{"query":"{ __typename }","variables":{"a":`+
		strings.Repeat("[", 20)+strings.Repeat("]", 20)+`}}}`)
	if refused := hear(t, conn, "error"); !strings.Contains(refused, "VARIABLE_LIMIT") {
		t.Errorf("deep variables = %s, want VARIABLE_LIMIT", refused)
	}
}

// open opens a WebSocket with a token in its Authorization header, unless that is "".
func (s *server) open(t *testing.T, token string) *websocket.Conn {
	t.Helper()
	header := http.Header{}
	if token != "" {
		header.Set("Authorization", "Bearer "+token)
	}
	return transporttest.Dial(t, s.URL+"/graphql", websocket.DialOptions{HTTPHeader: header})
}

// dial opens a WebSocket, and says who it is by a header, by parameters, or not at all.
func (s *server) dial(t *testing.T, byHeader, byParameters string) *websocket.Conn {
	t.Helper()
	conn := s.open(t, byHeader)
	transporttest.Say(t, conn, greeting(byParameters))
	hear(t, conn, "connection_ack")
	return conn
}

// greeting is a connection_init with a token, unless that is "".
func greeting(token string) string {
	if token == "" {
		return `{"type":"connection_init","payload":null}`
	}
	return `{"type":"connection_init","payload":{"authorization":"Bearer ` + token + `"}}`
}

// hear is the payload of the next message, which must be of the type.
func hear(t *testing.T, conn *websocket.Conn, kind string) (payload string) {
	t.Helper()
	text := transporttest.Hear(t, conn)
	var m struct {
		Type    string
		Payload json.RawMessage
	}
	if err := json.Unmarshal([]byte(text), &m); err != nil || m.Type != kind {
		t.Fatalf("heard %s, want %s", text, kind)
	}
	return string(m.Payload)
}
