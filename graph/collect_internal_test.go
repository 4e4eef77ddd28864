package graph

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"testing"
	"weak"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/parser"
)

// TestCollect compares the fields that are collected, at first and again, with those that gqlgen collects.
func TestCollect(t *testing.T) {
	for _, text := range []string{
		`{ a }`, `{ a b c }`, `{ a b: a c }`, `{ a { x } a { y } }`, `{ a: b a: b }`, `{ a @skip(if: true) b }`, `{ a @include(if: $yes) b }`,
		`{ ...F b } fragment F on Post { b a }`, `{ ... on Post { a } b }`, `{ ... on User { a } b }`, `{ b ... @include(if: false) { a } }`,
		`{ a { x { y } } }`, `{ __typename }`, `{ a ...F ...F } fragment F on Node { a { x } }`,
		`{ a b c d e f g h i j k l m n o p q r s t }`,
	} {
		document, err := parser.ParseQuery(&ast.Source{Input: text})
		if err != nil {
			t.Fatal(err)
		}
		of := document.Operations[0].SelectionSet
		operation := &graphql.OperationContext{Doc: document, Variables: map[string]any{"yes": false}}
		want := graphql.CollectFields(&graphql.OperationContext{Doc: document, Variables: operation.Variables}, of, []string{"Post", "Node"})
		var c collected
		for range 3 {
			got := c.collect(operation, of, []string{"Post", "Node"})
			if !slices.EqualFunc(got, want, sameField) {
				t.Errorf("%s collects %v, want %v", text, got, want)
			}
		}
	}
}

func sameField(a, b graphql.CollectedField) bool {
	return a.Alias == b.Alias && a.Name == b.Name && a.IsDeferred() == b.IsDeferred() && slices.Equal(a.Selections, b.Selections)
}

// TestCollectAtOnce: selections that many ask for at the same time, more of them than are kept.
func TestCollectAtOnce(t *testing.T) {
	const many = 40
	document := new(ast.QueryDocument)
	operation := &graphql.OperationContext{Doc: document}
	var c collected
	var all []ast.SelectionSet
	for range many {
		all = append(all, ast.SelectionSet{&ast.Field{Alias: "a", Name: "a"}, &ast.Field{Alias: "b", Name: "b"}})
	}
	for _, of := range all[:many/2] { // the others are of no document, as what fragments make
		document.Operations = append(document.Operations, &ast.OperationDefinition{SelectionSet: of})
	}
	var asking sync.WaitGroup
	for range 8 {
		asking.Go(func() {
			for range 50 {
				for _, of := range all {
					fields := c.collect(operation, of, nil)
					if len(fields) != 2 || fields[0].Field != of[0] || fields[1].Field != of[1] {
						t.Error("a selection has another one's fields")
						return
					}
				}
			}
		})
	}
	asking.Wait()
	kept := 0
	for s := c.last.Load(); s != nil; s = s.before {
		kept++
	}
	if known := len(*selectionsOf(document)); kept != 16 || known != many/2 {
		t.Errorf("%d selections are kept, and %d known, want 16 and %d", kept, known, many/2)
	}
}

// TestDocumentsAreForgotten: what is known of a document goes with it, and stays as long as it does.
func TestDocumentsAreForgotten(t *testing.T) {
	kept := new(ast.QueryDocument)
	first := selectionsOf(kept)
	var gone []weak.Pointer[ast.QueryDocument]
	for range 100 {
		document := new(ast.QueryDocument)
		if selectionsOf(document) != selectionsOf(document) { //nolint:staticcheck // the same, asked twice
			t.Error("a document is known twice")
		}
		gone = append(gone, weak.Make(document))
	}
	for _, key := range gone {
		for _, is := documents.Load(key); is; _, is = documents.Load(key) { // it has no end unless they are forgotten
			runtime.GC()
			runtime.Gosched()
		}
	}
	if selectionsOf(kept) != first {
		t.Error("a document that is kept was forgotten")
	}
}

// TestPathBelowPlainFields: whatever fails below fields that nothing resolves is told with its whole path.
func TestPathBelowPlainFields(t *testing.T) {
	field := func(name string, below ...ast.Selection) graphql.CollectedField {
		return graphql.CollectedField{
			Field: &ast.Field{Alias: name, ObjectDefinition: &ast.Definition{Name: "T"}}, Selections: below,
		}
	}
	var c collected
	author := field("author", &ast.Field{}) // the same in each element, as in a document
	index := 0
	leaf := func(ctx context.Context, _ ast.SelectionSet, value string) graphql.Marshaler {
		if path := graphql.GetPath(ctx).String(); path != fmt.Sprintf("list[%d].author", index) {
			t.Errorf("the path is %s, in element %d", path, index)
		}
		return MarshalString(value)
	}
	plain(t.Context(), &c, field("list", &ast.Field{}), 3, func(ctx context.Context, _ ast.SelectionSet, length int) graphql.Marshaler {
		return marshalInOrder(ctx, length, 0, false, func(ctx context.Context, i int) graphql.Marshaler {
			index = i
			return plain(ctx, &c, author, "", func(ctx context.Context, _ ast.SelectionSet, _ string) graphql.Marshaler {
				return plain(ctx, &c, field("name"), "Ada", leaf)
			})
		})
	})
}

// TestFailureOfATextIsToldWithItsPath, in each element of a list.
func TestFailureOfATextIsToldWithItsPath(t *testing.T) {
	ctx := graphql.WithResponseContext(t.Context(), graphql.DefaultErrorPresenter, graphql.DefaultRecover)
	content := graphql.CollectedField{Field: &ast.Field{Alias: "text", Name: "content", ObjectDefinition: &ast.Definition{Name: "Post"}}}
	var c collected
	marshalInOrder(ctx, 2, 0, false, func(ctx context.Context, _ int) graphql.Marshaler {
		value := told(ctx, &c, content, func() (string, error) { return "", errors.New("it was not read") }, nil)
		if value != graphql.Null {
			t.Errorf("what failed is %v, want null", value)
		}
		return value
	})
	var paths []string
	for _, err := range graphql.GetErrors(ctx) {
		paths = append(paths, err.Path.String())
	}
	if want := []string{"[0].text", "[1].text"}; !slices.Equal(paths, want) {
		t.Errorf("errors are told at %q, want %q", paths, want)
	}
}

// TestWrongArgumentIsToldWithItsPath, though arguments are read without one.
func TestWrongArgumentIsToldWithItsPath(t *testing.T) {
	ctx := graphql.WithFieldContext(t.Context(), &graphql.FieldContext{Field: graphql.CollectedField{Field: &ast.Field{Alias: "latest"}}})
	for want, given := range map[string]map[string]any{
		"latest.first":               {"first": "x"},
		"latest.filter.createdSince": {"first": json.Number("1"), "filter": map[string]any{"createdSince": "x"}},
	} {
		_, err := new(executionContext).field_Query_posts_args(ctx, given)
		told, ok := errors.AsType[*gqlerror.Error](err)
		if !ok || told.Path.String() != want {
			t.Errorf("%v is refused by %v, want the path %s", given, err, want)
		}
	}
}
