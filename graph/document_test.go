package graph_test

import (
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

// operationOf is an operation of one root field, generated from the schema: all that must be given is given by variables, and all
// that can be had of the answer is selected, a few objects deep.
func operationOf(schema *ast.Schema, root *ast.Definition, field *ast.FieldDefinition) string {
	var declared, given []string
	for _, argument := range field.Arguments {
		if argument.Type.NonNull {
			declared = append(declared, "$"+argument.Name+": "+argument.Type.String())
			given = append(given, argument.Name+": $"+argument.Name)
		}
	}
	const depth = 3
	return strings.ToLower(root.Name) + bracketed(declared) +
		" { " + field.Name + bracketed(given) + selectionOf(schema, schema.Types[field.Type.Name()], depth) + " }"
}

func bracketed(list []string) string {
	if len(list) == 0 {
		return ""
	}
	return "(" + strings.Join(list, ", ") + ")"
}

// selectionOf selects all fields of a type, and of what implements it, but for objects that lie too deep.
func selectionOf(schema *ast.Schema, of *ast.Definition, depth int) string {
	if !of.IsCompositeType() {
		return ""
	}
	selected := []string{" { __typename"}
	for _, field := range of.Fields {
		within := schema.Types[field.Type.Name()]
		if strings.HasPrefix(field.Name, "__") || within.IsCompositeType() && depth == 1 {
			continue
		}
		selected = append(selected, field.Name+selectionOf(schema, within, depth-1))
	}
	if of.IsAbstractType() {
		for _, kind := range schema.GetPossibleTypes(of) {
			selected = append(selected, "... on "+kind.Name+selectionOf(schema, kind, depth))
		}
	}
	return strings.Join(selected, " ") + " }"
}
