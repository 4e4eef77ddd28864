package graph

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/99designs/gqlgen/graphql"

	"postern/internal/account"
	"postern/internal/executor"
	"postern/internal/id"
)

// inTurn notes whose posts are asked for, of some users.
type inTurn struct {
	*Resolver

	users []Node
	seen  []string
}

func (r *inTurn) Query() QueryResolver { return inTurnNodes{turn: r} }

func (r *inTurn) User() UserResolver { return inTurnUsers{r} }

type inTurnNodes struct {
	QueryResolver

	turn *inTurn
}

func (r inTurnNodes) Nodes(context.Context, []id.Any) ([]Node, error) { return r.turn.users, nil }

type inTurnUsers struct{ *inTurn }

func (r inTurnUsers) Posts(_ context.Context, user *account.User, _ *int, _ *string, _ *int, _ *string) (*PostConnection, error) {
	r.seen = append(r.seen, user.Handle)
	return &PostConnection{}, nil
}

// TestListsAreMarshalledInOrder also fails where the race detector runs, if elements are marshalled at the same time.
func TestListsAreMarshalledInOrder(t *testing.T) {
	resolver := new(inTurn)
	var want []string
	for i := range 100 {
		want = append(want, fmt.Sprint("user-", i))
		resolver.users = append(resolver.users, account.User{Handle: want[i]})
	}
	exec := executor.New(executor.Options{Schema: NewExecutableSchema(Config{Resolvers: resolver})})
	operation, errs := exec.CreateOperationContext(t.Context(), &graphql.RawParams{
		Query: `{ nodes(ids: []) { ... on User { posts { __typename } } } }`,
	})
	if errs != nil {
		t.Fatal(errs)
	}
	responses, ctx := exec.DispatchOperation(t.Context(), operation)
	if response := responses(ctx); len(response.Errors) != 0 {
		t.Fatal(response.Errors)
	}
	if !slices.Equal(resolver.seen, want) {
		t.Errorf("elements are marshalled in the order %v, want %v", resolver.seen, want)
	}
}

// TestElementsThatPanic are null, each with an error, and the others are as they should be.
func TestElementsThatPanic(t *testing.T) {
	ctx := graphql.WithResponseContext(t.Context(), graphql.DefaultErrorPresenter,
		func(_ context.Context, panicked any) error { return fmt.Errorf("panic: %v", panicked) })
	list := marshalInOrder(ctx, 3, 0, false, func(_ context.Context, i int) graphql.Marshaler {
		if i == 1 {
			panic("no element")
		}
		return graphql.MarshalInt(i)
	})
	var text bytes.Buffer
	list.MarshalGQL(&text)
	errs := graphql.GetErrors(ctx)
	if text.String() != "[0,null,2]" || len(errs) != 1 || errs[0].Path.String() != "[1]" {
		t.Errorf("list = %s with %v, want [0,null,2] with an error of [1]", &text, errs)
	}
}
