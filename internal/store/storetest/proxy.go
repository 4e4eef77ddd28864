package storetest

import (
	"io"
	"net"
	"net/url"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
)

// Proxy stands between a store and PostgreSQL, and does to their connections what networks do.
type Proxy struct {
	listener         net.Listener
	database         string // the URL behind it
	network, address string // of the server
	all              sync.WaitGroup

	mu       sync.Mutex
	changed  *sync.Cond
	mode     mode
	accepted int // how many connections there ever were
	links    map[*link]struct{}
}

// mode is what happens to new connections.
type mode int

const (
	pass mode = iota
	refuse
	swallow
)

// link is one connection through the proxy.
type link struct {
	client, server net.Conn
	mu             sync.Mutex
	swallowed      bool
}

// NewProxy puts a proxy before a database of PostgreSQL's. It is closed when the test ends.
func NewProxy(t testing.TB, database string) *Proxy {
	t.Helper()
	config, err := pgconn.ParseConfig(database)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &Proxy{listener: listener, database: database, links: make(map[*link]struct{})}
	p.changed = sync.NewCond(&p.mu)
	p.network, p.address = pgconn.NetworkAddress(config.Host, config.Port)
	p.all.Go(p.accept)
	t.Cleanup(func() {
		_ = listener.Close()
		p.Cut()
		p.all.Wait()
	})
	return p
}

// URL is that of the database through the proxy.
func (p *Proxy) URL(t testing.TB) string {
	t.Helper()
	u, err := url.Parse(p.database)
	if err != nil {
		t.Fatal(err)
	}
	query := u.Query()
	query.Del("host")
	query.Del("port")
	u.Host, u.RawQuery = p.listener.Addr().String(), query.Encode()
	return u.String()
}

// Cut breaks all connections, and refuses new ones until Mend.
func (p *Proxy) Cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.mode = refuse
	for l := range p.links {
		l.close()
	}
}

// Swallow lets nothing through of all connections any more, nor of new ones until Mend: they stay open, and nobody is told.
func (p *Proxy) Swallow() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.mode = swallow
	for l := range p.links {
		l.swallow()
	}
}

// Mend lets new connections through again. Those that were swallowed are not.
func (p *Proxy) Mend() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.mode = pass
}

// AwaitConnections returns once so many more were tried.
func (p *Proxy) AwaitConnections(more int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for enough := p.accepted + more; p.accepted < enough; {
		p.changed.Wait()
	}
}

func (p *Proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		p.all.Go(func() { p.connect(client) })
	}
}

// connect links a client with the server, and returns when the link is cut.
func (p *Proxy) connect(client net.Conn) {
	if !p.admits() { // the server is not asked: it would start a process for each that is refused
		(&link{client: client}).close()
		return
	}
	server, err := net.Dial(p.network, p.address) //nolint:noctx // it has no deadline but the test's
	if err != nil {
		_ = client.Close()
		return
	}
	l := &link{client: client, server: server}
	if !p.add(l) {
		l.close()
		return
	}
	var both sync.WaitGroup
	both.Go(func() { l.carry(server, client) })
	both.Go(func() { l.carry(client, server) })
	both.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.links, l)
}

// admits counts a new connection, and tells whether it is linked.
func (p *Proxy) admits() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.accepted++
	p.changed.Broadcast()
	return p.mode != refuse
}

// add keeps a new link, unless all were cut meanwhile.
func (p *Proxy) add(l *link) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch p.mode {
	case refuse:
		return false
	case swallow:
		l.swallow()
	case pass:
	}
	p.links[l] = struct{}{}
	return true
}

// carry copies from one end to the other, until one closes or the link is cut.
func (l *link) carry(to, from net.Conn) {
	defer l.close()
	buffer := make([]byte, 32<<10)
	for {
		n, err := from.Read(buffer)
		if n > 0 && !l.lets(to, buffer[:n]) {
			return
		}
		if err != nil {
			return
		}
	}
}

// lets writes what the link lets through, and tells whether it can be gone on with.
func (l *link) lets(to io.Writer, data []byte) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.swallowed {
		return true
	}
	_, err := to.Write(data)
	return err == nil
}

func (l *link) swallow() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.swallowed = true
}

// close resets the connection, rather than ends it in good order.
func (l *link) close() {
	if tcp, ok := l.client.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = l.client.Close()
	if l.server != nil {
		_ = l.server.Close()
	}
}
