package transport

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"sync"
	"time"

	"github.com/coder/websocket"

	"postern/internal/executor"
)

// socket is one client's WebSocket.
type socket struct {
	WebSocket
	*connection

	exec *executor.Executor
	conn *websocket.Conn
	net  net.Conn

	slots   chan struct{} // one for each operation that is worked at
	running sync.WaitGroup

	mu            sync.Mutex
	pings         *time.Timer
	operations    map[string]*operation
	subscriptions int
	waiting       int  // bytes of responses that are about to be written
	ending        bool // nothing new begins
}

func newSocket(s WebSocket, c *connection, accepted *websocket.Conn, conn net.Conn, exec *executor.Executor) *socket {
	return &socket{
		WebSocket: s, connection: c, exec: exec, conn: accepted, net: conn,
		slots: make(chan struct{}, s.MaxSubscriptions), operations: make(map[string]*operation),
	}
}

// The types of messages.
const (
	typeInit      = "connection_init"
	typeAck       = "connection_ack"
	typePing      = "ping"
	typePong      = "pong"
	typeSubscribe = "subscribe"
	typeNext      = "next"
	typeError     = "error"
	typeComplete  = "complete"
)

// message is one of the protocol's.
type message struct {
	ID      string          `json:"id"`
	Type    string          `json:"type"`
	Payload json.RawMessage `json:"payload"`
}

// serve reads what the client says until one of both has enough.
func (s *socket) serve() {
	defer s.leave()
	defer s.running.Wait()
	defer s.sweep(true)
	defer func() { _ = s.conn.CloseNow() }()
	defer s.excuse()
	why := aside(s.greet)
	if why == nil {
		s.pingAfter(s.Ping, 0)
		defer context.AfterFunc(s.guest.Context, func() { s.bow(context.Cause(s.guest.Context)) })()
	}
	for why == nil {
		var text []byte
		if text, why = s.read(s.MaxMessage); why == nil {
			why = aside(func() *closing { return s.take(text) })
		}
	}
	s.close(*why)
}

// aside does something on a stack of its own: the stack of a goroutine that waits, as that of a socket does most of the time,
// remains about as large as it ever was.
func aside(do func() *closing) (why *closing) {
	done := make(chan any)
	go func() {
		defer func() { done <- recover() }()
		why = do()
	}()
	if panicked := <-done; panicked != nil {
		panic(panicked)
	}
	return why
}

// excuse closes a socket on which something panicked. What does so within an operation, is the operation's.
func (s *socket) excuse() {
	if panicked := recover(); panicked != nil {
		s.close(closing{websocket.StatusInternalError, recovered(s.ctx, s.exec, panicked).Message})
	}
}

// read is the text of the next message, which may have so many bytes at most; what is none is the reason to close.
func (s *socket) read(most int64) ([]byte, *closing) {
	kind, reader, err := s.conn.Reader(context.Background())
	if err != nil {
		return nil, gone()
	}
	text, err := io.ReadAll(io.LimitReader(reader, most+1))
	switch {
	case err != nil:
		return nil, gone()
	case int64(len(text)) > most:
		return nil, &closing{websocket.StatusMessageTooBig, fmt.Sprintf("the message has more than %d bytes", most)}
	case kind != websocket.MessageText:
		return nil, &closing{codeInvalidMessage, "a message must be text"}
	}
	return text, nil
}

func parse(text []byte) (m message, why *closing) {
	if json.Unmarshal(text, &m) != nil {
		why = &closing{codeInvalidMessage, "a message must be a JSON object of the protocol"}
	}
	return m, why
}

// greet lets the client say who it is, which is the first thing that it must do.
func (s *socket) greet() *closing {
	defer context.AfterFunc(s.ctx, func() { s.bow(context.Cause(s.ctx)) })()
	late := time.AfterFunc(s.Init, func() { s.close(closing{codeInitTimeout, "Connection initialisation timeout"}) })
	defer late.Stop()
	for {
		text, why := s.read(min(maxGreeting, s.MaxMessage))
		if why != nil {
			return why
		}
		m, why := parse(text)
		switch {
		case why != nil:
			return why
		case m.Type == typeInit:
			return s.init(m.Payload)
		case m.Type == typeSubscribe:
			return &closing{codeUnauthorized, "Unauthorized"}
		}
		if why := s.handle(m); why != nil {
			return why
		}
	}
}

func (s *socket) init(payload []byte) *closing {
	authorization, ok := authorizationOf(payload)
	if !ok {
		return &closing{codeInvalidMessage, "the payload of connection_init must be an object, and Authorization in it a string"}
	}
	if err := s.attach(authorization); err != nil {
		return s.because(err)
	}
	return s.send(message{Type: typeAck})
}

// take does what the text of a message asks.
func (s *socket) take(text []byte) *closing {
	m, why := parse(text)
	if why != nil {
		return why
	}
	return s.handle(m)
}

// handle does what a message asks.
func (s *socket) handle(m message) *closing {
	switch m.Type {
	case typeSubscribe:
		return s.subscribe(m)
	case typeComplete:
		s.complete(m.ID)
		return nil
	case typePing:
		return s.send(message{Type: typePong})
	case typePong:
		return nil
	case typeInit:
		return &closing{codeTooMany, "Too many initialisation requests"}
	default:
		return &closing{codeInvalidMessage, "a message is of an unknown type"}
	}
}

// send writes a message; what cannot be written in time ends the socket.
func (s *socket) send(m message) *closing {
	text := bytes.NewBuffer(make([]byte, 0, len(m.Payload)+len(m.ID)+64))
	text.WriteString(`{"type":"` + m.Type + `"`)
	if m.ID != "" {
		id, _ := json.Marshal(m.ID) // a string always can be
		text.WriteString(`,"id":`)
		text.Write(id)
	}
	if m.Payload != nil {
		text.WriteString(`,"payload":`)
		text.Write(m.Payload)
	}
	text.WriteByte('}')
	if s.conn.Write(context.Background(), websocket.MessageText, text.Bytes()) != nil {
		_ = s.conn.CloseNow()
		return gone()
	}
	return nil
}
