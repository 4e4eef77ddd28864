package transport

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/coder/websocket"

	"postern/internal/executor"
)

// WebSocket speaks graphql-transport-ws, called the protocol here:
// https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md.
type WebSocket struct {
	Connections *Connections
	// MaxMessage is how long a message of a client may be, in bytes.
	MaxMessage int64
	// MaxSubscriptions is how many a client may have on one socket; as many other operations run at a time, and more wait.
	MaxSubscriptions int
	// Variables is how much the variables, and the extensions, of an operation may have.
	Variables Shape
	// Init is how long a client may take to say who it is; Ping is how often it must show that it is there: twice in a row it
	// may not. Write is how long it may take to read a message.
	Init, Ping, Write time.Duration
}

var _ Transport = WebSocket{}

// maxGreeting is how long what a client says may be until it has said who it is, in bytes: a token has 4096 at most.
const maxGreeting = 16 << 10

// WebSocketProtocol is the subprotocol that a client must offer.
const WebSocketProtocol = "graphql-transport-ws"

// NewWebSocket returns a WebSocket with the times that suit the Internet.
func NewWebSocket(connections *Connections) WebSocket {
	return WebSocket{Connections: connections, Init: 10 * time.Second, Ping: 20 * time.Second, Write: 10 * time.Second}
}

// Supports implements Transport.
func (WebSocket) Supports(r *http.Request) bool {
	return strings.EqualFold(r.Header.Get("Upgrade"), "websocket")
}

// Do implements Transport. It returns when the handshake is done: what serves the socket then needs no stack that has grown
// with a request, and keeps nothing of the request alive.
func (s WebSocket) Do(w http.ResponseWriter, r *http.Request, exec *executor.Executor) {
	connection, err := s.Connections.arrive(r.Context())
	if err != nil {
		answer{w: w, r: r, media: mediaJSON}.refuse(r.Context(), exec, unavailable(err))
		return
	}
	hijacked := &frugal{ResponseWriter: w, write: s.Write}
	accepted, err := websocket.Accept(hijacked, r, &websocket.AcceptOptions{Subprotocols: []string{WebSocketProtocol}})
	if err != nil { // and answered
		connection.leave()
		return
	}
	accepted.SetReadLimit(-1) // the socket bounds what it reads
	go newSocket(s, connection, accepted, hijacked.conn, exec).serve()
}

// frugal gives a connection that is hijacked small buffers: net/http's take eight kilobytes, and most sockets are idle. What is
// written has its time from the connection: the library would give it that by a context, the last of which it keeps.
type frugal struct {
	http.ResponseWriter

	write time.Duration
	conn  net.Conn
}

const readBuffer, writeBuffer = 256, 512 // bytes; what is longer passes them by

// Hijack implements http.Hijacker.
func (f *frugal) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, buffered, err := hijack(f.ResponseWriter, f.write)
	if err != nil {
		return nil, nil, err
	}
	f.conn = conn
	early, _ := buffered.Peek(buffered.Buffered()) // what came together with the handshake
	reader := bufio.NewReaderSize(f.conn, readBuffer)
	if len(early) > 0 {
		reader = bufio.NewReaderSize(io.MultiReader(bytes.NewReader(bytes.Clone(early)), conn), max(readBuffer, len(early)))
		_, _ = reader.Peek(len(early)) // it is there
	}
	return f.conn, bufio.NewReadWriter(reader, bufio.NewWriterSize(f.conn, writeBuffer)), nil
}
