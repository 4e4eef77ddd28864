package graph

import (
	"context"
	"slices"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/errcode"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// oneOf refuses variables that give none or several of the fields of an input object marked @oneOf, or null for one
// (GraphQL, section 3.10.1): gqlgen checks that of literals only.
type oneOf struct {
	schema *ast.Schema
}

var _ interface {
	graphql.HandlerExtension
	graphql.OperationContextMutator
} = (*oneOf)(nil)

// ExtensionName implements graphql.HandlerExtension.
func (*oneOf) ExtensionName() string { return "OneOf" }

// Validate implements graphql.HandlerExtension.
func (o *oneOf) Validate(es graphql.ExecutableSchema) error {
	o.schema = es.Schema()
	return nil
}

// MutateOperationContext implements graphql.OperationContextMutator; it changes nothing.
func (o *oneOf) MutateOperationContext(_ context.Context, operation *graphql.OperationContext) *gqlerror.Error {
	for _, variable := range operation.Operation.VariableDefinitions {
		path := ast.Path{ast.PathName("variable"), ast.PathName(variable.Variable)}
		if err := o.check(variable.Type, operation.Variables[variable.Variable], path); err != nil {
			return err
		}
	}
	return nil
}

func (o *oneOf) check(t *ast.Type, value any, path ast.Path) *gqlerror.Error {
	switch value := value.(type) {
	case []any:
		for i, element := range value {
			elementType := t
			if t.Elem != nil {
				elementType = t.Elem
			}
			if err := o.check(elementType, element, append(slices.Clip(path), ast.PathIndex(i))); err != nil {
				return err
			}
		}
	case map[string]any:
		definition := o.schema.Types[t.Name()]
		if definition == nil || definition.Kind != ast.InputObject {
			return nil
		}
		if definition.Directives.ForName("oneOf") != nil && !isOne(value) {
			err := gqlerror.ErrorPathf(path, "exactly one field must be given, and not as null")
			errcode.Set(err, codeBadUserInput)
			return err
		}
		for _, field := range definition.Fields {
			if err := o.check(field.Type, value[field.Name], append(slices.Clip(path), ast.PathName(field.Name))); err != nil {
				return err
			}
		}
	}
	return nil
}

func isOne(object map[string]any) bool {
	for _, value := range object {
		return len(object) == 1 && value != nil
	}
	return false
}
