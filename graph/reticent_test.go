package graph_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2/ast"

	"postern/graph"
	"postern/internal/auth"
	"postern/internal/store/storetest"
)

// TestNothingIsLearntFromErrors misspells every field, argument, type, enum value, input field and variable of the schema,
// and leaves out what is required, where introspection is switched off: no answer holds a name of the schema that was not in the question.
func TestNothingIsLearntFromErrors(t *testing.T) {
	s := newServerWith(t, storetest.SQLiteURL(t), options{pool: patient})
	tokens := []string{s.account(t, "admin", auth.Admin), s.account(t, "reader", auth.Reader)}
	schema := graph.NewExecutableSchema(graph.Config{Resolvers: &graph.Resolver{}}).Schema()
	names := namesOf(schema)
	word := regexp.MustCompile(`[_A-Za-z][_0-9A-Za-z]*`)

	asked := 0
	for question := range questions(schema) {
		asked++
		a := s.ask(t, tokens[asked%len(tokens)], question.document, question.variables)
		if len(a.Errors) == 0 {
			continue
		}
		known := question.document + fmt.Sprint(question.variables)
		for _, e := range a.Errors {
			for _, found := range word.FindAllString(fmt.Sprint(e.Message, e.Path), -1) {
				if names[found] && !strings.Contains(known, found) {
					t.Errorf("%s %v\nanswers %q at %v, which tells of %s", question.document, question.variables, e.Message, e.Path, found)
				}
			}
		}
	}
	t.Logf("%d questions, %d names", asked, len(names))
	if asked < 1000 {
		t.Errorf("only %d questions were asked, want thousands", asked)
	}
}

// common are names of the schema that are words of the language, too, and that messages use as such.
var common = map[string]bool{
	"a": true, "id": true, "first": true, "last": true, "after": true, "before": true, "by": true, "name": true, "time": true, "body": true,
	"input": true, "user": true, "post": true, "node": true, "errors": true, "message": true, "path": true, "cost": true,
	"depth": true, "tokens": true, "aliases": true, "directives": true, "content": true, "title": true, "email": true,
	"password": true, "if": true, "include": true, "skip": true, "reason": true, "role": true, "Int": true, "String": true, "Boolean": true,
	"version": true, "current": true, "limits": true, "session": true, "login": true, "logout": true, "variable": true,
	"Query": false,
}

func namesOf(schema *ast.Schema) map[string]bool {
	names := make(map[string]bool)
	add := func(name string) {
		if !common[name] && !strings.HasPrefix(name, "__") {
			names[name] = true
		}
	}
	for _, definition := range schema.Types {
		if definition.BuiltIn {
			continue
		}
		add(definition.Name)
		for _, field := range definition.Fields {
			add(field.Name)
			for _, argument := range field.Arguments {
				add(argument.Name)
			}
		}
		for _, value := range definition.EnumValues {
			add(value.Name)
		}
	}
	return names
}

type question struct {
	document  string
	variables map[string]any
}

// questions are documents with one mistake each, but for the first, which are those of somebody who may not ask them.
func questions(schema *ast.Schema) func(yield func(question) bool) {
	return func(yield func(question) bool) {
		for range 2 { // each of those who ask
			if !yield(question{`mutation { deletePost(input: {postId: "x"}) { deletedPostId } }`, nil}) ||
				!yield(question{`query($v: PostLookup = {id: "a"}) { post(by: $v) { id } }`, map[string]any{"v": nil}}) ||
				!yield(question{`query($v: UserLookup = {id: "a"}) { user(by: $v) { id } }`, map[string]any{"v": nil}}) {
				return
			}
		}
		for _, definition := range schema.Types {
			for _, wrong := range misspellings(definition.Name) {
				for _, document := range []string{
					"{ ...F } fragment F on " + wrong + " { __typename }",
					"query($v: " + wrong + ") { posts { totalCount } }",
					"{ posts { ... on " + wrong + " { totalCount } } }",
				} {
					if !yield(question{document, nil}) {
						return
					}
				}
			}
			for _, field := range definition.Fields {
				for _, q := range fieldQuestions(schema, definition, field) {
					if !yield(q) {
						return
					}
				}
			}
		}
	}
}

func fieldQuestions(schema *ast.Schema, definition *ast.Definition, field *ast.FieldDefinition) []question {
	var all []question
	if definition.Kind == ast.InputObject {
		for _, wrong := range append(misspellings(field.Name), field.Name) {
			for _, root := range []*ast.Definition{schema.Query, schema.Mutation} {
				for _, user := range root.Fields {
					for _, argument := range user.Arguments {
						if argument.Type.Name() != definition.Name {
							continue
						}
						operation := strings.ToLower(root.Name)
						all = append(all,
							question{operation + " { " + user.Name + "(" + argument.Name + ": {" + wrong + ": {}}) { __typename } }", nil},
							question{
								operation + "($v: " + argument.Type.String() + ") { " + user.Name + "(" + argument.Name + ": $v) { __typename } }",
								map[string]any{"v": map[string]any{wrong: []int{1}}},
							})
					}
				}
			}
		}
		return all
	}
	operation := map[*ast.Definition]string{schema.Query: "query", schema.Mutation: "mutation", schema.Subscription: "subscription"}[definition]
	for _, wrong := range misspellings(field.Name) {
		if operation != "" {
			all = append(all, question{operation + " { " + wrong + " }", nil}, question{operation + " { " + wrong + " { id } }", nil})
		} else {
			all = append(all, question{"{ node(id: 1) { ... on " + definition.Name + " { " + wrong + " } } }", nil})
		}
	}
	if operation != "" && operation != "subscription" {
		all = append(all, question{operation + " { " + field.Name + " }", nil}, question{operation + " { " + field.Name + " { x } }", nil})
		for _, argument := range field.Arguments {
			for _, wrong := range append(misspellings(argument.Name), argument.Name) {
				all = append(all, question{operation + " { " + field.Name + "(" + wrong + ": WRONG) { __typename } }", nil})
			}
		}
	}
	return all
}

func misspellings(name string) []string {
	return []string{name + "s", name + "x", name[:len(name)-1] + "_", strings.ToLower(name) + "1", "x" + name[1:]}
}
