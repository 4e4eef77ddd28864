package graph

import (
	"bytes"
	"testing"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
)

// TestObject: each alias is there once, in the order in which it is asked for, with the value that was found first.
func TestObject(t *testing.T) {
	for want, aliases := range map[string][]string{
		`{}`: nil, `{"a":"0"}`: {"a"}, `{"a":"0","b":"1"}`: {"a", "b"}, `{"b":"0","a":"1","c":"3"}`: {"b", "a", "b", "c", "a"},
	} {
		var fields []graphql.CollectedField
		for _, alias := range aliases {
			fields = append(fields, graphql.CollectedField{Field: &ast.Field{Alias: alias}})
		}
		o := new(objects).newObject(fields)
		for i := range fields {
			o.Values[i] = graphql.MarshalString(string(rune('0' + i)))
		}
		var got bytes.Buffer
		if o.MarshalGQL(&got); got.String() != want {
			t.Errorf("the aliases %q are written as %s, want %s", aliases, &got, want)
		}
	}
}
