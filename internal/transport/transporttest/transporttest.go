// Package transporttest is what tests of WebSockets share: clients that speak transport's protocol, by a library or byte by
// byte.
//
// It is for tests alone, and may import transport.
package transporttest

import (
	"encoding/binary"
	"errors"
	"strings"
	"testing"

	"github.com/coder/websocket"

	"postern/internal/transport"
)

// Dial opens a WebSocket, which is cut when the test ends. The options need not name the subprotocol.
func Dial(t testing.TB, url string, options websocket.DialOptions) *websocket.Conn {
	t.Helper()
	options.Subprotocols = []string{transport.WebSocketProtocol}
	conn, _, err := websocket.Dial(t.Context(), url, &options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.CloseNow() })
	return conn
}

// Say sends messages, each a text.
func Say(t testing.TB, conn *websocket.Conn, messages ...string) {
	t.Helper()
	for _, text := range messages {
		if err := conn.Write(t.Context(), websocket.MessageText, []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
}

// Hear is the text of the next message.
func Hear(t testing.TB, conn *websocket.Conn) string {
	t.Helper()
	_, text, err := conn.Read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// ExpectClose reads until the socket is closed, which must be by the code and for a reason that has the text.
func ExpectClose(t testing.TB, conn *websocket.Conn, code websocket.StatusCode, reason string) {
	t.Helper()
	for {
		_, text, err := conn.Read(t.Context())
		if err == nil {
			t.Logf("heard %s", text)
			continue
		}
		closed, ok := errors.AsType[websocket.CloseError](err)
		if !ok || closed.Code != code || !strings.Contains(closed.Reason, reason) {
			t.Errorf("closed by %v, want %d %q", err, code, reason)
		}
		return
	}
}

// Handshake is the request for a WebSocket.
const Handshake = "GET /graphql HTTP/1.1\r\nHost: postern\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
	"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n" +
	"Sec-WebSocket-Protocol: " + transport.WebSocketProtocol + "\r\n\r\n"

// Goodbye is the frame by which a client closes a WebSocket that it has no complaints about, masked by zero.
const Goodbye = "\x88\x82\x00\x00\x00\x00\x03\xe8"

// Frame is a text of less than 64 KiB as a client's frame (RFC 6455, section 5.2), masked by zero.
func Frame(text string) string {
	const final, masked, long = 0x81, 0x80, 126
	head := []byte{final, masked | byte(min(len(text), long))}
	if len(text) >= long {
		head = binary.BigEndian.AppendUint16(head, uint16(len(text))) //nolint:gosec // it is less
	}
	return string(head) + "\x00\x00\x00\x00" + text
}
