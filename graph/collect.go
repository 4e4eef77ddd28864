package graph

import (
	"context"
	"sync/atomic"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
)

// collected are the fields of an operation's selections, found once each: each element of a list is asked for the same. It takes the
// place of graphql.CollectFields, which is asked only where it takes more than to go through the selection: where that has fragments,
// directives, or a field twice.
type collected struct {
	last  atomic.Pointer[selection]
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
	last := c.last.Load()
	for known := last; known != nil; known = known.before {
		if len(known.of) == len(of) && &known.of[0] == &of[0] {
			return known.fields
		}
	}
	fields, ok := onlyFields(of)
	if !ok {
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

// onlyFields are the fields of a selection that has nothing else, and each of them once.
func onlyFields(of ast.SelectionSet) ([]graphql.CollectedField, bool) {
	fields := make([]graphql.CollectedField, len(of))
	for i, selected := range of {
		field, ok := selected.(*ast.Field)
		if !ok || len(field.Directives) > 0 || isAsked(fields[:i], field.Alias) {
			return nil, false
		}
		fields[i] = graphql.CollectedField{Field: field, Selections: field.SelectionSet}
	}
	return fields, len(of) > 0
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
