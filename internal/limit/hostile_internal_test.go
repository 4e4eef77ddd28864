package limit

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"text/template"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/handler/lru"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"postern/graph"
	"postern/internal/executor"
	"postern/internal/transport"
)

// hostile is a document that is refused.
type hostile struct {
	name, code, document string
	variables            string // JSON
}

// readHostile reads testdata/hostile.tmpl.
func readHostile(tb testing.TB) []hostile {
	tb.Helper()
	text, err := os.ReadFile("testdata/hostile.tmpl")
	if err != nil {
		tb.Fatal(err)
	}
	var all []hostile
	for part := range strings.SplitSeq(string(text), "\n== ") {
		head, body, _ := strings.Cut(part, "\n")
		name, code, isCase := strings.Cut(head, " | ")
		if !isCase {
			continue // what explains the file
		}
		document, variables, _ := strings.Cut(body, "\nvariables: ")
		h := hostile{name: name, code: code, document: expand(tb, document)}
		if variables != "" {
			h.variables = expand(tb, variables)
		}
		all = append(all, h)
	}
	return all
}

func expand(tb testing.TB, text string) string {
	tb.Helper()
	t, err := template.New("").Funcs(template.FuncMap{
		"repeat": func(n int, text string) string {
			var s strings.Builder
			for i := range n {
				s.WriteString(strings.ReplaceAll(text, "%d", strconv.Itoa(i)))
			}
			return s.String()
		},
		"nest": func(n int, open, inner, end string) string {
			return strings.Repeat(open, n) + inner + strings.Repeat(end, n)
		},
		"chain": func(n int) int { return n },
		"next":  func(i int) int { return i + 1 },
	}).Parse(text)
	if err != nil {
		tb.Fatal(err)
	}
	var s strings.Builder
	if err := t.Execute(&s, nil); err != nil {
		tb.Fatal(err)
	}
	return strings.TrimSuffix(s.String(), "\n")
}

func hostileLimits() Limits {
	limits := Default()
	limits.Exclusive = []string{
		"login", "signup", "refreshToken", "changePassword", "changeEmail", "requestPasswordReset", "resetPassword", "deleteAccount",
		"exportAccount",
	}
	return limits
}

// newExecutor executes the real schema within the default limits; its resolvers are never called.
func newExecutor(tb testing.TB) *executor.Executor {
	tb.Helper()
	documents := lru.New[*ast.QueryDocument](10)
	e := executor.New(executor.Options{
		Schema: graph.NewExecutableSchema(graph.Config{Resolvers: &graph.Resolver{}}), Documents: documents,
	})
	e.Use(NewExtension(hostileLimits(), documents))
	return e
}

const (
	mostBytes   = 10 << 20 // that refusing a document may allocate
	mostVisited = 10_000   // nodes of it that may be looked at
)

// TestLimitsAreExact asks what has exactly as much as it may, which passes, and one more, which does not.
func TestLimitsAreExact(t *testing.T) {
	t.Parallel()
	e := newExecutor(t)
	for code, document := range map[string]func(n int) string{
		CodeTokens: func(n int) string { // five each, and the rest at the last place
			var s strings.Builder
			for i := range n / 5 {
				s.WriteString("query Q" + strconv.Itoa(i) + " { __typename " + strings.Repeat("__typename ", n%5*(i/(n/5-1))) + "}")
			}
			return s.String()
		},
		CodeLength: func(n int) string { return "query Q0 { __typename" + strings.Repeat(" ", n-22) + "}" },
		CodeCost:   func(n int) string { return "query Q0 { posts(first: " + strconv.Itoa(n-25) + ") { nodes { id } } }" },
	} {
		most := map[string]int{CodeTokens: 2000, CodeLength: 16384, CodeCost: 2000}[code]
		for _, n := range []int{most, most + 1} {
			params := &graphql.RawParams{Query: document(n), OperationName: "Q0"}
			_, errs := e.CreateOperationContext(t.Context(), params)
			switch {
			case n == most && len(errs) > 0:
				t.Errorf("%s of %d = %v, want it to pass", code, n, errs)
			case n > most && (len(errs) == 0 || errs[0].Extensions["code"] != code):
				t.Errorf("%s of %d = %v, want it refused by this code", code, n, errs)
			}
		}
	}
}

// newServer is what carries requests to such an executor, with the bounds that it has in earnest.
func newServer(tb testing.TB) http.Handler {
	tb.Helper()
	documents := lru.New[*ast.QueryDocument](10)
	exec := executor.New(executor.Options{
		Schema: graph.NewExecutableSchema(graph.Config{Resolvers: &graph.Resolver{}}), Documents: documents,
	})
	exec.Use(NewExtension(hostileLimits(), documents))
	return transport.Handler{Executor: exec, Transports: []transport.Transport{
		transport.HTTP{MaxBody: 1 << 20, Variables: transport.Shape{Depth: 8, Items: 250}},
	}}
}

// request is what carries the document.
func (h hostile) request(tb testing.TB) *http.Request {
	tb.Helper()
	members := map[string]any{"query": h.document}
	if h.variables != "" {
		members["variables"] = json.RawMessage(h.variables)
	}
	body, err := json.Marshal(members)
	if err != nil {
		tb.Fatal(err)
	}
	request := httptest.NewRequestWithContext(tb.Context(), http.MethodPost, "/graphql", bytes.NewReader(body))
	request.Header.Set("Content-Type", "application/json")
	return request
}

// TestHostileDocuments refuses each of the corpus by its code, within 10 MB, its transport included, and a bounded number of
// visited nodes.
func TestHostileDocuments(t *testing.T) {
	corpus := readHostile(t)
	if len(corpus) < 100 {
		t.Fatalf("there are %d hostile documents, want 100 at least", len(corpus))
	}
	server := newServer(t)
	for _, h := range corpus {
		t.Run(h.name, func(t *testing.T) {
			request, answer := h.request(t), httptest.NewRecorder()
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			start := cpuTime(t)
			server.ServeHTTP(answer, request)
			spent := cpuTime(t) - start
			runtime.ReadMemStats(&after)

			var response struct {
				Data   *json.RawMessage
				Errors gqlerror.List
			}
			err := json.Unmarshal(answer.Body.Bytes(), &response)
			errs := response.Errors
			if err != nil || len(errs) == 0 || response.Data != nil {
				t.Fatalf("it was let pass: %d %s", answer.Code, answer.Body)
			}
			if got := errs[0].Extensions["code"]; got != h.code {
				t.Errorf("code = %v (%s), want %s", got, errs[0].Message, h.code)
			}
			for _, location := range errs[0].Locations {
				if location.Line < 1 || location.Column < 1 {
					t.Errorf("location = %v, want positive numbers or none (GraphQL, section 7.1.2)", location)
				}
			}
			allocated := after.TotalAlloc - before.TotalAlloc
			if allocated > mostBytes {
				t.Errorf("it took %d bytes, want %d at most", allocated, mostBytes)
			}
			visited, _ := Default().checkDocument(h.document)
			if visited > mostVisited {
				t.Errorf("%d nodes were visited, want %d at most", visited, mostVisited)
			}
			t.Logf("%s of CPU, %d bytes, %d nodes", spent, allocated, visited)
		})
	}
}

// cpuTime is what the process has used so far.
func cpuTime(tb testing.TB) time.Duration {
	tb.Helper()
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		tb.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
