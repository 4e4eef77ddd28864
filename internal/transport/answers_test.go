package transport_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"postern/graph"
	"postern/internal/executor"
	"postern/internal/transport"
)

// clock is a Freshness that tests set.
type clock struct {
	number  uint64
	unknown bool
}

func (c *clock) Generation(context.Context) (uint64, bool) { return c.number, !c.unknown }

// probe counts what is executed, and does something meanwhile.
type probe struct {
	parsed, executed int
	meanwhile        func()
}

func (*probe) ExtensionName() string                   { return "Probe" }
func (*probe) Validate(graphql.ExecutableSchema) error { return nil }

func (p *probe) MutateOperationParameters(context.Context, *graphql.RawParams) *gqlerror.Error {
	p.parsed++
	return nil
}

func (p *probe) InterceptOperation(ctx context.Context, next graphql.OperationHandler) graphql.ResponseHandler {
	p.executed++
	if p.meanwhile != nil {
		p.meanwhile()
	}
	return next(ctx)
}

// newKeeper executes the real schema, and keeps answers; what the tests ask of it needs no resolver.
func newKeeper(most int, fresh transport.Freshness) (*probe, transport.Handler) {
	exec := executor.New(executor.Options{Schema: graph.NewExecutableSchema(graph.Config{Resolvers: &graph.Resolver{}})})
	p := new(probe)
	exec.Use(p)
	return p, transport.Handler{Executor: exec, Transports: []transport.Transport{
		transport.HTTP{MaxBody: 1 << 20, Variables: transport.Shape{Depth: 8, Items: 250}, Answers: transport.NewAnswers(most, fresh)},
	}}
}

func asked(t *testing.T, server http.Handler, body io.Reader, header ...string) *httptest.ResponseRecorder {
	t.Helper()
	request := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/graphql", body)
	request.Header.Set("Content-Type", "application/json")
	for _, line := range header {
		name, value, _ := strings.Cut(line, ": ")
		request.Header.Add(name, value)
	}
	answer := httptest.NewRecorder()
	server.ServeHTTP(answer, request)
	if want := answered; answer.Body.String() != want && !strings.Contains(answer.Body.String(), `"a`) {
		t.Errorf("answer = %d %s, want %s", answer.Code, answer.Body, want)
	}
	return answer
}

// TestKeptAnswerIsNotExecuted sends one question again and again, and then each part of it otherwise.
func TestKeptAnswerIsNotExecuted(t *testing.T) {
	t.Parallel()
	now := &clock{number: 1}
	p, server := newKeeper(1<<20, now)
	expect := func(what string, executed int, body string, header ...string) {
		t.Helper()
		asked(t, server, strings.NewReader(body), header...)
		if p.parsed != executed || p.executed != executed {
			t.Errorf("%s: %d were parsed and %d executed, want %d", what, p.parsed, p.executed, executed)
		}
	}
	expect("the first", 1, typename)
	expect("the second, which is kept", 2, typename)
	expect("the third", 2, typename)
	now.number++
	expect("the same after a change", 3, typename)
	expect("the second after that", 4, typename)
	now.unknown = true
	expect("the same while nothing is known", 5, typename)
	now.unknown = false
	expect("the same when it is known that nothing has changed", 5, typename)
	for i, body := range []string{
		`{"query":"query A { __typename }"}`, `{"query":"query A { __typename }","operationName":"A"}`,
		`{"query":"{ __typename }","variables":{"a":1}}`, `{"query":"{ __typename }","extensions":{"a":1}}`, typename + " ",
	} {
		expect(body, 6+i, body)
	}
	for i, line := range []string{
		"Accept: */*", "Accept: application/json", "Accept-Encoding: gzip", "GraphQL-Cost: 1", "GraphQL-Cost: 2",
	} {
		expect(line, 11+i, typename, line)
	}
}

// TestKeptAnswersOnlyOfOneState has something change while an answer is made, or a question read.
func TestKeptAnswersOnlyOfOneState(t *testing.T) {
	t.Parallel()
	now := &clock{number: 1}
	p, server := newKeeper(1<<20, now)
	for name, meanwhile := range map[string]func(){
		"a change": func() { now.number++ }, "doubt": func() { now.unknown = true },
	} {
		now.unknown = false
		asked(t, server, strings.NewReader(typename)) // the second one would be kept
		p.meanwhile = meanwhile
		asked(t, server, strings.NewReader(typename))
		p.meanwhile = nil
		now.unknown = false
		before := p.executed
		asked(t, server, strings.NewReader(typename))
		if p.executed == before {
			t.Errorf("an answer is kept in spite of %s while it was made", name)
		}
		now.number++
	}
	for range 2 {
		asked(t, server, strings.NewReader(typename))
	}
	before := p.executed
	asked(t, server, io.MultiReader(strings.NewReader(typename)))
	if p.executed == before {
		t.Error("a request without a length found what is kept, want it to be left alone")
	}
	before = p.executed
	request := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/graphql",
		io.MultiReader(strings.NewReader(typename[:5]), changing{now}, strings.NewReader(typename[5:])))
	request.ContentLength = int64(len(typename))
	request.Header.Set("Content-Type", "application/json")
	server.ServeHTTP(httptest.NewRecorder(), request)
	if p.executed == before {
		t.Error("an answer is given that was kept before the question was read")
	}
}

