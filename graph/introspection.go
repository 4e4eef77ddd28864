package graph

import (
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/validator/core"
	"github.com/vektah/gqlparser/v2/validator/rules"
)

// rulesWithoutIntrospection are the rules of validation, and one more: nothing asks for the schema. gqlgen would refuse it
// too, but only while it executes, and without a code.
func rulesWithoutIntrospection() *rules.Rules {
	all := rules.NewDefaultRules()
	all.AddRule("NoIntrospection", func(observers *core.Events, addError core.AddErrFunc) {
		observers.OnField(func(_ *core.Walker, field *ast.Field) {
			if field.Name == "__schema" || field.Name == "__type" {
				addError(core.Message("introspection is switched off"), core.At(field.Position))
			}
		})
	})
	return all
}
