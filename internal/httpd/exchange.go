package httpd

import (
	"context"
	"net/http"

	"github.com/go-chi/chi/v5"

	"postern/internal/auth"
)

// exchange is a request, and what is answered. It is the request's context, which tells how the request is called, who asks, and, to the
// router, where it has come to: in one piece, as each request has all of that.
type exchange struct {
	auth.OpenContext

	id     [1]string    // as it stands in a header
	route  *chi.Context // another request's as soon as this one's handler has returned
	answer recorder
}

type requestIDKey struct{}

// Value implements context.Context.
func (x *exchange) Value(key any) any {
	switch key {
	case requestIDKey{}:
		return &x.id[0]
	case chi.RouteCtxKey:
		return x.route
	default:
		return x.OpenContext.Value(key)
	}
}

// withRequestID returns a context of a request that is called like that.
func withRequestID(ctx context.Context, id string) context.Context {
	return context.WithValue(ctx, requestIDKey{}, &id)
}

// RequestID is how a request is called in the log; "" outside of requests.
func RequestID(ctx context.Context) string {
	if id, ok := ctx.Value(requestIDKey{}).(*string); ok {
		return *id
	}
	return ""
}

// recorder notes what is answered. What it does not do itself, http.ResponseController finds below it.
type recorder struct {
	http.ResponseWriter

	status int // 0 as long as nobody has said it
	bytes  int // of the body
}

// WriteHeader implements http.ResponseWriter. Who comes too late is not heard.
func (w *recorder) WriteHeader(status int) {
	if w.status != 0 {
		return
	}
	if status >= http.StatusOK || status == http.StatusSwitchingProtocols { // others come before the answer
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (w *recorder) Write(p []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	n, err := w.ResponseWriter.Write(p)
	w.bytes += n
	return n, err
}

// FlushError is what http.ResponseController asks for: it answers what there is so far.
func (w *recorder) FlushError() error {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	return http.NewResponseController(w.ResponseWriter).Flush()
}

// Unwrap is what http.ResponseController asks for.
func (w *recorder) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// statusOf is what was answered: 101 for what became a WebSocket, 200 where nobody said, as for what became an event stream.
func (w *recorder) statusOf(r *http.Request) int {
	switch {
	case w.status != 0:
		return w.status
	case r.Header.Get("Upgrade") != "":
		return http.StatusSwitchingProtocols
	default:
		return http.StatusOK
	}
}
