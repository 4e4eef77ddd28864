package httpd

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"github.com/go-chi/chi/v5/middleware"

	"postern/internal/auth"
)

const (
	requestIDHeader = "X-Request-Id"
	requestIDLength = 16 // characters of base 32: 80 random bits
)

// withRequestID gives each request a name, or keeps the one that a proxy gave it, and tells it to the client.
func withRequestID(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := r.Header.Get(requestIDHeader)
		if !plain(id) {
			id = rand.Text()[:requestIDLength]
		}
		w.Header().Set(requestIDHeader, id)
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), requestIDKey{}, id)))
	})
}

// plain tells whether a request id from outside may stand in a log.
func plain(id string) bool {
	const most = 64
	return id != "" && len(id) <= most && strings.Trim(id,
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") == ""
}

// logRequests writes one line for each request, once it has been answered. Health checks are worth one only when debugging.
func logRequests(log *slog.Logger) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			start := time.Now()
			wrapped := middleware.NewWrapResponseWriter(w, r.ProtoMajor)
			defer func() {
				level := slog.LevelInfo
				if strings.HasSuffix(r.URL.Path, "z") {
					level = slog.LevelDebug
				}
				log.LogAttrs(r.Context(), level, "request",
					slog.String("method", r.Method),
					slog.String("path", r.URL.Path),
					slog.Int("status", statusOf(wrapped, r)),
					slog.Int("bytes", wrapped.BytesWritten()),
					slog.Float64("duration_ms", float64(time.Since(start).Microseconds())/1000),
					slog.String("client", auth.ClientOf(r).Address.String()),
				)
			}()
			next.ServeHTTP(wrapped, r)
		})
	}
}

// statusOf is what was answered: 101 for what became a WebSocket, 200 where nobody said.
func statusOf(w middleware.WrapResponseWriter, r *http.Request) int {
	switch {
	case w.Status() != 0:
		return w.Status()
	case r.Header.Get("Upgrade") != "":
		return http.StatusSwitchingProtocols
	default:
		return http.StatusOK
	}
}

// recoverPanics answers 500 for a handler that panicked, and logs why.
func recoverPanics(log *slog.Logger) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			defer func() {
				switch panicked := recover(); panicked {
				case nil:
				case http.ErrAbortHandler: // net/http asks for this very value
					panic(panicked)
				default:
					log.ErrorContext(r.Context(), "panic", "panic", fmt.Sprint(panicked), "stack", string(debug.Stack()))
					http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
				}
			}()
			next.ServeHTTP(w, r)
		})
	}
}
