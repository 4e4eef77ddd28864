package graph

import (
	"context"
	"io"
	"sync"

	"github.com/99designs/gqlgen/graphql"
)

// object is the fields of an object. It takes the place of graphql.FieldSet, as go:generate has it: that one is written as one of which
// fields may be deferred, of which there are none here, and pays for it with each object.
type object struct {
	Values   []graphql.Marshaler
	Invalids uint32 // how many values are null that must not be

	fields []graphql.CollectedField
	late   []late
	few    [4]graphql.Marshaler // where Values are, if they are no more
}

// late is a field that is resolved when the others are done.
type late struct {
	i         int
	operation *graphql.OperationContext
	resolve   func(context.Context) graphql.Marshaler
	nonNull   bool
}

// objects makes those of an operation, several at once: the more, the more there were before.
type objects struct {
	mu   sync.Mutex
	made int
	room []object
}

// newObject makes one. It takes the place of graphql.NewFieldSet.
func (all *objects) newObject(fields []graphql.CollectedField) *object {
	o := all.next()
	o.fields = fields
	if len(fields) <= len(o.few) {
		o.Values = o.few[:len(fields)]
	} else {
		o.Values = make([]graphql.Marshaler, len(fields))
	}
	return o
}

func (all *objects) next() *object {
	const most = 4 // as many, and what they have shown, a subscription may keep between two events
	all.mu.Lock()
	defer all.mu.Unlock()
	if len(all.room) == 0 {
		all.room = make([]object, min(all.made+1, most))
		all.made += len(all.room)
	}
	o := &all.room[0]
	all.room = all.room[1:]
	return o
}

// notDeferred is a group of fields of which none is deferred, and none can be. It takes the place of graphql.NewDeferredGroup.
func notDeferred() (none graphql.DeferredGroup) { return none }

// ResolveConcurrently notes a field for Dispatch.
func (o *object) ResolveConcurrently(
	operation *graphql.OperationContext, _ *graphql.DeferredGroup, i int, _, nonNull bool,
	resolve func(context.Context) graphql.Marshaler,
) {
	o.late = append(o.late, late{i, operation, resolve, nonNull})
}

// ResolveRootConcurrently notes a field of a query for Dispatch. It goes through no interceptors of such fields, of which there are none
// here.
func (o *object) ResolveRootConcurrently(
	_ context.Context, operation *graphql.OperationContext, i int, _, nonNull bool,
	resolve func(context.Context) graphql.Marshaler,
) {
	o.ResolveConcurrently(operation, nil, i, false, nonNull, resolve)
}

// value resolves the field. A panic is always recovered, as gqlgen has it unless it is told otherwise.
func (l late) value(ctx context.Context) (value graphql.Marshaler) {
	defer func() {
		if panicked := recover(); panicked != nil {
			l.operation.Error(ctx, l.operation.Recover(ctx, panicked))
			value = graphql.Null
		}
	}()
	return l.resolve(ctx)
}

// invalid is what a field must not come to: a nullable one may be told by an interceptor that it is not.
func (l late) invalid() graphql.Marshaler {
	if l.nonNull {
		return graphql.Null
	}
	return graphql.RequiredNull
}

// Dispatch resolves the fields that were noted, at the same time.
func (o *object) Dispatch(ctx context.Context) {
	if len(o.late) == 0 {
		return
	}
	var others sync.WaitGroup
	for _, l := range o.late[1:] {
		others.Go(func() { o.Values[l.i] = l.value(ctx) })
	}
	o.Values[o.late[0].i] = o.late[0].value(ctx)
	others.Wait()
	for _, l := range o.late {
		if o.Values[l.i] == l.invalid() {
			o.Invalids++
		}
	}
}

// MarshalGQL implements graphql.Marshaler. An alias that fragments on two interfaces ask for is there twice, and needs no escapes.
func (o *object) MarshalGQL(w io.Writer) {
	separator := `{"`
	for i := range o.fields {
		if isAsked(o.fields[:i], o.fields[i].Alias) {
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
