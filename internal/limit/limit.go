// Package limit refuses operations that would cost too much, before anything of them is executed: by their length, their
// shape, and what the schema says that its fields cost (@cost, @listSize). It knows nothing of what the schema is about, and
// imports nothing of ours.
package limit

import (
	"time"

	"github.com/99designs/gqlgen/graphql/errcode"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// Limits are how much an operation may have at most.
type Limits struct {
	DocumentLength     int // bytes
	Tokens             int // of the document, as its lexer counts them
	Depth              int // fields within fields
	IntrospectionDepth int // the same, below __schema and __type
	Aliases            int
	RootFields         int // of a query
	MutationRootFields int
	Directives         int // in the document
	DirectivesAtOnce   int // at one place of it
	RepeatedFields     int // of one name within one selection: comparing them is quadratic
	Cost               int
	Time               time.Duration // of an operation that is no subscription
	// Exclusive are fields of the mutation of which an operation may have one at most, all together: those that cost much
	// for a reason, and that are tried again and again by who guesses.
	Exclusive []string
}

// Default are the limits where nobody sets others.
func Default() Limits {
	return Limits{
		DocumentLength:     16 << 10,
		Tokens:             2000,
		Depth:              10,
		IntrospectionDepth: 20,
		Aliases:            15,
		RootFields:         20,
		MutationRootFields: 5,
		Directives:         20,
		DirectivesAtOnce:   3,
		RepeatedFields:     20,
		Cost:               2000,
		Time:               10 * time.Second,
	}
}

// The codes of what is refused.
const (
	CodeLength     = "DOCUMENT_LENGTH_LIMIT" // the document has more bytes than it may
	CodeTokens     = "TOKEN_LIMIT"           // the document has more tokens than it may
	CodeDepth      = "DEPTH_LIMIT"           // the fields lie deeper within one another than they may
	CodeAliases    = "ALIAS_LIMIT"           // the operation has more aliases than it may
	CodeRootFields = "ROOT_FIELD_LIMIT"      // the operation has more fields at its root than it may
	CodeDirectives = "DIRECTIVE_LIMIT"       // there are more directives, in all or at one place, than there may be
	CodeRepeated   = "REPEATED_FIELD_LIMIT"  // a field is selected, or a fragment spread, more often at one place than it may
	CodeExclusive  = "EXCLUSIVE_FIELD_LIMIT" // the operation has several fields of which it may have one
	CodeCost       = "COST_LIMIT"            // the operation costs more than it may
	CodeTime       = "TIME_LIMIT"            // the operation took longer than it may; what was written stays
)

func refuse(code string, at *ast.Position, format string, args ...any) *gqlerror.Error {
	err := gqlerror.Errorf(format, args...)
	if at != nil {
		err = gqlerror.ErrorPosf(at, format, args...)
	}
	errcode.Set(err, code)
	return err
}
