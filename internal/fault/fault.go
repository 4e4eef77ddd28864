// Package fault is the one kind of error that crosses floors: a code out of a closed set, a sentence for the person who
// asked, and a cause for the log. Whatever is not a fault is a stranger, and nobody outside hears what it says.
//
// It imports nothing of ours.
package fault

import (
	"errors"
	"fmt"
	"time"
)

// Code says what kind of failure it is. The set is closed.
type Code string

// The codes.
//
//nolint:gosec // names of failures, none of them a credential
const (
	Invalid            Code = "INVALID"             // the input breaks a rule
	Taken              Code = "TAKEN"               // somebody has it already
	InvalidCredentials Code = "INVALID_CREDENTIALS" // the email or the password is wrong
	InvalidToken       Code = "INVALID_TOKEN"       // the refresh token is of no use
	NotFound           Code = "NOT_FOUND"           // there is no such thing, or none that the caller may see
	NotAllowed         Code = "NOT_ALLOWED"         // the caller may see it, but not do this
	Conflict           Code = "CONFLICT"            // somebody changed it in between
	RateLimited        Code = "RATE_LIMITED"        // too often; `extensions.retryAfter` says in how many seconds it may work
	Overloaded         Code = "OVERLOADED"          // too much at once; `extensions.retryAfter` says in how many seconds it may work
	SlowSubscriber     Code = "SLOW_SUBSCRIBER"     // it left too much unread, and hears no more; it may subscribe anew
	Internal           Code = "INTERNAL"            // a stranger: anything that is no *Error
)

// Error is a failure that the caller may know about.
type Error struct {
	Code    Code
	Message string   // a sentence for the person
	Path    []string // where in the input, from the outside in; nil if nowhere in particular
	// RetryAfter is after how long it may work, for RateLimited and Overloaded; 0 if nobody knows.
	RetryAfter time.Duration

	cause error // for the log alone
}

// New makes an Error whose message is formatted as by fmt.Sprintf.
func New(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// After is the same failure, which may be none after a while.
func (e *Error) After(while time.Duration) *Error {
	later := *e
	later.RetryAfter = while
	return &later
}

// At is the same failure, placed at a path in the input.
func (e *Error) At(path ...string) *Error {
	placed := *e
	placed.Path = path
	return &placed
}

// Place is an error that, if it is a fault, stands at a path in the input. Nil stays nil.
func Place(err error, path ...string) error {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.At(path...)
	}
	return err
}

// Because is the same failure with its cause, which only the log shows.
func (e *Error) Because(cause error) *Error {
	caused := *e
	caused.cause = cause
	return &caused
}

// Error is what the log shows.
func (e *Error) Error() string {
	if e.cause == nil {
		return fmt.Sprintf("%s: %s", e.Code, e.Message)
	}
	return fmt.Sprintf("%s: %s: %v", e.Code, e.Message, e.cause)
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.cause }

// CodeOf is the code of the first fault in err's chain, and Internal for a stranger.
func CodeOf(err error) Code {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	return Internal
}

// All takes an error apart that may be several joined by errors.Join. It returns nil if any of them is a stranger: then
// the whole is one.
func All(err error) []*Error {
	for ; err != nil; err = errors.Unwrap(err) {
		switch e := err.(type) { //nolint:errorlint // it walks the chain itself
		case *Error:
			return []*Error{e}
		case interface{ Unwrap() []error }:
			return allOf(e.Unwrap())
		}
	}
	return nil
}

func allOf(joined []error) []*Error {
	var faults []*Error
	for _, part := range joined {
		inner := All(part)
		if inner == nil {
			return nil
		}
		faults = append(faults, inner...)
	}
	return faults
}
