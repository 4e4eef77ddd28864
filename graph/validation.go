package graph

import (
	"errors"
	"fmt"
	"iter"
	"regexp"
	"strings"

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
	oneStream         = "OneStream"
)

// validationRules are those of the specification, and what gqlgen would only notice while it executes, or not at all.
func validationRules(introspection bool) func() *rules.Rules {
	return func() *rules.Rules {
		all := rules.NewDefaultRules()
		all.AddRule(literalsOfScalars, checkLiterals)
		all.AddRule(oneStream, checkStream)
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

// checkStream lets a subscription have one field only, and that unconditionally (section 5.2.4.1 of the specification);
// gqlparser's rule lets pass the same one twice under other names.
func checkStream(observers *core.Events, addError core.AddErrFunc) {
	observers.OnOperation(func(_ *core.Walker, operation *ast.OperationDefinition) {
		if operation.Operation != ast.Subscription {
			return
		}
		first := ""
		for directives, field := range rootsOf(operation.SelectionSet, make(map[string]bool)) {
			switch {
			case directives.ForName("skip") != nil || directives.ForName("include") != nil:
				addError(core.Message("a subscription must not be conditional"), core.At(operation.Position))
			case field != nil && first != "" && field.Alias != first:
				addError(core.Message("a subscription must have one field only"), core.At(field.Position))
			case field != nil:
				first = field.Alias
			}
		}
	})
}

// rootsOf are the selections at the root of an operation, each with its directives: fields, and fragments, which are nil, before
// what is in them.
func rootsOf(selections ast.SelectionSet, seen map[string]bool) iter.Seq2[ast.DirectiveList, *ast.Field] {
	return func(yield func(ast.DirectiveList, *ast.Field) bool) {
		for _, selection := range selections {
			var directives ast.DirectiveList
			var field *ast.Field
			var within ast.SelectionSet
			switch selection := selection.(type) {
			case *ast.Field:
				directives, field = selection.Directives, selection
			case *ast.InlineFragment:
				directives, within = selection.Directives, selection.SelectionSet
			case *ast.FragmentSpread:
				directives = selection.Directives
				if selection.Definition != nil && !seen[selection.Name] {
					seen[selection.Name] = true
					within = selection.Definition.SelectionSet
				}
			}
			if !yield(directives, field) {
				return
			}
			for directives, field := range rootsOf(within, seen) {
				if !yield(directives, field) {
					return
				}
			}
		}
	}
}

func refuseIntrospection(observers *core.Events, addError core.AddErrFunc) {
	observers.OnField(func(_ *core.Walker, field *ast.Field) {
		if field.Name == "__schema" || field.Name == "__type" {
			addError(core.Message("introspection is switched off"), core.At(field.Position))
		}
	})
}

// How gqlparser quotes what somebody wrote: a token that it did not expect, and a value of a document or of a variable that does
// not fit.
var (
	quotedToken    = regexp.MustCompile(`(?s)(Name|Int|Float|String|Comment) ".*|(escape sequence): .*`)
	quotedValue    = regexp.MustCompile(`(?s)(: |, found ).*`)
	quotedEnum     = regexp.MustCompile(`(?s)^Value ".*" does not exist`)
	quotedVariable = regexp.MustCompile(`(?s)^.*( is not a valid \w+)$`)
	quotedNumber   = regexp.MustCompile(`(?s)^(cannot use) (?:value |[-+.0-9]).*( as \w+).*$`)
	quotedDefault  = regexp.MustCompile(`(?s)^strconv\..*$`)
)

// shortName is what somebody may have misspelt, rather than a token.
var shortName = regexp.MustCompile(`^[_A-Za-z][_0-9A-Za-z]{0,39}$`)

// discreet takes out of an error what somebody wrote that does not fit: it may be a password in the wrong place, and front ends
// log errors. Where it stands in the document stays.
func discreet(err *gqlerror.Error) {
	switch {
	case err.Extensions["code"] == errcode.ParseFailed:
		err.Message = quotedToken.ReplaceAllString(err.Message, "$1$2")
	case strings.HasPrefix(err.Rule, "ValuesOfCorrectType") && !strings.HasSuffix(err.Message, ", found null."):
		err.Message = quotedEnum.ReplaceAllString(quotedValue.ReplaceAllString(err.Message, ""), "The value does not exist")
	case err.Message == "operation  not found": // the executor looked for one without a name
		err.Message = "the document has several operations: operationName must say which"
	case strings.HasPrefix(err.Message, "operation ") && strings.HasSuffix(err.Message, " not found"):
		err.Message = "the document has no operation of this name"
	case ofVariable(err) && err.Message == "unknown field": // the path ends with what stands in the place of its name
		if last := len(err.Path) - 1; !shortName.MatchString(fmt.Sprint(err.Path[last])) {
			err.Path = err.Path[:last]
		}
	case ofVariable(err):
		err.Message = quotedVariable.ReplaceAllString(err.Message, "the value$1")
		err.Message = quotedNumber.ReplaceAllString(err.Message, "$1 the value$2")
		err.Message = quotedDefault.ReplaceAllString(err.Message, "the value by default does not fit")
	}
}

// reticent makes an error of a document say nothing of the schema, as GraphQL's own errors do: they name types, and what
// else there is of a similar name. Where in the document it is stays.
func reticent(err *gqlerror.Error) {
	if err.Extensions["code"] != errcode.ValidationFailed {
		return
	}
	switch err.Rule {
	case oneStream, "LoneAnonymousOperation", "NoFragmentCycles", "NoUndefinedVariables", "NoUnusedFragments", "NoUnusedVariables",
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
