package executor_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"testing"

	"github.com/99designs/gqlgen/graphql"
	gqlgen "github.com/99designs/gqlgen/graphql/executor"
	"github.com/99designs/gqlgen/graphql/handler/lru"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"postern/internal/executor"
)

// made is a schema whose execution is the test's.
type made struct {
	schema *ast.Schema
	exec   func(ctx context.Context) graphql.ResponseHandler
}

func (m made) Schema() *ast.Schema { return m.schema }

func (m made) Complexity(context.Context, string, string, int, map[string]any) (int, bool) {
	return 0, false
}

func (m made) Exec(ctx context.Context) graphql.ResponseHandler { return m.exec(ctx) }

// answering answers each operation of a query or a mutation once, and those of a subscription three times, with what is known of it.
func answering(t *testing.T) made {
	t.Helper()
	schema, err := gqlparser.LoadSchema(&ast.Source{Input: `
		type Query { a(id: ID, text: String, number: Int, list: [ID!], given: Given, yes: Boolean! = true): Int }
		input Given { id: ID! text: String = "by default" }
		type Mutation { a: Int }
		type Subscription { a(fail: Boolean): Int }
	`})
	if err != nil {
		t.Fatal(err)
	}
	return made{schema, func(ctx context.Context) graphql.ResponseHandler {
		operation := graphql.GetOperationContext(ctx)
		left := 1
		if operation.Operation.Operation == ast.Subscription {
			left = 3
			if operation.Variables["fail"] == true {
				graphql.AddErrorf(ctx, "it fails before it begins")
			}
		}
		return func(ctx context.Context) *graphql.Response {
			if left == 0 {
				return nil
			}
			left--
			if left == 1 {
				graphql.AddErrorf(ctx, "one of them fails")
			}
			data, err := json.Marshal([]any{
				operation.RawQuery, operation.OperationName, operation.Operation.Operation, operation.Extensions,
				operation.DisableIntrospection, ctx.Value(within{}), left,
			})
			if err != nil {
				t.Error(err)
			}
			return &graphql.Response{Data: data}
		}
	}}
}

type within struct{}

// spy notes what it is told, and puts something into the context and the response.
type spy struct {
	name string
	seen *[]string
}

func (s spy) note(ctx context.Context, what string) {
	*s.seen = append(*s.seen, fmt.Sprint(s.name, " ", what, " ", graphql.HasOperationContext(ctx)))
}

func (s spy) ExtensionName() string { return s.name }

func (s spy) Validate(schema graphql.ExecutableSchema) error {
	if schema.Schema() == nil {
		return errors.New("there is no schema")
	}
	return nil
}

func (s spy) MutateOperationParameters(ctx context.Context, params *graphql.RawParams) *gqlerror.Error {
	s.note(ctx, "parameters "+params.Query)
	if params.OperationName == "refused by "+s.name {
		return gqlerror.Errorf("these parameters are refused")
	}
	return nil
}

func (s spy) MutateOperationContext(ctx context.Context, operation *graphql.OperationContext) *gqlerror.Error {
	s.note(ctx, "operation "+operation.Operation.Name)
	operation.DisableIntrospection = false
	if operation.Operation.Name == "Refused"+s.name {
		return gqlerror.Errorf("this operation is refused")
	}
	return nil
}

func (s spy) InterceptOperation(ctx context.Context, next graphql.OperationHandler) graphql.ResponseHandler {
	s.note(ctx, "begins")
	return next(context.WithValue(ctx, within{}, fmt.Sprint(ctx.Value(within{}), s.name)))
}

func (s spy) InterceptResponse(ctx context.Context, next graphql.ResponseHandler) *graphql.Response {
	s.note(ctx, "responds")
	graphql.RegisterExtension(ctx, s.name, "was here")
	response := next(ctx)
	if response != nil {
		response.Errors = append(response.Errors, gqlerror.Errorf("%s was here", s.name))
	}
	return response
}

// ran is what comes of a request: each response as JSON, and what the extensions have seen.
func ran(t *testing.T, exec interface {
	graphql.GraphExecutor
	Use(extension graphql.HandlerExtension)
}, params graphql.RawParams, ended bool,
) (responses, seen []string) {
	t.Helper()
	exec.Use(spy{"A", &seen})
	exec.Use(spy{"B", &seen})
	write := func(response *graphql.Response) {
		text, err := json.Marshal(response)
		if err != nil {
			t.Error(err)
		}
		responses = append(responses, string(text))
	}
	for range 2 { // the second time by a document that is known
		params := params
		ctx, cancel := context.WithCancel(graphql.StartOperationTrace(t.Context()))
		operation, errs := exec.CreateOperationContext(ctx, &params)
		if errs != nil {
			write(exec.DispatchError(graphql.WithOperationContext(ctx, operation), errs))
			cancel()
			continue
		}
		handler, ctx := exec.DispatchOperation(ctx, operation)
		if ended {
			cancel()
		}
		for range 5 { // more than there are
			write(handler(ctx))
		}
		seen = append(seen, fmt.Sprint(ctx.Value(within{}), graphql.GetOperationContext(ctx) == operation, ctx.Err()))
		cancel()
	}
	return responses, seen
}

