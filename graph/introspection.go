package graph

import (
	"github.com/99designs/gqlgen/graphql/errcode"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/validator/core"
	"github.com/vektah/gqlparser/v2/validator/rules"
)

// noIntrospection is the name of the rule that nothing asks for the schema.
const noIntrospection = "NoIntrospection"

// rulesWithoutIntrospection are the rules of validation, and one more: nothing asks for the schema. gqlgen would refuse it
// too, but only while it executes, and without a code.
func rulesWithoutIntrospection() *rules.Rules {
	all := rules.NewDefaultRules()
	all.AddRule(noIntrospection, func(observers *core.Events, addError core.AddErrFunc) {
		observers.OnField(func(_ *core.Walker, field *ast.Field) {
			if field.Name == "__schema" || field.Name == "__type" {
				addError(core.Message("introspection is switched off"), core.At(field.Position))
			}
		})
	})
	return all
}

// reticent makes an error of a document say nothing of the schema, as GraphQL's own errors do: they name types, and what
// else there is of a similar name. Where in the document it is stays.
func reticent(err *gqlerror.Error) {
	if err.Extensions["code"] != errcode.ValidationFailed {
		return
	}
	switch err.Rule {
	case "LoneAnonymousOperation", "NoFragmentCycles", "NoUndefinedVariables", "NoUnusedFragments", "NoUnusedVariables",
		"KnownFragmentNames", "UniqueArgumentNames", "UniqueDirectivesPerLocation", "UniqueFragmentNames",
		"UniqueInputFieldNames", "UniqueOperationNames", "UniqueVariableNames", noIntrospection:
		return // of the document alone
	case "FieldsOnCorrectType", "FieldsOnCorrectTypeWithoutSuggestions":
		err.Message = "there is no such field here"
	case "KnownArgumentNames":
		err.Message = "there is no such argument here"
	case "KnownDirectives":
		err.Message = "there is no such directive here"
	case "KnownTypeNames", "FragmentsOnCompositeTypes", "PossibleFragmentSpreads", "VariablesAreInputTypes":
		err.Message = "this type does not fit here"
	case "ProvidedRequiredArguments":
		err.Message = "an argument is missing here"
	case "ScalarLeafs", "ScalarLeafsWithoutSuggestions":
		err.Message = "this field needs a selection, or must have none"
	case "ValuesOfCorrectType", "VariablesInAllowedPosition":
		err.Message = "this value does not fit here"
	case "":
		if len(err.Path) > 0 { // of a variable
			err.Message, err.Path = "a variable does not fit", err.Path[:min(2, len(err.Path))]
		}
	default:
		err.Message = "the document does not fit the schema"
	}
}
