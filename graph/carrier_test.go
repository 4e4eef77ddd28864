package graph_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/coder/websocket"
	"github.com/coder/websocket/wsjson"

	"postern/internal/transport/transporttest"
)

// reply is what was answered.
type reply struct {
	status int
	header http.Header
	text   string
}

// carrier brings a request to the server, and the first answer back.
type carrier func(t *testing.T, s *server, token string, request map[string]any) reply

// post is a carrier: HTTP with JSON.
func post(t *testing.T, s *server, token string, request map[string]any) reply {
	t.Helper()
	response := s.request(t, token, "application/json", request)
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return reply{response.StatusCode, response.Header, string(text)}
}

// events is a carrier: server-sent events.
func events(t *testing.T, s *server, token string, request map[string]any) reply {
	t.Helper()
	response := s.request(t, token, "text/event-stream", request)
	defer func() { _ = response.Body.Close() }()
	for lines := bufio.NewReader(response.Body); ; {
		line, err := lines.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		if text, found := strings.CutPrefix(line, "data: "); found {
			return reply{response.StatusCode, response.Header, text}
		}
	}
}

// socket is a carrier: a WebSocket, whose token is a parameter. One that is closed answers by its reason.
func socket(t *testing.T, s *server, token string, request map[string]any) reply {
	t.Helper()
	conn := s.open(t, "")
	defer func() { _ = conn.CloseNow() }()
	payload, err := json.Marshal(request)
	if err != nil {
		t.Fatal(err)
	}
	transporttest.Say(t, conn, greeting(token))
	for {
		var heard struct {
			Type    string
			Payload json.RawMessage
		}
		err := wsjson.Read(t.Context(), conn, &heard)
		if closed, ok := errors.AsType[websocket.CloseError](err); ok {
			return reply{text: `{"errors":[{"extensions":{"code":"UNAUTHENTICATED","reason":"` + closed.Reason + `"}}]}`}
		}
		switch {
		case err != nil:
			t.Fatal(err)
		case heard.Type == "connection_ack":
			transporttest.Say(t, conn, `{"id":"1","type":"subscribe","payload":`+string(payload)+`}`)
		case heard.Type == "error":
			return reply{text: `{"errors":` + string(heard.Payload) + `}`}
		default:
			return reply{text: string(heard.Payload)}
		}
	}
}

// whilePublishing is a carrier by which there is something to hear.
func (c *cast) whilePublishing(t *testing.T, carry carrier) carrier {
	t.Helper()
	return func(t *testing.T, s *server, token string, request map[string]any) reply {
		t.Helper()
		ctx, stop := context.WithCancel(t.Context())
		stopped := make(chan struct{})
		go func() {
			defer close(stopped)
			for ctx.Err() == nil {
				publish, err := s.newRequest(ctx, c.other.access, "application/json",
					map[string]any{"query": `mutation { createPost(input: {title: "T", content: "x"}) { post { id } } }`})
				if err != nil {
					return
				}
				if response, err := http.DefaultClient.Do(publish); err == nil {
					_ = response.Body.Close()
				}
			}
		}()
		defer func() { stop(); <-stopped }()
		return carry(t, s, token, request)
	}
}

// request sends one, and takes the answer in a media type.
func (s *server) request(t *testing.T, token, accept string, body map[string]any) *http.Response {
	t.Helper()
	request, err := s.newRequest(t.Context(), token, accept, body)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	return response
}

func (s *server) newRequest(ctx context.Context, token, accept string, body map[string]any) (*http.Request, error) {
	encoded, err := json.Marshal(body)
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, s.URL+"/graphql", bytes.NewReader(encoded))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Accept", accept)
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	return request, nil
}
