package transport_test

import (
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"

	"github.com/99designs/gqlgen/graphql/handler/extension"
)

// long is a query whose answer is longer than a kilobyte.
const long = `{ __schema { types { name description } } }`

func TestCompression(t *testing.T) {
	t.Parallel()
	server := newServer(extension.Introspection{})
	plain := get(t, server, long)
	if plain.Body.Len() < 1<<10 || plain.Header().Get("Content-Encoding") != "" {
		t.Fatalf("answer of %d bytes, coded %q", plain.Body.Len(), plain.Header().Get("Content-Encoding"))
	}
	for accept, want := range map[string]string{
		"gzip": "gzip", "deflate, gzip;q=1.0, *;q=0.5": "gzip", "br, GZIP ; q=0.1": "gzip",
		"": "", "identity": "", "br": "", "gzip;q=0": "", "gzip; q=0.000": "", "xgzip": "",
		"gzip;Q=0": "", "gzip;Q=0.5": "gzip", "gzip;q=0x1p-2": "", "gzip;q=2": "", `br;a=", gzip"`: "",
	} {
		answer := get(t, server, long, "Accept-Encoding: "+accept)
		if got := answer.Header().Get("Content-Encoding"); got != want {
			t.Errorf("Accept-Encoding: %s is answered as %q, want %q", accept, got, want)
			continue
		}
		if length := answer.Header().Get("Content-Length"); length != strconv.Itoa(answer.Body.Len()) {
			t.Errorf("Content-Length = %s, of %d bytes", length, answer.Body.Len())
		}
		if got := decompressed(t, answer); got != plain.Body.String() {
			t.Errorf("Accept-Encoding: %s is answered with %q, want %q", accept, got, plain.Body)
		}
	}
	if short := get(t, server, "{ __typename }", "Accept-Encoding: gzip"); short.Header().Get("Content-Encoding") != "" {
		t.Error("a short answer is compressed")
	}
}

// TestTagsOfCodings: a tag stands for one coding (RFC 9110, section 8.8.3.3), and is good for that.
func TestTagsOfCodings(t *testing.T) {
	t.Parallel()
	server := newServer(extension.Introspection{})
	plain, compressed := get(t, server, long), get(t, server, long, "Accept-Encoding: gzip")
	if plain.Header().Get("ETag") == compressed.Header().Get("ETag") {
		t.Error("both codings have the same tag")
	}
	again := get(t, server, long, "Accept-Encoding: gzip", "If-None-Match: "+compressed.Header().Get("ETag"))
	if again.Code != http.StatusNotModified || again.Header().Get("Vary") != compressed.Header().Get("Vary") || again.Header().Get("Content-Encoding") != "" {
		t.Errorf("a compressed answer asked for again = %d %v, want 304 and the same Vary", again.Code, again.Header())
	}
	if mixed := get(t, server, long, "If-None-Match: "+compressed.Header().Get("ETag")); mixed.Code != http.StatusOK {
		t.Errorf("a plain answer asked for by the compressed one's tag = %d, want 200", mixed.Code)
	}
}

func decompressed(t *testing.T, answer *httptest.ResponseRecorder) string {
	t.Helper()
	if answer.Header().Get("Content-Encoding") == "" {
		return answer.Body.String()
	}
	reader, err := gzip.NewReader(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(reader)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
