package graph

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"
	"weak"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
)

// collected are the fields of an operation's selections. It takes the place of graphql.CollectFields, which is asked only where it takes
// more than to go through the selection: where that has fragments, directives, or a field twice.
type collected struct {
	known atomic.Pointer[selections] // those of the operation's document
	last  atomic.Pointer[selection]  // what has been put together from fragments
	scope atomic.Pointer[scope]
}

type selection struct {
	of     ast.SelectionSet
	fields []graphql.CollectedField
	before *selection
	count  int // of those before
}

// collect returns the fields of a selection.
func (c *collected) collect(operation *graphql.OperationContext, of ast.SelectionSet, satisfies []string) []graphql.CollectedField {
	if len(of) == 0 {
		return graphql.CollectFields(operation, of, satisfies)
	}
	known := c.known.Load()
	if known == nil {
		known = selectionsOf(operation.Doc)
		c.known.Store(known)
	}
	if fields := (*known)[&of[0]]; len(fields) == len(of) {
		return fields
	}
	last := c.last.Load()
	for found := last; found != nil; found = found.before {
		if len(found.of) == len(of) && &found.of[0] == &of[0] {
			return found.fields
		}
	}
	fields := onlyFields(of)
	if fields == nil {
		return graphql.CollectFields(operation, of, satisfies)
	}
	const most = 16 // a look-up takes its time if there are more
	found := &selection{of: of, fields: fields, before: last}
	if last != nil {
		found.count = last.count + 1
	}
	if found.count < most {
		c.last.CompareAndSwap(last, found) // if others were faster, it is found again
	}
	return fields
}

// selections are the fields of those selections of a document that have nothing else, and each of them once, by where they begin.
type selections map[*ast.Selection][]graphql.CollectedField

// documents are the selections of each document that is in use or kept somewhere: *selections by weak.Pointer[ast.QueryDocument].
//
//nolint:gochecknoglobals // it is what is known of documents, whoever asks
var documents sync.Map

// selectionsOf finds them once for all who ask the same.
func selectionsOf(document *ast.QueryDocument) *selections {
	key := weak.Make(document)
	if found, known := documents.Load(key); known {
		return found.(*selections)
	}
	made := make(selections)
	for _, operation := range document.Operations {
		made.add(operation.SelectionSet)
	}
	for _, fragment := range document.Fragments {
		made.add(fragment.SelectionSet)
	}
	found, known := documents.LoadOrStore(key, &made)
	if !known {
		runtime.AddCleanup(document, func(key weak.Pointer[ast.QueryDocument]) { documents.Delete(key) }, key)
	}
	return found.(*selections)
}

// add adds a selection, and those within it; what fragments that are spread have is theirs.
func (s selections) add(of ast.SelectionSet) {
	if fields := onlyFields(of); len(fields) > 0 {
		s[&of[0]] = fields
	}
	for _, selected := range of {
		switch selected := selected.(type) {
		case *ast.Field:
			s.add(selected.SelectionSet)
		case *ast.InlineFragment:
			s.add(selected.SelectionSet)
		}
	}
}

// onlyFields are the fields of a selection that has nothing else, and each of them once; nil if there are none such.
func onlyFields(of ast.SelectionSet) []graphql.CollectedField {
	fields := make([]graphql.CollectedField, 0, len(of))
	for _, selected := range of {
		field, ok := selected.(*ast.Field)
		if !ok || len(field.Directives) > 0 || isAsked(fields, field.Alias) {
			return nil
		}
		fields = append(fields, graphql.CollectedField{Field: field, Selections: field.SelectionSet})
	}
	return fields
}

// scope is the context of what a field of an object has in it.
type scope struct {
	graphql.FieldContext

	above context.Context //nolint:containedctx // that of the object
	ctx   context.Context //nolint:containedctx // the one that is made for it
}

// below is the context of what a field has in it, by which errors there know their path: the one that was made last, if it is of the same
// field of the same object, or of the element before in a list.
func (c *collected) below(ctx context.Context, field graphql.CollectedField) context.Context {
	if last := c.scope.Load(); last != nil && last.above == ctx && last.Field.Field == field.Field {
		return last.ctx
	}
	made := &scope{FieldContext: graphql.FieldContext{Object: field.ObjectDefinition.Name, Field: field}, above: ctx}
	made.ctx = graphql.WithFieldContext(ctx, &made.FieldContext)
	c.scope.Store(made)
	return made.ctx
}
