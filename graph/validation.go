package graph

import (
	"errors"

	"github.com/99designs/gqlgen/graphql/errcode"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/validator/core"
	"github.com/vektah/gqlparser/v2/validator/rules"

	"postern/internal/fault"
)

// The names of our own rules of validation.
const (
	noIntrospection   = "NoIntrospection"
	literalsOfScalars = "LiteralsOfScalars"
)

// validationRules are those of the specification, and what gqlgen would only notice while it executes, or not at all.
func validationRules(introspection bool) func() *rules.Rules {
	return func() *rules.Rules {
		all := rules.NewDefaultRules()
		all.AddRule(literalsOfScalars, checkLiterals)
		if !introspection {
			all.AddRule(noIntrospection, refuseIntrospection)
		}
		return all
	}
}

// checkLiterals refuses an Int of more than 32 bits, and a DateTime that is none.
func checkLiterals(observers *core.Events, addError core.AddErrFunc) {
	observers.OnValue(func(_ *core.Walker, value *ast.Value) {
		if value.Definition == nil || value.ExpectedType == nil || value.Kind == ast.Variable || value.Kind == ast.NullValue ||
			value.Kind == ast.ListValue && value.ExpectedType.Elem != nil {
			return
		}
		if value.Kind == ast.ObjectValue && value.Definition.Kind == ast.Scalar { // gqlparser lets {} pass
			addError(core.Message("%s cannot represent an object", value.Definition.Name), core.At(value.Position))
			return
		}
		if name := value.Definition.Name; name == "DateTime" || name == "Int" && value.Kind == ast.IntValue {
			literal, err := value.Value(nil)
			if err != nil {
				return // the specification's rules say it
			}
			if known, wrong := errors.AsType[*fault.Error](checkScalar(name, literal)); wrong {
				addError(core.Message("%s", known.Message), core.At(value.Position))
			}
		}
	})
}

func refuseIntrospection(observers *core.Events, addError core.AddErrFunc) {
	observers.OnField(func(_ *core.Walker, field *ast.Field) {
		if field.Name == "__schema" || field.Name == "__type" {
			addError(core.Message("introspection is switched off"), core.At(field.Position))
		}
	})
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
	case "ValuesOfCorrectType", "VariablesInAllowedPosition", literalsOfScalars:
		err.Message = "this value does not fit here"
	case "":
		if ofVariable(err) {
			err.Message, err.Path = "a variable does not fit", err.Path[:min(2, len(err.Path))]
		}
	default:
		err.Message = "the document does not fit the schema"
	}
}
