package executor

import (
	"context"
	"errors"

	"github.com/99designs/gqlgen/graphql/errcode"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/parser"
	"github.com/vektah/gqlparser/v2/validator"
)

// document parses and validates a document, unless that was done before.
func (e *Executor) document(ctx context.Context, text string) (*ast.QueryDocument, gqlerror.List) {
	if document, good := e.options.Documents.Get(ctx, text); good {
		return document, nil
	}
	document, err := parser.ParseQuery(&ast.Source{Input: text})
	if err != nil {
		refusal := asRefusal(err)
		errcode.Set(refusal, errcode.ParseFailed)
		return nil, gqlerror.List{refusal}
	}
	if len(document.Operations) == 0 {
		return nil, gqlerror.List{invalid(gqlerror.Errorf("no operation provided"))}
	}
	if errs := validator.ValidateWithRules(e.options.Schema.Schema(), document, e.options.Rules()); len(errs) > 0 {
		for _, err := range errs {
			errcode.Set(err, errcode.ValidationFailed)
		}
		return nil, errs
	}
	e.options.Documents.Add(ctx, text, document)
	return document, nil
}

// coerce makes the operation's variables of the request's (GraphQL, section 6.1.2). Texts for texts, which most are, are taken as they are.
func coerce(schema *ast.Schema, operation *ast.OperationDefinition, given map[string]any) (map[string]any, *gqlerror.Error) {
	if len(operation.VariableDefinitions) == 0 {
		return nil, nil
	}
	if onlyTexts(operation.VariableDefinitions, given) {
		return given, nil
	}
	coerced, err := validator.VariableValues(schema, operation, given)
	if err != nil {
		return nil, asRefusal(err)
	}
	return coerced, nil
}

// onlyTexts tells whether all that is given are texts, for all variables there are and for no others.
func onlyTexts(defined ast.VariableDefinitionList, given map[string]any) bool {
	if len(defined) != len(given) {
		return false
	}
	for _, variable := range defined {
		_, text := given[variable.Variable].(string)
		if name := variable.Type.NamedType; !text || name != "ID" && name != "String" {
			return false
		}
	}
	return true
}

// asRefusal is the error of a package whose errors are all of GraphQL.
func asRefusal(err error) *gqlerror.Error {
	if refusal, ok := errors.AsType[*gqlerror.Error](err); ok {
		return refusal
	}
	return gqlerror.Wrap(err)
}
