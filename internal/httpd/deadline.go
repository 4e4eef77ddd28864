package httpd

import (
	"errors"
	"net"
	"os"
	"sync"
	"time"
)

// NewListener accepts connections whose deadlines cost next to nothing. net/http sets nine for each request, most of which are put off
// before anything waits; here they are noted, and timers are set only where one would come too late. That a connection is closed is told
// by who waits, not by who sets a deadline.
func NewListener(l net.Listener) net.Listener { return listener{l} }

type listener struct{ net.Listener }

// Accept implements net.Listener.
func (l listener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &conn{
		Conn: c,
		read: deadline{set: c.SetReadDeadline}, write: deadline{set: c.SetWriteDeadline},
	}, nil
}

type conn struct {
	net.Conn

	read, write deadline
}

// Read implements net.Conn.
func (c *conn) Read(p []byte) (n int, err error) {
	err = c.read.wait(func() (err error) {
		if n, err = c.Conn.Read(p); n > 0 {
			return nil // whatever there was else comes with the next
		}
		return err
	})
	return n, err
}

// Write implements net.Conn.
func (c *conn) Write(p []byte) (n int, err error) {
	err = c.write.wait(func() error {
		written, err := c.Conn.Write(p[n:])
		n += written
		return err
	})
	return n, err
}

// SetDeadline implements net.Conn.
func (c *conn) SetDeadline(at time.Time) error {
	return errors.Join(c.read.put(at), c.write.put(at))
}

// SetReadDeadline implements net.Conn.
func (c *conn) SetReadDeadline(at time.Time) error { return c.read.put(at) }

// SetWriteDeadline implements net.Conn.
func (c *conn) SetWriteDeadline(at time.Time) error { return c.write.put(at) }

// CloseWrite is what net/http ends a connection by of whose request it has not read all.
func (c *conn) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return errors.ErrUnsupported
}

// deadline is until when one direction of a connection may be waited for.
type deadline struct {
	set  func(time.Time) error
	turn sync.Mutex // one at a time, as what is cut off by a timer that comes too early is continued

	mu      sync.Mutex
	at      time.Time // zero is never
	timer   time.Time // when it ends the waiting, which may be before it should; zero if there is none
	waiting bool
}

// put puts the deadline off, or brings it on: for who waits now, at once.
func (d *deadline) put(at time.Time) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.at = at
	if d.waiting && d.late() {
		return d.arm()
	}
	return nil
}

// late tells whether the timer would come too late.
func (d *deadline) late() bool {
	return !d.at.IsZero() && (d.timer.IsZero() || d.at.Before(d.timer))
}

func (d *deadline) arm() error {
	d.timer = d.at
	return d.set(d.at)
}

// wait waits for something until the deadline, if there is one.
func (d *deadline) wait(something func() error) error {
	d.turn.Lock()
	defer d.turn.Unlock()
	for {
		if err := d.begin(); err != nil {
			return err
		}
		if err := something(); !d.early(err) {
			return err
		}
	}
}

// begin begins to wait, unless the time is over.
func (d *deadline) begin() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	var now time.Time
	if !d.at.IsZero() || !d.timer.IsZero() {
		now = time.Now()
	}
	if !d.at.IsZero() && !now.Before(d.at) {
		return os.ErrDeadlineExceeded
	}
	if d.late() || !d.timer.IsZero() && !now.Before(d.timer) {
		if err := d.arm(); err != nil {
			return err
		}
	}
	d.waiting = true
	return nil
}

// early ends the waiting, and tells whether only a timer ended it that came too early, and is put off now.
func (d *deadline) early(err error) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.waiting = false
	if !errors.Is(err, os.ErrDeadlineExceeded) || !d.at.IsZero() && !time.Now().Before(d.at) {
		return false
	}
	return d.arm() == nil
}
