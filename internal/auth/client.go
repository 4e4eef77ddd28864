package auth

import (
	"iter"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Client is where a request comes from.
type Client struct {
	Address   netip.Addr
	UserAgent string
}

// Network is what one client has to itself: an address, or a /64 of version 6 of the Internet protocol; "" if that is not known.
func (c Client) Network() string {
	const prefix = 64
	switch {
	case !c.Address.IsValid():
		return ""
	case c.Address.Is6() && !c.Address.Is4In6():
		return netip.PrefixFrom(c.Address.WithZone(""), prefix).Masked().String()
	default:
		return c.Address.Unmap().String()
	}
}

// Proxies are whom we believe whose request it is that they pass on: addresses without zones, and not mapped to IPv6.
type Proxies []netip.Prefix

// maxUserAgent is how much is kept of what a client calls itself, in bytes.
const maxUserAgent = 256

// ClientOf tells where a request comes from.
func (p Proxies) ClientOf(r *http.Request) Client {
	return Client{Address: p.address(r), UserAgent: printable(r.UserAgent(), maxUserAgent)}
}

// Ignore tells whether a request says whom it was passed on for, and we do not believe its peer.
func (p Proxies) Ignore(r *http.Request) bool {
	if len(r.Header["X-Forwarded-For"]) == 0 {
		return false
	}
	return !p.include(peerOf(r))
}

// address is that of the peer or, as long as that is a proxy, of whom it was asked by: each adds that to the end of
// X-Forwarded-For. What a client has written there itself comes before its own address, which no proxy is at. What cannot be
// read ends the search.
func (p Proxies) address(r *http.Request) netip.Addr {
	client := peerOf(r)
	for entry := range lastFirst(r.Header["X-Forwarded-For"]) {
		if !p.include(client) {
			break
		}
		before, ok := parseAddress(entry)
		if !ok {
			break
		}
		client = before
	}
	return client
}

// lastFirst are the entries of a list that may have several lines of a header.
func lastFirst(lines []string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, line := range slices.Backward(lines) {
			for more := true; more; {
				comma := strings.LastIndexByte(line, ',')
				if !yield(line[comma+1:]) {
					return
				}
				line, more = line[:max(comma, 0)], comma >= 0
			}
		}
	}
}

func (p Proxies) include(address netip.Addr) bool {
	return slices.ContainsFunc(p, func(prefix netip.Prefix) bool { return prefix.Contains(address) })
}

// peerOf is who sent a request, which net/http writes with a port; on a Unix socket there is no address.
func peerOf(r *http.Request) netip.Addr {
	if peer, err := netip.ParseAddrPort(r.RemoteAddr); err == nil {
		return peer.Addr().Unmap().WithZone("")
	}
	peer, _ := parseAddress(r.RemoteAddr)
	return peer
}

// parseAddress reads an address with a port or without, which proxies write either way.
func parseAddress(text string) (address netip.Addr, ok bool) {
	text = strings.Trim(text, " \t")
	address, err := netip.ParseAddr(text)
	for _, port := range []string{"", ":0"} {
		if err == nil {
			break
		}
		var withPort netip.AddrPort
		withPort, err = netip.ParseAddrPort(text + port)
		address = withPort.Addr()
	}
	return address.Unmap().WithZone(""), err == nil
}

// printable is at most the first so many bytes of a text without what a database or a terminal would stumble over.
func printable(text string, length int) string {
	if len(text) <= length && legible(text) {
		return text
	}
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == utf8.RuneError {
			return -1
		}
		return r
	}, text)
	if len(text) <= length {
		return text
	}
	for length > 0 && !utf8.RuneStart(text[length]) {
		length--
	}
	return text[:length]
}

// legible tells whether a text is of ASCII that can be printed.
func legible(text string) bool {
	for i := range len(text) {
		if text[i] < ' ' || text[i] > '~' {
			return false
		}
	}
	return true
}
