package graph

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strconv"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"postern/internal/fault"
)

// variables refuses values of variables that their type does not have (GraphQL, section 6.1.2), before anything is executed.
// What gqlgen checks of them is the shape: it takes a text for an Int, an Int of 64 bits, anything for a scalar of ours, and
// any number of the fields of an input object marked @oneOf (section 3.10.1), and leaves the rest to the fields that use them.
type variables struct {
	schema *ast.Schema
}

var _ interface {
	graphql.HandlerExtension
	graphql.OperationContextMutator
} = (*variables)(nil)

// ExtensionName implements graphql.HandlerExtension.
func (*variables) ExtensionName() string { return "Variables" }

// Validate implements graphql.HandlerExtension.
func (v *variables) Validate(es graphql.ExecutableSchema) error {
	v.schema = es.Schema()
	return nil
}

// MutateOperationContext implements graphql.OperationContextMutator; it changes nothing.
func (v *variables) MutateOperationContext(_ context.Context, operation *graphql.OperationContext) *gqlerror.Error {
	var nulls map[string]bool
	for _, variable := range operation.Operation.VariableDefinitions {
		if value, given := operation.Variables[variable.Variable]; given && value == nil {
			if nulls == nil {
				nulls = make(map[string]bool)
			}
			nulls[variable.Variable] = true
		}
		if err := v.check(variable.Type, operation.Variables[variable.Variable], nil); err != nil {
			err.Path = slices.Concat(ast.Path{ast.PathName("variable"), ast.PathName(variable.Variable)}, err.Path)
			return err
		}
	}
	if len(nulls) == 0 {
		return nil
	}
	return misplaced{nulls, make(map[string]bool)}.selection(operation.Operation.SelectionSet)
}

func (v *variables) check(t *ast.Type, value any, path ast.Path) *gqlerror.Error {
	if value == nil { // gqlgen has checked that it may be
		return nil
	}
	if t.Elem != nil {
		list, ok := value.([]any)
		if !ok { // one item stands for a list of it
			return v.check(t.Elem, value, path)
		}
		for i, item := range list {
			if err := v.check(t.Elem, item, append(slices.Clip(path), ast.PathIndex(i))); err != nil {
				return err
			}
		}
		return nil
	}
	switch definition := v.schema.Types[t.NamedType]; definition.Kind {
	case ast.InputObject:
		object, _ := value.(map[string]any) // gqlgen has checked that it is
		return v.checkObject(definition, object, path)
	case ast.Scalar:
		if err := checkScalar(definition.Name, value); err != nil {
			return gqlerror.WrapPath(path, err)
		}
	case ast.Enum, ast.Interface, ast.Object, ast.Union: // gqlgen has checked them
	}
	return nil
}

func (v *variables) checkObject(definition *ast.Definition, object map[string]any, path ast.Path) *gqlerror.Error {
	if definition.Directives.ForName("oneOf") != nil && !isOne(object) {
		return gqlerror.WrapPath(path, fault.New(fault.Invalid, "exactly one field must be given, and not as null"))
	}
	for _, field := range definition.Fields {
		if err := v.check(field.Type, object[field.Name], append(slices.Clip(path), ast.PathName(field.Name))); err != nil {
			return err
		}
	}
	return nil
}

func isOne(object map[string]any) bool {
	for value := range maps.Values(object) {
		return len(object) == 1 && value != nil
	}
	return false
}

// checkScalar tells what is wrong with a value of a scalar; nil if nothing is.
func checkScalar(name string, value any) (err error) {
	switch name {
	case "Int":
		_, err = UnmarshalInt(value)
	case "String":
		_, err = UnmarshalString(value)
	case "Boolean":
		_, err = UnmarshalBoolean(value)
	case "DateTime":
		_, err = UnmarshalDateTime(value)
	case "ID":
		if number, ok := value.(json.Number); ok {
			if _, fraction := strconv.ParseInt(number.String(), 10, 64); fraction != nil {
				return fault.New(fault.Invalid, "ID cannot represent this value: it is neither text nor an integer")
			}
		}
	}
	return err
}
