package httpd

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/netip"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"github.com/go-chi/chi/v5"

	"postern/internal/auth"
	"postern/internal/transport"
)

const (
	requestIDHeader = "X-Request-Id"
	requestIDLength = 16 // characters of base 32: 80 random bits
)

// nameOf is the name that a proxy gave a request, or a new one.
func nameOf(r *http.Request) string {
	if id := r.Header.Get(requestIDHeader); plain(id) {
		return id
	}
	return newRequestID()
}

// newRequestID is another one each time, but no secret: it need not come from crypto/rand, which takes longer than all else of a name.
func newRequestID() string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
	var id [requestIDLength]byte
	for i := 0; i < len(id); i += len(id) / 2 {
		bits := rand.Uint64() //nolint:gosec // as above
		for j := range len(id) / 2 {
			id[i+j] = alphabet[bits>>(5*j)%uint64(len(alphabet))]
		}
	}
	return string(id[:])
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
func logRequests(log *slog.Logger, proxies auth.Proxies, routes *chi.Mux) http.Handler {
	contexts := sync.Pool{New: func() any { return chi.NewRouteContext() }} // as the router would have, and ask for, for each request
	write := func(ctx context.Context, line requestLine) error { return log.Handler().Handle(ctx, line.record()) }
	if json, ok := log.Handler().(*jsonLog); ok {
		write = json.request
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		x := &exchange{
			OpenContext: auth.NewOpenContext(r.Context()), id: [1]string{nameOf(r)}, route: contexts.Get().(*chi.Context),
			answer: recorder{ResponseWriter: w},
		}
		defer contexts.Put(x.route)
		x.route.Reset()
		x.route.Routes = routes
		w.Header()[requestIDHeader] = x.id[:]
		defer func() {
			level := slog.LevelInfo
			if r.URL.Path == livePath || r.URL.Path == readyPath {
				level = slog.LevelDebug
			}
			if !log.Enabled(x, level) {
				return
			}
			end := time.Now()
			_ = write(x, requestLine{
				at: end, level: level, method: r.Method, path: r.URL.Path, status: x.answer.statusOf(r), bytes: x.answer.bytes,
				duration: end.Sub(start), client: addressOf(auth.FromContext(x), proxies, r),
			})
		}()
		routes.ServeHTTP(&x.answer, r.WithContext(x))
	})
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
