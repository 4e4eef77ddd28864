package transport

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"strings"
	"time"

	"github.com/coder/websocket"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// The protocol's codes for closing a socket. Clients do not come back after most of them; they do after 4403, with
// credentials that are fresh, and after those of RFC 6455 for a server that goes away, or asks to try again later.
const (
	codeInvalidMessage websocket.StatusCode = 4400
	codeUnauthorized   websocket.StatusCode = 4401
	codeForbidden      websocket.StatusCode = 4403
	codeInitTimeout    websocket.StatusCode = 4408
	codeDuplicateID    websocket.StatusCode = 4409
	codeTooMany        websocket.StatusCode = 4429
)

const codeUnauthenticated = "UNAUTHENTICATED" // fresh credentials help

// closing is why a socket is closed.
type closing struct {
	code   websocket.StatusCode // 0: it is closed without a word
	reason string
}

// gone is a client that is not there to be told anything, or was told.
func gone() *closing { return &closing{} }

const (
	// grace is how long a session that has ended waits for the answers of what was asked while it lived.
	grace = time.Second
	// farewell is how long a client may take to agree that the socket is closed.
	farewell = 500 * time.Millisecond
	// maxReason is how long a reason may be, in bytes (RFC 6455, section 5.5.1).
	maxReason = 123
)

// because is how a socket is closed on account of an error.
func (s *socket) because(err error) *closing {
	if errors.Is(err, ErrShutdown) || errors.Is(context.Cause(s.ctx), ErrShutdown) {
		return &closing{websocket.StatusGoingAway, ErrShutdown.Error()}
	}
	told := s.exec.DispatchError(s.ctx, gqlerror.List{gqlerror.WrapIfUnwrapped(err)}).Errors[0]
	if told.Extensions["code"] == codeUnauthenticated {
		reason, _ := told.Extensions["reason"].(string)
		return &closing{codeForbidden, reason}
	}
	return &closing{websocket.StatusTryAgainLater, told.Message}
}

// bow ends the socket because of what its context ended with: subscriptions at once, and what is being worked at when it is
// answered. It does so once.
func (s *socket) bow(cause error) {
	if !s.sweep(false) {
		return
	}
	deadline := time.NewTimer(grace)
	defer deadline.Stop()
	for range cap(s.slots) {
		select {
		case s.slots <- struct{}{}:
			continue
		case <-deadline.C:
		}
		break
	}
	s.close(*s.because(cause))
}

// close closes the socket; the first reason is the one that the client is told.
func (s *socket) close(why closing) {
	if why.code == 0 {
		_ = s.conn.CloseNow()
		return
	}
	cut := time.AfterFunc(farewell, func() { _ = s.net.Close() })
	defer cut.Stop()
	reason := why.reason[:min(len(why.reason), maxReason)]
	_ = s.conn.Close(why.code, strings.ToValidUTF8(reason, ""))
}

// pingAfter looks after a while whether the client is there, which missed so many pings in a row so far.
func (s *socket) pingAfter(while time.Duration, missed int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ending {
		return
	}
	s.pings = time.AfterFunc(while, func() { s.ping(missed) })
}

func (s *socket) ping(missed int) {
	const most = 2
	ctx, cancel := context.WithTimeout(context.Background(), s.Ping)
	defer cancel()
	switch err := s.conn.Ping(ctx); {
	case err == nil:
		s.pingAfter(s.Ping, 0)
	case errors.Is(err, net.ErrClosed): // the socket is
	case missed+1 < most:
		s.pingAfter(0, missed+1)
	default:
		_ = s.net.Close()
	}
}

// authorizationOf is what the payload of connection_init has in the place of an Authorization header, which pages of
// browsers cannot send; "" if nothing. It is not ok if there is something else.
func authorizationOf(payload []byte) (authorization string, ok bool) {
	if payload == nil || string(payload) == "null" {
		return "", true
	}
	if payload[0] != '{' {
		return "", false
	}
	given, ok := false, true
	members(payload, func(quoted, value []byte) {
		var name string
		if json.Unmarshal(quoted, &name) == nil && strings.EqualFold(name, "Authorization") {
			ok = ok && !given && json.Unmarshal(value, &authorization) == nil
			given = true
		}
	})
	if !ok {
		return "", false
	}
	return authorization, true
}
