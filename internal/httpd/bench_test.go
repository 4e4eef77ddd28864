package httpd_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"postern/internal/auth"
	"postern/internal/httpd"
	"postern/internal/id"
)

// BenchmarkEdge measures what a request with a token passes through before GraphQL and after it, with its line in the log.
func BenchmarkEdge(b *testing.B) {
	tokens, err := auth.NewTokens(auth.TokenOptions{
		Secret: make([]byte, auth.MinSecretLength), Issuer: "postern", Audience: "postern", ClientID: "postern", Now: time.Now,
	})
	if err != nil {
		b.Fatal(err)
	}
	token, _, err := tokens.Sign(id.NewUser(time.Now()), id.NewSession(time.Now()))
	if err != nil {
		b.Fatal(err)
	}
	log := httpd.NewLog(io.Discard, slog.LevelInfo, false)
	site, err := httpd.New(httpd.Options{
		GraphQL: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }),
		Authenticator: auth.NewAuthenticator(tokens, func(context.Context, auth.Claims) (auth.Role, error) {
			return auth.Author, nil
		}),
		Health: httpd.NewHealth(log), Log: log,
	})
	if err != nil {
		b.Fatal(err)
	}
	request := httptest.NewRequestWithContext(b.Context(), http.MethodPost, "/graphql", http.NoBody)
	request.Header.Set("Authorization", "Bearer "+token)
	request.Header.Set("User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0")
	answer := sink{http.Header{}}
	b.ReportAllocs()
	for b.Loop() {
		clear(answer.header)
		site.ServeHTTP(answer, request)
	}
}

// sink is a ResponseWriter that costs nothing.
type sink struct{ header http.Header }

func (s sink) Header() http.Header          { return s.header }
func (sink) Write(body []byte) (int, error) { return len(body), nil }
func (sink) WriteHeader(int)                {}
