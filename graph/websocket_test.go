package graph_test

import (
	"strings"
	"testing"

	"github.com/coder/websocket"

	"postern/internal/auth"
	"postern/internal/store/storetest"
)

// TestCloseCodes breaks the protocol in each way that it has a code for.
func TestCloseCodes(t *testing.T) {
	s := newServer(t, storetest.SQLiteURL(t))
	token := s.account(t, "ada", auth.Author)
	const (
		hello     = `{"type":"connection_init"}`
		forever   = `{"id":"1","type":"subscribe","payload":{"query":"subscription { postPublished { id } }"}}`
		loggedOut = `{"id":"1","type":"subscribe","payload":{"query":"mutation { logout { endedSessionId } }"}}`
	)
	for name, test := range map[string]struct {
		send   []string
		code   websocket.StatusCode
		reason string
	}{
		"no JSON":             {[]string{hello, "{"}, 4400, ""},
		"no object":           {[]string{hello, "[]"}, 4400, ""},
		"unknown type":        {[]string{hello, `{"type":"start"}`}, 4400, ""},
		"no id":               {[]string{hello, `{"type":"subscribe","payload":{"query":"{__typename}"}}`}, 4400, ""},
		"subscribe first":     {[]string{forever}, 4401, "Unauthorized"},
		"init twice":          {[]string{hello, hello}, 4429, "Too many initialisation requests"},
		"the same id":         {[]string{hello, forever, forever}, 4409, "Subscriber for 1 already exists"},
		"a bad token":         {[]string{`{"type":"connection_init","payload":{"Authorization":"Bearer x"}}`}, 4403, "TOKEN_INVALID"},
		"no token but a list": {[]string{`{"type":"connection_init","payload":{"Authorization":[]}}`}, 4400, ""},
		"too long":            {[]string{hello, `{"type":"ping","payload":"` + strings.Repeat("x", 1<<20) + `"}`}, 1009, ""},
		"log-out":             {[]string{`{"type":"connection_init","payload":{"authorization":"Bearer ` + token + `"}}`, loggedOut}, 4403, "SESSION_ENDED"},
	} {
		t.Run(name, func(t *testing.T) {
			conn := s.dial(t)
			for _, text := range test.send {
				if err := conn.Write(t.Context(), websocket.MessageText, []byte(text)); err != nil {
					t.Fatal(err)
				}
			}
			var heard []string
			for {
				_, text, err := conn.Read(t.Context())
				if err == nil {
					heard = append(heard, string(text))
					continue
				}
				var closed websocket.CloseError
				if code := websocket.CloseStatus(err); code != test.code {
					t.Errorf("closed by %v after %q, want %d", err, heard, test.code)
				} else if closed.Reason = err.Error(); !strings.Contains(closed.Reason, test.reason) {
					t.Errorf("closed because of %s, want %q", closed.Reason, test.reason)
				}
				break
			}
			if name == "log-out" && !strings.Contains(strings.Join(heard, ""), `"endedSessionId"`) {
				t.Errorf("heard %q before the end, want the answer", heard)
			}
		})
	}
}
