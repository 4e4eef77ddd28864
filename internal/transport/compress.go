package transport

import (
	"bytes"
	"net/http"
	"sync"

	"github.com/klauspost/compress/gzip"
)

const (
	gzipCoding = "gzip"
	identity   = ""

	// worthwhile is from which length on it pays to compress, in bytes: what is shorter fits one packet as it is.
	worthwhile = 1 << 10
)

// Write answers with a body in one piece, compressed where the client takes that and it pays. What the answer varies by is the
// caller's to say.
func Write(w http.ResponseWriter, r *http.Request, status int, body []byte) {
	newRepresentation(r, status, body).write(w, r)
}

// codingFor chooses how an answer of so many bytes is coded for who sent the header.
func codingFor(header http.Header, length int) string {
	if length >= worthwhile && AcceptsGzip(header) {
		return gzipCoding
	}
	return identity
}

// AcceptsGzip tells whether a client can decompress (RFC 9110, section 12.5.3).
func AcceptsGzip(header http.Header) bool {
	for coding := range options(header.Values("Accept-Encoding")) {
		if coding.name == gzipCoding {
			return coding.quality > 0
		}
	}
	return false
}

// compressors are kept, as each has tables of some hundred kilobytes.
//
//nolint:gochecknoglobals // a pool serves all
var compressors = sync.Pool{New: func() any {
	w, _ := gzip.NewWriterLevel(nil, gzip.BestSpeed) // higher levels take up to twice the time for a twentieth of the length
	return w
}}

func compress(body []byte) []byte {
	var compressed bytes.Buffer
	compressed.Grow(len(body) / 3)
	w := compressors.Get().(*gzip.Writer)
	defer compressors.Put(w)
	w.Reset(&compressed)
	_, _ = w.Write(body) // a buffer takes everything
	_ = w.Close()
	return compressed.Bytes()
}
