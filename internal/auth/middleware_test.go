package auth_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"postern/internal/auth"
)

// editor is what the store says of every session in these tests.
func editor(context.Context, auth.Claims) (auth.Role, error) { return auth.Editor, nil }

// serve sends a request through the middleware, and returns the answer and the caller that the handler saw, nil if it was
// not called.
func serve(t *testing.T, tokens *auth.Tokens, sessions auth.Sessions, r *http.Request) (*httptest.ResponseRecorder, *auth.Caller) {
	t.Helper()
	var seen *auth.Caller
	handler := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		seen = new(auth.FromContext(r.Context()))
	})
	fail := func(w http.ResponseWriter, _ *http.Request, err error) { http.Error(w, err.Error(), http.StatusTeapot) }
	recorder := httptest.NewRecorder()
	auth.NewAuthenticator(tokens, sessions).Middleware(nil, fail)(handler).ServeHTTP(recorder, r)
	return recorder, seen
}

func TestMiddlewareReadsTheHeader(t *testing.T) {
	t.Parallel()
	tokens := tokensAt(t, signedAt)
	token := sign(t, tokens)
	expired := forgeGood(goodHeader.String(), goodClaims.with(object{"iat": 1, "nbf": 1, "exp": 601}).String())
	for _, test := range []struct {
		name    string
		header  []string
		refusal auth.Reason // "" for a viewer
	}{
		{"none", nil, auth.TokenMissing},
		{"Bearer", []string{"Bearer " + token}, ""},
		{"lower case", []string{"bearer " + token}, ""},
		{"upper case", []string{"BEARER " + token}, ""},
		{"several spaces", []string{"Bearer   " + token}, ""},
		{"another scheme", []string{"Basic amFuZTpzZWNyZXQ="}, auth.TokenMissing},
		{"another scheme with the token", []string{"DPoP " + token}, auth.TokenMissing},
		{"a scheme that begins alike", []string{"Bearers " + token}, auth.TokenMissing},
		{"no scheme", []string{token}, auth.TokenMissing},
		{"empty", []string{""}, auth.TokenMissing},
		{"no token", []string{"Bearer"}, auth.TokenInvalid},
		{"a space for a token", []string{"Bearer "}, auth.TokenInvalid},
		{"in quotes", []string{`Bearer "` + token + `"`}, auth.TokenInvalid},
		{"something behind", []string{"Bearer " + token + " x"}, auth.TokenInvalid},
		{"a list", []string{"Bearer " + token + ", Bearer " + token}, auth.TokenInvalid},
		{"a refresh token", []string{"Bearer " + strings.Repeat("A", 86)}, auth.TokenInvalid},
		{"two", []string{"Bearer " + token, "Bearer " + token}, auth.TokenInvalid},
		{"two, one of another scheme", []string{"Basic amFuZTpzZWNyZXQ=", "Bearer " + token}, auth.TokenInvalid},
		{"expired", []string{"Bearer " + expired}, auth.TokenExpired},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", http.NoBody)
			r.Header["Authorization"] = test.header
			answer, caller := serve(t, tokens, editor, r)
			if caller == nil {
				t.Fatalf("the handler was not called: %d", answer.Code)
			}
			if caller.Refusal != test.refusal || (caller.Viewer != nil) != (test.refusal == "") {
				t.Errorf("caller = %+v, want the refusal %q", caller, test.refusal)
			}
			want := ""
			if test.refusal == auth.TokenInvalid || test.refusal == auth.TokenExpired {
				want = `Bearer realm="postern", error="invalid_token", error_description="` + string(test.refusal) + `"`
			}
			if got := answer.Header().Get("WWW-Authenticate"); got != want {
				t.Errorf("WWW-Authenticate = %q, want %q", got, want)
			}
		})
	}
}

