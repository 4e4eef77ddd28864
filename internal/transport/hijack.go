package transport

import (
	"bufio"
	"net"
	"net/http"
	"time"
)

// hijack takes a connection over from net/http, with what came together with the request. Nothing of the request is kept, but for
// what the caller keeps, nor the stack that has grown with it.
func hijack(w http.ResponseWriter, write time.Duration) (net.Conn, *bufio.Reader, error) {
	conn, buffers, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return nil, nil, err
	}
	_ = conn.SetDeadline(time.Time{}) // if it cannot be set, nothing can be read or written either
	return impatient{conn, write}, buffers.Reader, nil
}

// impatient is a connection that is cut when what is written is not read in time.
type impatient struct {
	net.Conn

	patience time.Duration
}

// Write implements net.Conn.
func (c impatient) Write(b []byte) (int, error) {
	_ = c.SetWriteDeadline(time.Now().Add(c.patience))
	n, err := c.Conn.Write(b)
	if err != nil {
		_ = c.Close()
	}
	return n, err
}
