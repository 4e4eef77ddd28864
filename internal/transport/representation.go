package transport

import (
	"net/http"
	"strconv"
)

// representation is an answer as it goes over the wire. Many may get the same one, so that nobody changes it, nor what it has for
// headers, once it is encoded; empty ones are not sent.
type representation struct {
	status int
	coding string
	body   []byte

	contentType, cacheControl, etag line
	contentEncoding, contentLength  line // once it is encoded
}

// line is what stands in a header, as net/http takes it.
type line [1]string

// newRepresentation is one that suits who asks.
func newRepresentation(r *http.Request, status int, body []byte) *representation {
	return &representation{status: status, coding: codingFor(r.Header, len(body)), body: body}
}

// encode compresses the body, if it is to be compressed and is not yet.
func (p *representation) encode() {
	if p.contentLength[0] != "" {
		return
	}
	if p.coding != identity {
		p.contentEncoding = line{p.coding}
		p.body = compress(p.body)
	}
	p.contentLength = line{strconv.Itoa(len(p.body))}
}

// write answers with it, or says that the client has it.
func (p *representation) write(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	p.contentType.set(header, "Content-Type")
	p.cacheControl.set(header, "Cache-Control")
	p.etag.set(header, "Etag")
	if p.etag[0] != "" && matches(r.Header["If-None-Match"], p.etag[0]) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	p.encode()
	p.contentEncoding.set(header, "Content-Encoding")
	p.contentLength.set(header, "Content-Length")
	w.WriteHeader(p.status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(p.body) //nolint:gosec // who made it says what it is
	}
}

// set sets a header without copying the line.
func (l *line) set(header http.Header, name string) {
	if l[0] != "" {
		header[name] = l[:]
	}
}