// TestMiddlewareReadsNothingElse sends a good token where others take it from (RFC 6750, sections 2.2 and 2.3; RFC 9700, section
// 4.3.2): the caller is anonymous, and the body is left to who reads it next.
func TestMiddlewareReadsNothingElse(t *testing.T) {
	t.Parallel()
	tokens := tokensAt(t, signedAt)
	token := sign(t, tokens)
	for _, test := range []struct{ name, url, body, header, value string }{
		{"the query string", "/?access_token=" + token, "", "", ""},
		{"the query string, by other names", "/?token=" + token + "&authorization=Bearer%20" + token + "&Authorization=" + token, "", "", ""},
		{"the user of the URL", "http://Bearer:" + token + "@example.org/", "", "", ""},
		{"a form", "/", "access_token=" + token, "Content-Type", "application/x-www-form-urlencoded"},
		{"JSON", "/", `{"access_token":"` + token + `","authorization":"Bearer ` + token + `"}`, "Content-Type", "application/json"},
		{"a cookie", "/", "", "Cookie", "access_token=" + token + "; Authorization=Bearer " + token},
		{"the proxy's header", "/", "", "Proxy-Authorization", "Bearer " + token},
		{"another header", "/", "", "X-Authorization", "Bearer " + token},
		{"a subprotocol", "/", "", "Sec-WebSocket-Protocol", "graphql-transport-ws, " + token},
	} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, test.url, strings.NewReader(test.body))
		if test.header != "" {
			r.Header.Set(test.header, test.value)
		}
		answer, caller := serve(t, tokens, editor, r)
		if caller == nil || caller.Viewer != nil || caller.Refusal != auth.TokenMissing || answer.Header().Get("WWW-Authenticate") != "" {
			t.Errorf("a token in %s makes the caller %+v, want one without a token", test.name, caller)
		}
		if left, err := io.ReadAll(r.Body); err != nil || string(left) != test.body {
			t.Errorf("a token in %s: the body is %q, %v now, want %q", test.name, left, err, test.body)
		}
	}
}

func TestMiddlewarePutsTheViewerIntoTheContext(t *testing.T) {
	t.Parallel()
	tokens := tokensAt(t, signedAt)
	token := sign(t, tokens)
	claims, err := tokens.Verify(token)
	if err != nil {
		t.Fatal(err)
	}
	var asked auth.Claims
	sessions := func(_ context.Context, c auth.Claims) (auth.Role, error) {
		asked = c
		return auth.Author, nil
	}
	_, caller := serve(t, tokens, sessions, withToken(t, token))
	if want := (auth.Viewer{Claims: claims, Role: auth.Author}); caller == nil || caller.Viewer == nil || *caller.Viewer != want {
		t.Errorf("caller = %+v, want the viewer %+v", caller, want)
	}
	if asked != claims {
		t.Errorf("sessions were asked for %+v, want %+v", asked, claims)
	}
}

func TestMiddlewareWhenTheSessionHasEnded(t *testing.T) {
	t.Parallel()
	tokens := tokensAt(t, signedAt)
	ended := func(context.Context, auth.Claims) (auth.Role, error) { return auth.Admin, auth.SessionEnded }
	answer, caller := serve(t, tokens, ended, withToken(t, sign(t, tokens)))
	if caller == nil || caller.Viewer != nil || caller.Refusal != auth.SessionEnded {
		t.Errorf("caller = %+v, want an anonymous one whose session has ended", caller)
	}
	want := `Bearer realm="postern", error="invalid_token", error_description="SESSION_ENDED"`
	if got := answer.Header().Get("WWW-Authenticate"); got != want {
		t.Errorf("WWW-Authenticate = %q, want %q", got, want)
	}
}

func TestMiddlewareWhenTheStoreFails(t *testing.T) {
	t.Parallel()
	tokens := tokensAt(t, signedAt)
	broken := func(context.Context, auth.Claims) (auth.Role, error) {
		return auth.Admin, errors.New("the disk is gone")
	}
	answer, caller := serve(t, tokens, broken, withToken(t, sign(t, tokens)))
	if caller != nil {
		t.Errorf("the handler was called by %+v, want fail to answer alone", caller)
	}
	if answer.Code != http.StatusTeapot || !strings.Contains(answer.Body.String(), "the disk is gone") {
		t.Errorf("answer = %d %q, want fail's", answer.Code, answer.Body)
	}
	if _, caller := serve(t, tokens, broken, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", http.NoBody)); caller == nil {
		t.Error("without a token the handler was not called, want no look-up")
	}
}

