package limit

import (
	"testing"

	"github.com/99designs/gqlgen/graphql"

	"postern/graph"
)

// FuzzDocument holds whatever it likes to the limits: what is looked at is bounded by the document's length, and what passes
// all of them costs no more than it may.
func FuzzDocument(f *testing.F) {
	for _, h := range readHostile(f) {
		if len(h.document) < 1000 {
			f.Add(h.document)
		}
	}
	f.Add("{ posts(first: 3) { nodes { ...F } } } fragment F on Post { id author { posts(last: 2) { totalCount } } }")
	e, limits := newExecutor(f), Default()
	prices := readPrices(graph.NewExecutableSchema(graph.Config{Resolvers: &graph.Resolver{}}).Schema())
	f.Fuzz(func(t *testing.T, document string) {
		visited, err := limits.checkDocument(document)
		if visited > 4*len(document)+4 {
			t.Errorf("%d nodes of a document of %d bytes were visited", visited, len(document))
		}
		operation, errs := e.CreateOperationContext(t.Context(), &graphql.RawParams{Query: document})
		if err != nil && len(errs) == 0 {
			t.Fatalf("the executor let pass what the limits refuse: %v", err)
		}
		if len(errs) > 0 {
			return
		}
		estimate := estimate{prices: prices, document: operation.Doc, variables: operation.Variables, fragments: map[spread]int{}}
		if cost := estimate.selection(operation.Operation.SelectionSet, nil, 0); cost < 0 || cost > limits.Cost {
			t.Errorf("it costs %d", cost)
		}
	})
}
