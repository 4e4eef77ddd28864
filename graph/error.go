package graph

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"runtime/debug"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/errcode"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"postern/internal/auth"
	"postern/internal/blog"
	"postern/internal/fault"
)

// outcome takes apart what a service returned: the value, the errors for the payload, or the error for the top level.
func outcome[T any](value T, err error) (T, []UserError, error) {
	if err == nil {
		return value, nil, nil
	}
	var nothing T
	faults := fault.All(err)
	if faults == nil {
		return nothing, nil, err
	}
	failed := make([]UserError, len(faults))
	for i, f := range faults {
		if failed[i] = userError(err, f); failed[i] == nil {
			return nothing, nil, err
		}
	}
	return nothing, failed, nil
}

// errorsOf does so where the payload has nothing but errors.
func errorsOf(err error) ([]UserError, error) {
	_, failed, err := outcome(struct{}{}, err)
	return failed, err
}

// userError is the type of the schema for a fault; nil if it belongs to the top level. err is what the fault was part of.
func userError(err error, f *fault.Error) UserError {
	switch f.Code {
	case fault.Invalid:
		return ValidationError{Message: f.Message, Path: f.Path}
	case fault.Taken:
		return TakenError{Message: f.Message, Path: f.Path}
	case fault.InvalidCredentials:
		return InvalidCredentialsError{Message: f.Message, Path: f.Path}
	case fault.InvalidToken:
		return InvalidTokenError{Message: f.Message, Path: f.Path}
	case fault.NotFound:
		return NotFoundError{Message: f.Message, Path: f.Path}
	case fault.NotAllowed:
		return NotAllowedError{Message: f.Message, Path: f.Path}
	case fault.Conflict:
		if conflict, ok := errors.AsType[*blog.EditConflictError](err); ok {
			return ConflictError{Message: f.Message, Path: f.Path, Current: conflict.Current}
		}
		return nil
	case fault.RateLimited, fault.Overloaded, fault.SlowSubscriber, fault.Internal:
		return nil
	}
	return nil
}

// orNull makes null of what there is not.
func orNull[T any](value *T, err error) (*T, error) {
	if fault.CodeOf(err) == fault.NotFound {
		return nil, nil //nolint:nilnil // null is the schema's word for it
	}
	return value, err
}

// The codes of errors at the top level, beside those of faults and of gqlgen.
const (
	codeUnauthenticated = "UNAUTHENTICATED"       // this needs a valid access token; `extensions.reason` says why there is none
	codeForbidden       = "FORBIDDEN"             // this needs a higher role
	codeBadUserInput    = "BAD_USER_INPUT"        // an argument or a variable does not fit, and the client could have known
	codeBadRequest      = "BAD_REQUEST"           // the request is none
	codeInternal        = "INTERNAL_SERVER_ERROR" // our fault; `extensions.requestId` finds it in the log
)

// presenter turns errors into what clients see, and logs what they do not.
type presenter struct {
	log       *slog.Logger
	requestID func(context.Context) string
	reticent  bool // what the schema has is not told
}

// present implements graphql.ErrorPresenterFunc.
func (p presenter) present(ctx context.Context, err error) *gqlerror.Error {
	shown := *graphql.DefaultErrorPresenter(ctx, err) // a copy: the original may be shared
	if shown.Extensions["code"] != nil {              // gqlgen's own: the document is malformed or does not fit the schema
		discreet(&shown)
		if p.reticent {
			reticent(&shown)
		}
		if ofVariable(&shown) {
			shown.Extensions = map[string]any{"code": codeBadUserInput}
		}
		return &shown
	}
	if reason, ok := errors.AsType[auth.Reason](err); ok {
		shown.Message = reason.Sentence()
		shown.Extensions = map[string]any{"code": codeUnauthenticated, "reason": string(reason)}
		return &shown
	}
	if known, ok := errors.AsType[*fault.Error](err); ok {
		shown.Message = known.Message
		shown.Extensions = map[string]any{"code": topLevelCode(known.Code)}
		if known.RetryAfter > 0 {
			shown.Extensions["retryAfter"] = int(math.Ceil(known.RetryAfter.Seconds()))
		}
		return &shown
	}
	cause, stopped := errors.AsType[*gqlerror.Error](context.Cause(ctx))
	switch {
	case errors.Is(err, errInternal): // it has been logged
		shown.Message = errInternal.Error()
		shown.Extensions = map[string]any{"code": codeInternal, "requestId": p.requestID(ctx)}
	case stopped: // a limit has ended it, and says so
		shown.Message, shown.Extensions = cause.Message, cause.Extensions
	case ctx.Err() != nil: // the client is gone: nobody's fault, and nobody reads it
		shown.Message = "the request was cancelled"
		errcode.Set(&shown, codeInternal)
	case shown.Err == nil && graphql.GetFieldContext(ctx) == nil: // a transport's: the request was no request
		shown.Message = "the request could not be read"
		errcode.Set(&shown, codeBadRequest)
	default:
		p.log.ErrorContext(ctx, "internal error", "error", err, "path", shown.Path.String())
		shown.Message = errInternal.Error()
		shown.Extensions = map[string]any{"code": codeInternal, "requestId": p.requestID(ctx)}
	}
	return &shown
}

// ofVariable tells whether an error of validation is that of a variable's value, not of the document.
func ofVariable(err *gqlerror.Error) bool {
	return err.Extensions["code"] == errcode.ValidationFailed && err.Rule == "" && len(err.Path) > 0
}

func topLevelCode(code fault.Code) string {
	switch code {
	case fault.Invalid:
		return codeBadUserInput
	case fault.NotAllowed:
		return codeForbidden
	case fault.Internal:
		return codeInternal
	case fault.Taken, fault.InvalidCredentials, fault.InvalidToken, fault.NotFound, fault.Conflict,
		fault.RateLimited, fault.Overloaded, fault.SlowSubscriber:
	}
	return string(code)
}

// recover implements graphql.RecoverFunc.
func (p presenter) recover(ctx context.Context, panicked any) error {
	p.log.ErrorContext(ctx, "panic in a resolver", "panic", fmt.Sprint(panicked), "stack", string(debug.Stack()))
	return errInternal
}

// errInternal stands for what has been logged, and says nothing of it.
var errInternal = errors.New("internal error")