func withToken(t *testing.T, token string) *http.Request {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", http.NoBody)
	r.Header.Set("Authorization", "Bearer "+token)
	return r
}

func TestMiddlewareTellsWhereTheRequestComesFrom(t *testing.T) {
	t.Parallel()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", http.NoBody)
	r.RemoteAddr = "[::ffff:203.0.113.9]:4711"
	r.Header.Set("User-Agent", "curl/8")
	r.Header.Set("X-Forwarded-For", "198.51.100.1")
	_, caller := serve(t, tokensAt(t, signedAt), editor, r)
	if want := (auth.Client{Address: netip.MustParseAddr("203.0.113.9"), UserAgent: "curl/8"}); caller.Client != want {
		t.Errorf("Client = %+v, want %+v", caller.Client, want)
	}
}

func TestFromContextWithoutCaller(t *testing.T) {
	t.Parallel()
	if got := auth.FromContext(t.Context()); got.Viewer != nil || got.Refusal != auth.TokenMissing {
		t.Errorf("FromContext(empty) = %+v, want an anonymous caller without a token", got)
	}
}

func TestReasonsAreToldApart(t *testing.T) {
	t.Parallel()
	sentences := make(map[string]auth.Reason)
	for _, reason := range []auth.Reason{auth.TokenMissing, auth.TokenExpired, auth.TokenInvalid, auth.SessionEnded} {
		if other, there := sentences[reason.Sentence()]; there || reason.Sentence() == "" || reason.Error() != string(reason) {
			t.Errorf("%s is said as %q, and as an error %q, like %q", reason, reason.Sentence(), reason.Error(), other)
		}
		sentences[reason.Sentence()] = reason
	}
}

// FuzzBearer looks for a header that makes a viewer, and is not Bearer with a token that was signed.
func FuzzBearer(f *testing.F) {
	authenticator := auth.NewAuthenticator(tokensOfAll(f), editor)
	good := make(map[string]bool)
	for _, s := range rings()[0].signers() {
		good[s.good()] = true
	}
	for token := range good {
		for _, seed := range []string{"Bearer " + token, "bearer   " + token, token, "Bearer\t" + token, "Bearer " + token + ", Bearer " + token} {
			f.Add(seed)
		}
	}
	for _, seed := range []string{"Basic x", "Bearer", "", " "} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, header string) {
		viewer, refusal, err := authenticator.Authenticate(t.Context(), []string{header})
		if err != nil {
			t.Fatalf("Authenticate(%q) = %v, want no error", header, err)
		}
		scheme, token, _ := strings.Cut(header, " ")
		want := strings.EqualFold(scheme, "Bearer") && good[strings.TrimLeft(token, " ")]
		if got := viewer != nil; got != want || got != (refusal == "") {
			t.Errorf("Authenticate(%q) = %v, %q, want a viewer: %v", header, viewer, refusal, want)
		}
	})
}

// TestOpenContextTellsThoseOutside has one make a context who is told who came, when somebody has found it out.
func TestOpenContextTellsThoseOutside(t *testing.T) {
	t.Parallel()
	tokens := tokensAt(t, signedAt)
	open := auth.NewOpenContext(t.Context())
	ctx := context.Context(&open)
	if got, want := auth.FromContext(ctx), (auth.Caller{Refusal: auth.TokenMissing}); got != want {
		t.Errorf("FromContext(before) = %+v, want %+v", got, want)
	}
	r := httptest.NewRequestWithContext(ctx, http.MethodGet, "/", http.NoBody)
	r.Header.Set("Authorization", "Bearer "+sign(t, tokens))
	_, seen := serve(t, tokens, editor, r)
	if got := auth.FromContext(ctx); seen == nil || got != *seen || got.Viewer == nil || got.Viewer.Role != auth.Editor {
		t.Errorf("FromContext(afterwards) = %+v, want what the handler saw: %+v", got, seen)
	}
}