// TestSameAsGQLGens compares what clients and extensions see with what they do of gqlgen's own executor.
func TestSameAsGQLGens(t *testing.T) {
	t.Parallel()
	for _, params := range []graphql.RawParams{
		{Query: `{ a }`},
		{Query: `query One { a } query Two { a }`, OperationName: "Two", Extensions: map[string]any{"x": 1}},
		{Query: `query One { a } query Two { a }`},
		{Query: `query One { a }`, OperationName: "Three"},
		{Query: `mutation { a }`},
		{Query: `subscription { a }`},
		{Query: `subscription($fail: Boolean) { a(fail: $fail) }`, Variables: map[string]any{"fail": true}},
		{Query: ``},
		{Query: `{`},
		{Query: `{ b }`},
		{Query: `{ a { b } }`},
		{Query: `fragment F on Query { a }`},
		{Query: "{ a } \x00"},
		{Query: `query($id: ID!) { a(id: $id) }`},
		{Query: `query($id: ID!) { a(id: $id) }`, Variables: map[string]any{"id": 1.5}},
		{Query: `{ a }`, OperationName: "refused by A"},
		{Query: `{ a }`, OperationName: "refused by B"},
		{Query: `query RefusedA { a }`},
		{Query: `query RefusedB { a }`},
	} {
		for _, ended := range []bool{false, true} {
			theirs := gqlgen.New(answering(t))
			theirs.SetQueryCache(lru.New[*ast.QueryDocument](10))
			want, wanted := ran(t, theirs, params, ended)
			ours := executor.New(executor.Options{Schema: answering(t), Documents: lru.New[*ast.QueryDocument](10)})
			got, seen := ran(t, ours, params, ended)
			if !reflect.DeepEqual(got, want) {
				t.Errorf("%+v is answered\n%v, want\n%v", params, got, want)
			}
			if !reflect.DeepEqual(seen, wanted) {
				t.Errorf("extensions see of %+v\n%v, want\n%v", params, seen, wanted)
			}
		}
	}
}

// TestVariablesAreThoseOfGQLGens: texts are taken as they are, without a look at what gqlgen would make of them.
func TestVariablesAreThoseOfGQLGens(t *testing.T) {
	t.Parallel()
	values := []any{
		nil, "", "text", json.Number("7"), json.Number("7.5"), 7, true,
		[]any{},
		[]any{"a", nil},
		[]any{"a", "b"},
		map[string]any{},
		map[string]any{"id": "a"},
		map[string]any{"id": "a", "text": nil},
		map[string]any{"id": "a", "x": 1},
	}
	theirs, ours := gqlgen.New(answering(t)), executor.New(executor.Options{Schema: answering(t)})
	for _, variable := range []string{
		"$id: ID", "$id: ID!", `$id: ID = "d"`, "$text: String", "$text: String!", "$number: Int", "$list: [ID!]", "$list: [ID!]!",
		"$given: Given", "$given: Given!", "$yes: Boolean!", "$id: ID, $text: String", "$id: ID!, $text: String!", "$number: Int, $id: ID",
	} {
		query := "query(" + variable + ") { a(" + regexp.MustCompile(`\$(\w+):[^,]*`).ReplaceAllString(variable, "$1: $$$1") + ") }"
		for _, value := range values {
			for _, name := range []string{"id", "text", "number", "list", "given", "yes", "unknown"} {
				for _, variables := range []map[string]any{nil, {}, {name: value}, {name: value, "id": "a"}, {name: value, "text": "b", "id": "a"}} {
					want, wanted := theirs.CreateOperationContext(
						graphql.StartOperationTrace(t.Context()), &graphql.RawParams{Query: query, Variables: variables})
					got, errs := ours.CreateOperationContext(t.Context(), &graphql.RawParams{Query: query, Variables: variables})
					if fmt.Sprint(errs) != fmt.Sprint(wanted) || len(got.Variables)+len(want.Variables) > 0 && !reflect.DeepEqual(got.Variables, want.Variables) {
						t.Errorf("%s with %v has %v, %v, want %v, %v", query, variables, got.Variables, errs, want.Variables, wanted)
					}
				}
			}
		}
	}
}

// useless extends nothing, and around goes around fields.
type useless struct{ graphql.HandlerExtension }

func (useless) ExtensionName() string { return "Useless" }

func (useless) Validate(graphql.ExecutableSchema) error { return nil }

type around struct{ useless }

func (around) InterceptField(ctx context.Context, next graphql.Resolver) (any, error) {
	return next(ctx)
}

func TestUseRefusesWhatHasNoEffect(t *testing.T) {
	t.Parallel()
	for name, extension := range map[string]graphql.HandlerExtension{
		"useless": useless{}, "around fields": around{}, "not valid": spy{name: "S"},
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("Use(%s) goes well, want a panic", name)
				}
			}()
			executor.New(executor.Options{Schema: made{}}).Use(extension)
		}()
	}
}
