package httpd

import (
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/go-chi/cors"
)

// anyOrigin stands for all origins.
const anyOrigin = "*"

// crossOrigin lets front ends of the given origins ask and read (CORS, https://fetch.spec.whatwg.org/#http-cors-protocol), and
// refuses what pages of others make a browser write, by what the browser tells of them. WebSockets from others are refused
// by whoever opens them; those of the given origins are made to look like our own. A malformed origin is the error; one that
// is not spelt as browsers do never fits, which package config prevents.
func crossOrigin(origins []string) (func(http.Handler) http.Handler, error) {
	protection := http.NewCrossOriginProtection()
	protection.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		badRequest(w, http.StatusForbidden, "pages of this origin may not ask")
	}))
	for _, origin := range origins {
		if origin == anyOrigin {
			continue
		}
		if err := protection.AddTrustedOrigin(origin); err != nil {
			return nil, fmt.Errorf("trust an origin: %w", err)
		}
	}
	all := slices.Contains(origins, anyOrigin)
	allow := func(next http.Handler) http.Handler { return next }
	if len(origins) > 0 {
		allow = cors.Handler(cors.Options{
			AllowedOrigins: origins,
			AllowedMethods: []string{http.MethodGet, http.MethodPost},
			AllowedHeaders: []string{"Accept", "Authorization", "Content-Type", "GraphQL-Cost", requestIDHeader},
			ExposedHeaders: []string{"ETag", "WWW-Authenticate", requestIDHeader},
			MaxAge:         int((10 * time.Minute).Seconds()),
		})
	}
	return func(next http.Handler) http.Handler {
		trusted := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if all || slices.Contains(origins, r.Header.Get("Origin")) {
				r.Header.Del("Origin") // what opens WebSockets lets pass only our own
			}
			next.ServeHTTP(w, r)
		})
		if all {
			return allow(trusted)
		}
		return allow(protection.Handler(trusted))
	}, nil
}
