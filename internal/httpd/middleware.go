package httpd

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"github.com/go-chi/chi/v5/middleware"

	"postern/internal/auth"
	"postern/internal/transport"
)

const (
	requestIDHeader = "X-Request-Id"
	requestIDLength = 16 // characters of base 32: 80 random bits
)

type requestIDKey struct{}

// RequestID is how a request is called in the log; "" outside of requests.
func RequestID(ctx context.Context) string {
	id, _ := ctx.Value(requestIDKey{}).(string)
	return id
}

// nameOf is the name that a proxy gave a request, or a new one.
func nameOf(r *http.Request) string {
	if id := r.Header.Get(requestIDHeader); plain(id) {
		return id
	}
	return rand.Text()[:requestIDLength]
}

// plain tells whether a request id from outside may stand in a log.
func plain(id string) bool {
	const most = 64
	return id != "" && len(id) <= most && strings.Trim(id,
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") == ""
}

// logRequests gives each request a name, which it tells to the client, and writes one line for each, once it has been answered, or
// its connection was taken over for what is open longer: it cannot be told how long, nor how many bytes go over it. Health checks are
// worth a line only when debugging.
func logRequests(log *slog.Logger, proxies auth.Proxies) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			start := time.Now()
			id := nameOf(r)
			w.Header()[requestIDHeader] = []string{id}
			ctx := auth.NewOpenContext(context.WithValue(r.Context(), requestIDKey{}, id))
			wrapped := middleware.NewWrapResponseWriter(w, r.ProtoMajor)
			defer func() {
				level := slog.LevelInfo
				if r.URL.Path == livePath || r.URL.Path == readyPath {
					level = slog.LevelDebug
				}
				if !log.Enabled(ctx, level) {
					return
				}
				end := time.Now()
				record := slog.NewRecord(end, level, "request", 0) // from where in the code, nobody wants to know
				record.AddAttrs(
					slog.String("method", r.Method),
					slog.String("path", r.URL.Path),
					slog.Int("status", statusOf(wrapped, r)),
					slog.Int("bytes", wrapped.BytesWritten()),
					slog.Int64("duration_us", end.Sub(start).Microseconds()),
					slog.String("client", addressOf(auth.FromContext(ctx), proxies, r).String()),
				)
				_ = log.Handler().Handle(ctx, record) // as slog.Logger does
			}()
			next.ServeHTTP(wrapped, r.WithContext(ctx))
		})
	}
}

// addressOf is where a request comes from, which is known already if it was found out who asks.
func addressOf(caller auth.Caller, proxies auth.Proxies, r *http.Request) netip.Addr {
	if caller.Client.Address.IsValid() {
		return caller.Client.Address
	}
	return proxies.ClientOf(r).Address
}

// warnOfProxy logs once that a request was passed on by somebody whom we do not believe. Any client can send such a request; but
// if all come so, all clients have one address, and one of them uses up what all may do from there.
func warnOfProxy(log *slog.Logger, proxies auth.Proxies) func(http.Handler) http.Handler {
	var once sync.Once
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if proxies.Ignore(r) {
				once.Do(func() {
					log.WarnContext(r.Context(), "X-Forwarded-For is ignored, as its peer is no trusted proxy: if it is yours, name it in "+
						"TRUSTED_PROXIES, or all its clients share one address and the limits of that",
						"peer", proxies.ClientOf(r).Address.String())
				})
			}
			next.ServeHTTP(w, r)
		})
	}
}

// statusOf is what was answered: 101 for what became a WebSocket, 200 where nobody said, as for what became an event stream.
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

// onlyWebSocket forgets offers to upgrade to anything but a WebSocket, as HTTP/2, which a server may ignore (RFC 9110,
// section 7.8), and refuses WebSockets of other protocols.
func onlyWebSocket(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case !strings.EqualFold(r.Header.Get("Upgrade"), "websocket"):
			r.Header.Del("Upgrade")
		case !offers(r.Header, transport.WebSocketProtocol):
			badRequest(w, http.StatusBadRequest, "a WebSocket here speaks "+transport.WebSocketProtocol)
			return
		default:
			r.Header.Set("Sec-WebSocket-Protocol", transport.WebSocketProtocol)
		}
		next.ServeHTTP(w, r)
	})
}

func offers(header http.Header, protocol string) bool {
	for offered := range strings.SplitSeq(strings.Join(header.Values("Sec-WebSocket-Protocol"), ","), ",") {
		if strings.TrimSpace(offered) == protocol {
			return true
		}
	}
	return false
}
