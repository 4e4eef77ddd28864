//go:build !race

package transport_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"runtime"
	"strings"
	"testing"

	"postern/internal/transport"
)

// TestKeptAnswersTakeNoMemory has them found and written without any but for the header Vary. It counts what the process
// allocates, so it runs alone, and without the race detector, with which pools forget some of what they are given.
//
//nolint:paralleltest // see above
func TestKeptAnswersTakeNoMemory(t *testing.T) {
	_, server := newKeeper(1<<20, &clock{number: 1})
	carrier := server.Transports[0].(transport.HTTP)
	body := strings.NewReader(typename)
	closer := io.NopCloser(body)
	for _, request := range []*http.Request{
		httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/graphql", body),
		httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/graphql?"+url.Values{"query": {"{ __typename }"}}.Encode(), nil),
	} {
		request.Header.Set("Content-Type", "application/json")
		request.Header.Set("Accept", "application/json, */*;q=0.5")
		request.Header.Set("Accept-Encoding", "gzip, deflate, br")
		again := func() {
			body.Reset(typename)
			if request.Method == http.MethodPost {
				request.Body = closer
			}
		}
		for range 2 { // then it is kept
			again()
			server.ServeHTTP(httptest.NewRecorder(), request)
		}
		w := nothing{make(http.Header)}
		if taken := testing.AllocsPerRun(100, func() {
			again()
			delete(w.header, "Vary")
			carrier.Do(w, request, nil)
		}); taken > 1 {
			t.Errorf("%s takes %.0f allocations, want 1", request.Method, taken)
		}
	}
}

// TestKeptAnswersTakeWhatTheyCount, however much shorter they are once they are compressed.
//
//nolint:paralleltest // see above
func TestKeptAnswersTakeWhatTheyCount(t *testing.T) {
	const most, long, many = 1 << 20, 25_000, 400
	inUse := func() int {
		var m runtime.MemStats
		runtime.GC()
		runtime.GC() // for what pools keep for one
		runtime.ReadMemStats(&m)
		return int(m.HeapAlloc)
	}
	_, server := newKeeper(most, &clock{number: 1})
	before := inUse()
	for i := range many {
		body := fmt.Sprintf(`{"query":"{ %s: __typename }"}`, strings.Repeat("a", long+i))
		for range 2 { // then it is kept
			request := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/graphql", strings.NewReader(body))
			request.Header.Set("Content-Type", "application/json")
			request.Header.Set("Accept-Encoding", "gzip")
			server.ServeHTTP(httptest.NewRecorder(), request)
		}
	}
	taken := inUse() - before
	kept, bytes := server.Transports[0].(transport.HTTP).Answers.Kept()
	if kept < many/2 || taken > 2*bytes {
		t.Errorf("%d answers that count as %d bytes take %d", kept, bytes, taken)
	}
}
