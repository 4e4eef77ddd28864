package httpd

import (
	"compress/gzip"
	"embed"
	"io"
	"net/http"
	"path"
	"strings"

	"postern/internal/transport"
)

// dist is GraphiQL as page/ builds it, every file compressed.
//
//go:embed page/dist
var dist embed.FS

// pagePolicy lets the page load from nowhere but here. Its editor makes style elements, and pictures of its own.
const pagePolicy = "default-src 'self'; style-src 'self' 'unsafe-inline'; worker-src 'self'; img-src 'self' data:; " +
	"font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// contentTypes are those of the page's files: an image without a system has no table of its own to look them up in.
//
//nolint:gochecknoglobals // a constant, but for Go's lack of them
var contentTypes = map[string]string{
	".html":  "text/html; charset=utf-8",
	".js":    "text/javascript; charset=utf-8",
	".css":   "text/css; charset=utf-8",
	".svg":   "image/svg+xml",
	".ttf":   "font/ttf",
	".woff2": "font/woff2",
	".md":    "text/markdown; charset=utf-8",
}

// page serves GraphiQL. The names of what lies under /assets/ change with their content, so that they may be kept for good.
func page() http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		name := strings.TrimPrefix(path.Clean(r.URL.Path), "/")
		if name == "" {
			name = "index.html"
		}
		file, err := dist.Open(path.Join("page/dist", name+".gz"))
		if err != nil {
			http.NotFound(w, r)
			return
		}
		defer func() { _ = file.Close() }() // it was only read
		header := w.Header()
		header.Set("Content-Type", contentTypes[path.Ext(name)])
		header.Set("Content-Security-Policy", pagePolicy)
		header.Set("Vary", "Accept-Encoding")
		if strings.HasPrefix(name, "assets/") {
			header.Set("Cache-Control", "public, max-age=31536000, immutable")
		} else {
			header.Set("Cache-Control", "no-cache")
		}
		send(w, r, file)
	}
}

// send writes a compressed file, or what it holds for the rare client that cannot decompress.
func send(w http.ResponseWriter, r *http.Request, compressed io.Reader) {
	content := compressed
	if transport.AcceptsGzip(r.Header) {
		w.Header().Set("Content-Encoding", "gzip")
	} else {
		plain, err := gzip.NewReader(compressed)
		if err != nil {
			http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
			return
		}
		content = plain
	}
	if r.Method != http.MethodHead {
		_, _ = io.Copy(w, content)
	}
}
