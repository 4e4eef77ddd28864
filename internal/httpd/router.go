// Package httpd is the HTTP edge: the router, what every request passes through, health, and the page.
//
// It may import all that lies below, but no other edge.
package httpd

import (
	"log/slog"
	"net/http"

	"github.com/go-chi/chi/v5"
	chimiddleware "github.com/go-chi/chi/v5/middleware"

	"postern/internal/auth"
	"postern/internal/transport"
)

// Options are what a router is made from.
type Options struct {
	GraphQL       http.Handler
	Authenticator *auth.Authenticator
	Proxies       auth.Proxies
	Health        *Health
	// Page serves GraphiQL at /.
	Page bool
	// Origins are those of front ends on other hosts; "*" is all.
	Origins []string
	// SDL is served at /schema.graphqls unless it is empty.
	SDL string
	Log *slog.Logger
}

// New returns the whole site. The error is that of a malformed origin.
func New(o Options) (http.Handler, error) {
	originsGuard, err := crossOrigin(o.Origins)
	if err != nil {
		return nil, err
	}
	r := chi.NewRouter()
	r.Use(warnOfProxy(o.Log, o.Proxies), recoverPanics(o.Log), secure, chimiddleware.GetHead)
	r.Get(livePath, o.Health.live)
	r.Get(readyPath, o.Health.ready)
	r.Get("/.well-known/jwks.json", serveKeys(o.Authenticator, o.Log))
	graphQL := r.With(originsGuard, onlyWebSocket, o.Authenticator.Middleware(o.Proxies, failAuthentication(o.Log)))
	graphQL.Handle("/graphql", o.GraphQL)
	graphQL.Handle("/graphql/", o.GraphQL)
	graphQL.HandleFunc("/graphql/*", http.NotFound) // not the page's
	if o.SDL != "" {
		r.Get("/schema.graphqls", serveText(o.SDL))
	}
	if o.Page {
		r.Get("/*", page())
	}
	return logRequests(o.Log, o.Proxies, r), nil
}

// secure sets what keeps a browser from guessing and framing. All answers have the same values, which nobody writes into.
func secure(next http.Handler) http.Handler {
	nosniff, deny, noReferrer := []string{"nosniff"}, []string{"DENY"}, []string{"no-referrer"}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		header["X-Content-Type-Options"] = nosniff
		header["X-Frame-Options"] = deny
		header["Referrer-Policy"] = noReferrer
		next.ServeHTTP(w, r)
	})
}

// failAuthentication answers when a session could not be looked up.
func failAuthentication(log *slog.Logger) func(http.ResponseWriter, *http.Request, error) {
	return func(w http.ResponseWriter, r *http.Request, err error) {
		if r.Context().Err() == nil {
			log.ErrorContext(r.Context(), "authenticate", "error", err)
		}
		writeError(w, http.StatusInternalServerError, gqlError{
			Message:    "internal error",
			Extensions: map[string]any{"code": "INTERNAL_SERVER_ERROR", "requestId": RequestID(r.Context())},
		})
	}
}

func serveText(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.Header().Set("Vary", "Accept-Encoding")
		transport.Write(w, r, http.StatusOK, []byte(text))
	}
}

// serveKeys answers with the keys that others can verify access tokens with (RFC 7517, section 8.5.2). They may be kept for a
// minute: new ones are published for longer before they sign.
func serveKeys(authenticator *auth.Authenticator, log *slog.Logger) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		keys, err := authenticator.PublicKeys()
		if err != nil {
			failAuthentication(log)(w, r, err)
			return
		}
		w.Header().Set("Content-Type", "application/jwk-set+json")
		w.Header().Set("Cache-Control", "public, max-age=60")
		w.Header().Set("Vary", "Accept-Encoding")
		transport.Write(w, r, http.StatusOK, keys)
	}
}
