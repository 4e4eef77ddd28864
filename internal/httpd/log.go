package httpd

import (
	"context"
	"io"
	"log/slog"
	"strings"

	"github.com/lmittmann/tint"

	"postern/internal/auth"
)

// NewLog returns a log that names the request and the account of whatever is logged: pretty text or JSON.
func NewLog(w io.Writer, level slog.Level, pretty bool) *slog.Logger {
	if pretty {
		return slog.New(contextual{tint.NewTextHandler(w, &tint.Options{
			Level: level, TimeFormat: "15:04:05.000", ReplaceAttr: harmless,
		})})
	}
	return slog.New(newJSONLog(w, level))
}

// harmless keeps what came from a client from commanding the terminal: tint quotes all but the escape character, with which
// commands begin, and makes one of how Go writes it.
func harmless(_ []string, a slog.Attr) slog.Attr {
	text, ok := a.Value.Any().(string)
	if err, failed := a.Value.Any().(error); failed {
		text, ok = err.Error(), true
	}
	if ok {
		a.Value = slog.StringValue(strings.NewReplacer("\x1b", "␛", `\x1b`, `\x1B`).Replace(text))
	}
	return a
}

// contextual adds to each record what its context knows.
type contextual struct{ slog.Handler }

// Handle implements slog.Handler.
func (c contextual) Handle(ctx context.Context, record slog.Record) error {
	known := make([]slog.Attr, 0, 2)
	if id := RequestID(ctx); id != "" {
		known = append(known, slog.String("request", id))
	}
	if viewer := auth.FromContext(ctx).Viewer; viewer != nil {
		known = append(known, slog.String("viewer", viewer.UserID.String()))
	}
	record.AddAttrs(known...)
	return c.Handler.Handle(ctx, record)
}

// WithAttrs implements slog.Handler.
func (c contextual) WithAttrs(attrs []slog.Attr) slog.Handler {
	return contextual{c.Handler.WithAttrs(attrs)}
}

// WithGroup implements slog.Handler.
func (c contextual) WithGroup(name string) slog.Handler { return contextual{c.Handler.WithGroup(name)} }
