package graph_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2/ast"

	"postern/graph"
	"postern/internal/auth"
	"postern/internal/limit"
	"postern/internal/store/storetest"
)

// TestRowsNeverExceedTheCost asks thousands of random queries: what is let pass returns no more objects than it costs.
func TestRowsNeverExceedTheCost(t *testing.T) {
	const queries = 10_000
	s := newServer(t, storetest.SQLiteURL(t))
	for _, handle := range []string{"ada", "bob"} {
		token := s.account(t, handle, auth.Author)
		for i := range 12 {
			s.ask(t, token, `mutation($title: String!) { createPost(input: {title: $title, content: "x"}) { post { id } } }`,
				map[string]any{"title": fmt.Sprint(handle, " ", i)})
		}
	}
	g := generator{
		random: rand.New(rand.NewPCG(1, 2)), // the same queries each time
		schema: graph.NewExecutableSchema(graph.Config{Resolvers: &graph.Resolver{}}).Schema(),
	}
	passed, most := 0, 0
	for range queries {
		query := "{" + g.selection(g.schema.Query, 9) + "}"
		body, err := json.Marshal(map[string]string{"query": query})
		if err != nil {
			t.Fatal(err)
		}
		request := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/graphql", strings.NewReader(string(body)))
		request.Header.Set("Content-Type", "application/json")
		request.Header.Set(limit.CostHeader, "1")
		recorder := httptest.NewRecorder()
		s.Config.Handler.ServeHTTP(recorder, request)
		var a struct {
			Data       any
			Errors     []struct{ Extensions struct{ Code string } }
			Extensions struct{ Cost struct{ Requested int } }
		}
		if err := json.Unmarshal(recorder.Body.Bytes(), &a); err != nil {
			t.Fatal(err)
		}
		if len(a.Errors) > 0 {
			if code := a.Errors[0].Extensions.Code; !strings.HasSuffix(code, "_LIMIT") {
				t.Fatalf("%s is no valid query: %s", query, recorder.Body)
			}
			continue
		}
		passed++
		rows := objects(a.Data) - 1 // but the root
		most = max(most, rows)
		if rows > a.Extensions.Cost.Requested {
			t.Fatalf("%s costs %d, and returns %d objects", query, a.Extensions.Cost.Requested, rows)
		}
	}
	t.Logf("%d of %d queries passed; the greatest answer has %d objects", passed, queries, most)
	if passed < queries/4 || most < 50 {
		t.Errorf("only %d of %d queries passed, with %d objects at most: they show little", passed, queries, most)
	}
}

// objects counts the objects in an answer.
func objects(data any) int {
	count := 0
	switch v := data.(type) {
	case map[string]any:
		count = 1
		for _, child := range v {
			count += objects(child)
		}
	case []any:
		for _, child := range v {
			count += objects(child)
		}
	}
	return count
}

// generator makes random queries that fit the schema.
type generator struct {
	random *rand.Rand
	schema *ast.Schema
}

func (g generator) selection(definition *ast.Definition, depth int) string {
	selected := []string{"__typename"}
	for range 1 + g.random.IntN(3) {
		field := definition.Fields[g.random.IntN(len(definition.Fields))]
		returned := g.schema.Types[field.Type.Name()]
		switch {
		case strings.HasPrefix(field.Name, "__"), returned.IsAbstractType(), field.Directives.ForName("auth") != nil:
		case !returned.IsCompositeType():
			selected = append(selected, field.Name)
		case depth > 1:
			selected = append(selected, fmt.Sprintf("a%d: %s%s { %s }",
				g.random.IntN(1<<20), field.Name, g.arguments(field), g.selection(returned, depth-1)))
		}
	}
	return strings.Join(selected, " ")
}

func (g generator) arguments(field *ast.FieldDefinition) string {
	switch {
	case field.Arguments.ForName("first") != nil:
		return []string{"", "(first: 5)", "(last: 3)", "(first: 0)", "(first: 20)", "(first: 100)"}[g.random.IntN(6)]
	case field.Arguments.ForName("by") == nil:
		return ""
	case field.Name == "post":
		return `(by: {slug: "ada-1"})`
	default:
		return []string{`(by: {handle: "ada"})`, `(by: {handle: "nobody"})`}[g.random.IntN(2)]
	}
}
