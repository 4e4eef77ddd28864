package graph

import (
	"io"

	"github.com/99designs/gqlgen/graphql"
)

// object is the fields of an object. It takes the place of graphql.FieldSet, as go:generate has it: that one is written as one of which
// fields may be deferred, of which there are none here, and pays for it with each object.
type object struct {
	*graphql.FieldSet

	fields []graphql.CollectedField
}

func newObject(fields []graphql.CollectedField) *object {
	return &object{FieldSet: graphql.NewFieldSet(fields), fields: fields}
}

// notDeferred is a group of fields of which none is deferred, and none can be. It takes the place of graphql.NewDeferredGroup.
func notDeferred() (none graphql.DeferredGroup) { return none }

// MarshalGQL implements graphql.Marshaler. An alias that fragments on two interfaces ask for is there twice, and needs no escapes.
func (o *object) MarshalGQL(w io.Writer) {
	separator := `{"`
	for i := range o.fields {
		if o.has(o.fields[i].Alias, i) {
			continue
		}
		_, _ = io.WriteString(w, separator)
		_, _ = io.WriteString(w, o.fields[i].Alias)
		_, _ = io.WriteString(w, `":`)
		o.Values[i].MarshalGQL(w)
		separator = `,"`
	}
	if len(o.fields) == 0 {
		_, _ = io.WriteString(w, `{`)
	}
	_, _ = io.WriteString(w, `}`)
}

// has tells whether one of the first so many fields has an alias. Limits keep them few.
func (o *object) has(alias string, first int) bool {
	for i := range o.fields[:first] {
		if o.fields[i].Alias == alias {
			return true
		}
	}
	return false
}
