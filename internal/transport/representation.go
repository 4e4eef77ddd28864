package transport

import (
	"net/http"
	"strconv"
)

// representation is an answer as it goes over the wire. Many may get the same one, so that nobody changes it, nor what it has for
// headers, once it is encoded; nil ones are not sent.
type representation struct {
	status int
	coding string
	body   []byte

	contentType, cacheControl, etag []string
	contentEncoding, contentLength  []string // once it is encoded
}

// newRepresentation is one that suits who asks.
func newRepresentation(r *http.Request, status int, body []byte) *representation {
	return &representation{status: status, coding: codingFor(r.Header, len(body)), body: body}
}

// encode compresses the body, if it is to be compressed and is not yet.
func (p *representation) encode() {
	if p.contentLength != nil {
		return
	}
	if p.coding != identity {
		p.contentEncoding = []string{p.coding}
		p.body = compress(p.body)
	}
	p.contentLength = []string{strconv.Itoa(len(p.body))}
}

// write answers with it, or says that the client has it.
func (p *representation) write(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	set(header, "Content-Type", p.contentType)
	set(header, "Cache-Control", p.cacheControl)
	set(header, "Etag", p.etag)
	if p.etag != nil && matches(r.Header["If-None-Match"], p.etag[0]) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	p.encode()
	set(header, "Content-Encoding", p.contentEncoding)
	set(header, "Content-Length", p.contentLength)
	w.WriteHeader(p.status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(p.body) //nolint:gosec // who made it says what it is
	}
}

// set sets a header without copying its values.
func set(header http.Header, name string, values []string) {
	if values != nil {
		header[name] = values
	}
}
