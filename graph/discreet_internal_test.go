package graph

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/99designs/gqlgen/graphql/errcode"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/lexer"
	"github.com/vektah/gqlparser/v2/parser"
	"github.com/vektah/gqlparser/v2/validator"
)

// TestDiscreetOfVariables has gqlparser refuse values of variables of types that our schema does not take as yet, or decoded as
// ours are not.
func TestDiscreetOfVariables(t *testing.T) {
	schema := gqlparser.MustLoadSchema(&ast.Source{Input: `
		enum Suit { HEARTS SPADES }
		scalar Moment
		input Card { suit: Suit, suits: [Suit!], weight: Float }
		type Query { card(card: Card, suit: Suit, id: ID, count: Int, at: Moment, weight: Float): Int }`})
	for _, test := range []struct {
		variable string
		value    any
		want     string
	}{
		{"$v: Suit", "hunter2", "the value is not a valid Suit"},
		{"$v: Suit", "hunter2 is not a valid Card\n", "the value is not a valid Suit"},
		{"$v: Card", map[string]any{"suit": "hunter2"}, "the value is not a valid Suit"},
		{"$v: Card", map[string]any{"suits": []any{"SPADES", "hunter2"}}, "the value is not a valid Suit"},
		{"$v: Suit", true, "enums must be ints or strings"},
		{"$v: ID", 4711e20, "cannot use the value as ID"},
		{"$v: ID", -4711e20, "cannot use the value as ID"},
		{"$v: ID", 4711.5, "cannot use float64 as ID"},
		{"$v: Int", json.Number("4711e99"), "cannot use the value as Int"},
		{"$v: Int", "hunter2", "cannot use string as Int"},
		{"$v: Float", json.Number("4711e999"), "cannot use the value as Float"},
		{"$v: Card", "hunter2", "must be a Card, not a string"},
		{"$v: Moment = 47114711471147114711", nil, "the value by default does not fit"},
		{"$v: Moment = 4711e999", nil, "the value by default does not fit"},
	} {
		document, err := parser.ParseQuery(&ast.Source{Input: "query(" + test.variable + ") { __typename }"})
		if err != nil {
			t.Fatal(err)
		}
		operation := document.Operations[0]
		operation.VariableDefinitions[0].Definition = schema.Types[operation.VariableDefinitions[0].Type.Name()]
		given := map[string]any{}
		if test.value != nil {
			given["v"] = test.value
		}
		_, err = validator.VariableValues(schema, operation, given)
		quoting, ok := errors.AsType[*gqlerror.Error](err)
		if !ok {
			t.Errorf("VariableValues(%s, %v) = %v, want an error of GraphQL", test.variable, test.value, err)
			continue
		}
		errcode.Set(quoting, errcode.ValidationFailed)
		if discreet(quoting); quoting.Message != test.want {
			t.Errorf("of %s = %v it is said %q, want %q", test.variable, test.value, quoting.Message, test.want)
		}
	}
}

// TestDiscreetOfTokens has all that gqlparser quotes of a text that it cannot read, though its parser hides some of that.
func TestDiscreetOfTokens(t *testing.T) {
	messages := []string{}
	for kind := lexer.Name; kind <= lexer.Comment; kind++ {
		messages = append(messages, "Unexpected "+lexer.Token{Kind: kind, Value: `hunter2 "hunter2`}.String())
	}
	for _, text := range []string{`"\uhunter2"`, `"\u1"hunter2`, `"\u{hunter2}"`, `"\u1\n hunter2`, `"hunter2`, `"""hunter2`} {
		lex := lexer.New(&ast.Source{Input: text})
		if _, err := lex.ReadToken(); err != nil {
			messages = append(messages, err.Error())
		} else {
			t.Errorf("the lexer takes %s", text)
		}
	}
	for _, message := range messages {
		err := gqlerror.Errorf("%s", message)
		errcode.Set(err, errcode.ParseFailed)
		if discreet(err); strings.Contains(err.Message, "hunt") || err.Message == "" {
			t.Errorf("%s is told as %q", message, err.Message)
		}
	}
}