// changing is a part of a body before which something changes.
type changing struct{ now *clock }

func (c changing) Read([]byte) (int, error) {
	c.now.number++
	return 0, io.EOF
}

// TestRequestsThatEndTooSoon are answered as without Answers.
func TestRequestsThatEndTooSoon(t *testing.T) {
	t.Parallel()
	_, server := newKeeper(1<<20, &clock{number: 1})
	request := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/graphql", strings.NewReader(typename[:9]))
	request.ContentLength = int64(len(typename))
	request.Header.Set("Content-Type", "application/json")
	answer := httptest.NewRecorder()
	server.ServeHTTP(answer, request)
	if answer.Code != http.StatusBadRequest || !strings.Contains(answer.Body.String(), "BAD_REQUEST") {
		t.Errorf("a body that ends too soon = %d %s, want %d", answer.Code, answer.Body, http.StatusBadRequest)
	}
}

// TestAnswersAreBounded asks more than can be kept, twice each: the last answers are, and none that is large.
func TestAnswersAreBounded(t *testing.T) {
	t.Parallel()
	const most = 64 << 10
	now := &clock{number: 1}
	p, server := newKeeper(most, now)
	answers := server.Transports[0].(transport.HTTP).Answers
	query := func(i int) string { return fmt.Sprintf(`{"query":"{ a%d: __typename }"}`, i) }
	const many = 200
	for i := range many {
		for range 2 {
			asked(t, server, strings.NewReader(query(i)))
		}
		asked(t, server, strings.NewReader(query(0)))
		if _, bytes := answers.Kept(); bytes > most {
			t.Fatalf("%d bytes are kept, want %d at most", bytes, most)
		}
	}
	if p.executed != 2*many {
		t.Errorf("%d were executed, want %d: what is asked for again and again stays", p.executed, 2*many)
	}
	if kept, _ := answers.Kept(); kept < many/10 || kept > many/2 {
		t.Errorf("%d answers are kept, want some and not all", kept)
	}
	asked(t, server, strings.NewReader(query(1)))
	if p.executed != 2*many+1 {
		t.Error("what was not asked for the longest time is kept")
	}
	large := `{"query":"{ ` + "a" + strings.Repeat("b", most/16) + `: __typename }"}`
	for range 3 {
		asked(t, server, strings.NewReader(large))
	}
	if p.executed != 2*many+4 {
		t.Error("an answer of more than a sixteenth is kept")
	}
	now.number++
	for range 2 {
		asked(t, server, strings.NewReader(typename))
	}
	if kept, _ := answers.Kept(); kept != 1 {
		t.Errorf("%d answers are kept after a change, want the one that was made since", kept)
	}
	if transport.NewAnswers(0, now) != nil {
		t.Error("NewAnswers(0) keeps some")
	}
}

// TestKeptAnswersStayAsTheyAre while others are written, by the same server, in memory that is used again.
func TestKeptAnswersStayAsTheyAre(t *testing.T) {
	t.Parallel()
	p, server := newKeeper(1<<20, &clock{number: 1})
	ask := func(alias string, header ...string) string {
		return asked(t, server, strings.NewReader(`{"query":"{ `+alias+`: __typename }"}`), header...).Body.String()
	}
	want := ask("a0")
	ask("a0") // now it is kept
	for i := range 100 {
		ask(fmt.Sprintf("a%d", i%9+1), "Authorization: Bearer x")
	}
	executed := p.executed
	if got := ask("a0"); got != want || p.executed != executed {
		t.Errorf("a kept answer is %s, want %s; it was made %d times more", got, want, p.executed-executed)
	}
}

// TestAnswersOfOneReader asks for each page of a long list, and that twice: no answer is kept, nor one forgotten that many ask for.
func TestAnswersOfOneReader(t *testing.T) {
	t.Parallel()
	p, server := newKeeper(1<<20, &clock{number: 1})
	popular := func() (executed int) {
		before := p.executed
		asked(t, server, strings.NewReader(typename))
		return p.executed - before
	}
	for range 2 {
		popular()
	}
	const pages = 20_000
	for range 2 {
		for i := range pages {
			asked(t, server, strings.NewReader(fmt.Sprintf(`{"query":"{ a%d: __typename }"}`, i)))
		}
	}
	if kept, _ := server.Transports[0].(transport.HTTP).Answers.Kept(); kept > 10 {
		t.Errorf("%d answers are kept, want that of the popular question, and by chance a few", kept)
	}
	if executed := popular(); executed != 0 {
		t.Error("the answer to a popular question is forgotten")
	}
}

// nothing is a response that nobody reads.
type nothing struct{ header http.Header }

func (n nothing) Header() http.Header         { return n.header }
func (n nothing) Write(b []byte) (int, error) { return len(b), nil }
func (n nothing) WriteHeader(int)             {}
