package httpd_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path"
	"regexp"
	"strings"
	"testing"

	"postern/internal/httpd"
)

// pageFiles are the files of the page by their names on the site: as they are embedded, and as they were.
func pageFiles(t *testing.T) map[string]struct{ compressed, plain []byte } {
	t.Helper()
	files := make(map[string]struct{ compressed, plain []byte })
	dist := os.DirFS("page/dist")
	if err := fs.WalkDir(dist, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		compressed, err := fs.ReadFile(dist, name)
		if err != nil {
			return err
		}
		reader, err := gzip.NewReader(bytes.NewReader(compressed))
		if err != nil {
			return err
		}
		plain, err := io.ReadAll(reader)
		files["/"+strings.TrimSuffix(name, ".gz")] = struct{ compressed, plain []byte }{compressed, plain}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if len(files) < 5 || files["/index.html"].plain == nil {
		t.Fatalf("page/dist has %d files, want the page", len(files))
	}
	return files
}

func TestPageIsTheSameToEveryClient(t *testing.T) {
	t.Parallel()
	s := newSite(t, echo)
	types := map[string]string{
		".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8",
		".svg": "image/svg+xml", ".ttf": "font/ttf", ".woff2": "font/woff2", ".md": "text/markdown; charset=utf-8",
	}
	for name, file := range pageFiles(t) {
		cache := "no-cache"
		if strings.HasPrefix(name, "/assets/") {
			cache = "public, max-age=31536000, immutable"
		}
		for _, test := range []struct {
			accepts  string
			body     []byte
			encoding string
		}{
			{"gzip", file.compressed, "gzip"}, {"", file.plain, ""},
		} {
			for _, method := range []string{http.MethodGet, http.MethodHead} {
				answer := s.ask(t, method, name, "", "Accept-Encoding: "+test.accepts)
				want := test.body
				if method == http.MethodHead {
					want = nil
				}
				if answer.Code != 200 || !bytes.Equal(answer.Body.Bytes(), want) {
					t.Errorf("%s %s for %q = %d with %d bytes, want %d", method, name, test.accepts, answer.Code, answer.Body.Len(), len(want))
				}
				for header, want := range map[string]string{
					"Content-Encoding": test.encoding, "Content-Type": types[path.Ext(name)], "Cache-Control": cache, "Vary": "Accept-Encoding",
				} {
					if got := answer.Header().Get(header); got != want || header == "Content-Type" && got == "" {
						t.Errorf("%s %s for %q has %s %q, want %q", method, name, test.accepts, header, got, want)
					}
				}
			}
		}
	}
}

func TestPageAsksWhoCanDecompress(t *testing.T) {
	t.Parallel()
	s := newSite(t, echo)
	for accepts, want := range map[string]string{
		"gzip, deflate, br, zstd": "gzip", "br;q=1.0, gzip;q=0.8, *;q=0.1": "gzip", "GZIP": "gzip", "deflate,gzip;q=0.001": "gzip",
		"gzip;q=0": "", "gzip; q=0.000, identity": "", "identity": "", "br": "", "x-gzipped": "", "": "",
	} {
		if got := s.ask(t, http.MethodGet, "/", "", "Accept-Encoding: "+accepts).Header().Get("Content-Encoding"); got != want {
			t.Errorf("GET / for %q has Content-Encoding %q, want %q", accepts, got, want)
		}
	}
}

func TestPageStandsAtTheRoot(t *testing.T) {
	t.Parallel()
	s := newSite(t, echo)
	files := pageFiles(t)
	index := files["/index.html"].plain
	if answer := s.ask(t, http.MethodGet, "/", ""); answer.Code != 200 || !bytes.Equal(answer.Body.Bytes(), index) {
		t.Errorf("GET / = %d with %d bytes, want index.html", answer.Code, answer.Body.Len())
	}
	references := regexp.MustCompile(`(?:src|href)="([^"]+)"`).FindAllSubmatch(index, -1)
	if len(references) == 0 {
		t.Error("index.html loads nothing, want a script at least")
	}
	for _, match := range references {
		if target := path.Join("/", string(match[1])); files[target].plain == nil {
			t.Errorf("index.html loads %s, which is not there", match[1])
		}
	}
	policy := s.ask(t, http.MethodGet, "/", "").Header().Get("Content-Security-Policy")
	for _, rule := range []string{"default-src 'self'", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'", "connect-src 'self'"} {
		if !strings.Contains(policy, rule) {
			t.Errorf("Content-Security-Policy = %q, want %s", policy, rule)
		}
	}
	for _, bad := range []string{"http:", "https:", "*", "'unsafe-eval'", "script-src"} {
		if strings.Contains(policy, bad) {
			t.Errorf("Content-Security-Policy = %q, want no %s", policy, bad)
		}
	}
}

func TestPageHasNothingElse(t *testing.T) {
	t.Parallel()
	s := newSite(t, echo)
	for _, target := range []string{
		"/nowhere", "/assets", "/assets/", "/assets/nowhere.js", "/index.html.gz", "/index", "/dist/index.html", "/page.go", "/.env", "/data/postern.db",
		"/../page.go", "/../../page.go", "/assets/../../page.go", "/../../../../../../etc/passwd", "/..", "//etc/passwd", `/..\..\page.go`,
		"/assets/..%2f..%2fpage.go", "/index.html\x00", "/index.html\x00.js", "/\xff", "/" + strings.Repeat("a/", 5000), "/%2e%2e/page.go",
	} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", http.NoBody)
		r.URL = &url.URL{Path: target}
		answer := httptest.NewRecorder()
		s.ServeHTTP(answer, r)
		if answer.Code != http.StatusNotFound && target != "/.." || strings.Contains(answer.Body.String(), "package httpd") {
			t.Errorf("GET %.60q = %d %.100q, want 404", target, answer.Code, answer.Body)
		}
	}
	for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodDelete, http.MethodOptions} {
		answer := s.ask(t, method, "/index.html", "")
		if answer.Code != http.StatusMethodNotAllowed || answer.Header().Get("Allow") != http.MethodGet {
			t.Errorf("%s /index.html = %d, %v, want 405", method, answer.Code, answer.Header())
		}
	}
}

func TestPageAndSchemaOnlyWhereWanted(t *testing.T) {
	t.Parallel()
	open := newSite(t, echo)
	if answer := open.ask(t, http.MethodGet, "/schema.graphqls", ""); answer.Code != 200 || answer.Body.String() != "type Query { a: Int }\n" {
		t.Errorf("GET /schema.graphqls = %d %q, want the schema", answer.Code, answer.Body)
	}
	closed := newSite(t, echo, func(o *httpd.Options) { o.Page, o.SDL = false, "" })
	for _, target := range []string{"/", "/index.html", "/assets/", "/schema.graphqls", "/licenses.md"} {
		if answer := closed.ask(t, http.MethodGet, target, ""); answer.Code != http.StatusNotFound {
			t.Errorf("GET %s where it is not wanted = %d, want 404", target, answer.Code)
		}
	}
}
