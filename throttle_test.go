package main

import (
	"fmt"
	"maps"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"postern/internal/store/storetest"
)

// TestThrottling: whoever tries too often is told so, and when to come back, whatever it pretends to be behind.
func TestThrottling(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		env := environment{
			"DATABASE_URL": url, "DATA_DIR": t.TempDir(), "LIMIT_SIGNUPS_OF_ADDRESS": "2", "LIMIT_POSTS_OF_ACCOUNT": "2",
			"LIMIT_FAILURES_OF_ACCOUNT": "2",
		}
		one, two := start(t, env), start(t, maps.Clone(env))
		token := accessToken(t, one.post(t, "", signup))
		const tooOften = `"extensions":{"code":"RATE_LIMITED","retryAfter":`
		for query, want := range map[string]int{
			strings.Replace(signup, "ada@", "bob@", 1):                                                  7,
			`mutation { createPost(input: {title: "T", content: "x"}) { post { title } } }`:             6,
			`mutation { login(input: {email: "ada@example.org", password: "?"}) { viewer { email } } }`: 1, // it only has to wait
		} {
			refused := 0
			for i := range 8 {
				answer := []*process{one, two}[i%2].post(t, token, query, fmt.Sprintf("X-Forwarded-For: 203.0.113.%d", i))
				if strings.Contains(answer, tooOften) {
					refused++
				}
			}
			if refused < want {
				t.Errorf("%d of 8 attempts at %s were refused, want %d", refused, query, want)
			}
		}
		const standing = `{ rateLimit { posts { limit remaining resetAt } } }`
		if got := two.post(t, token, standing); !strings.Contains(got, `{"posts":{"limit":2,"remaining":0,"resetAt":"20`) {
			t.Errorf("%s = %s", standing, got)
		}
		if got := one.post(t, token, `{ viewer { email } }`); !strings.Contains(got, "ada@example.org") {
			t.Errorf("the owner's session: %s", got)
		}
	})
}

// TestGuesses has one password guessed by many connections to two servers, several guesses in each operation, and as if each came from
// elsewhere: few are hashed, and the owner is still logged in.
func TestGuesses(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) { guess(t, url, 200) })
}

func guess(t *testing.T, url string, guesses int) {
	t.Helper()
	env := environment{"DATABASE_URL": url, "DATA_DIR": t.TempDir(), "LIMIT_FAILURES_OF_ADDRESS": "0", "TRUSTED_PROXIES": "127.0.0.1"}
	servers := []*process{startApart(t, env), startApart(t, maps.Clone(env))}
	token := accessToken(t, servers[0].post(t, "", signup))
	var next, answered, refused atomic.Int64
	var guessing sync.WaitGroup
	const atOnce = 64
	for range atOnce {
		guessing.Go(func() {
			for i := next.Add(1); i <= int64(guesses); i = next.Add(1) {
				email := []string{"ada@example.org", "ADA@example.org", " Ada@Example.Org "}[i%3]
				query := `mutation { login(input: {email: "` + email + `", password: "guess number ` + strconv.FormatInt(i, 10) + `"}) {
					errors { __typename } } }`
				if i%10 == 0 { // which must not be two guesses
					query = strings.Replace(query, "{ login", `{ one: login(input: {email: "ada@example.org", password: "guess"}) {
						errors { __typename } } login`, 1)
				}
				got, err := servers[i%2].ask(t.Context(), "", query, fmt.Sprintf("X-Forwarded-For: 203.0.%d.%d", i/250%250, i%250))
				switch {
				case err != nil:
					t.Errorf("guess %d: %v", i, err)
				case strings.Contains(got, "InvalidCredentialsError"):
					answered.Add(1)
				case strings.Contains(got, "RATE_LIMITED"), strings.Contains(got, "OVERLOADED"), strings.Contains(got, "EXCLUSIVE_FIELD_LIMIT"):
					refused.Add(1)
				default:
					t.Errorf("guess %d is answered %s", i, got)
				}
			}
		})
	}
	guessing.Wait()
	t.Logf("of %d guesses %d were answered", guesses, answered.Load())
	const most = 20 // in ten minutes
	if n := answered.Load(); n < 1 || n > most || n+refused.Load() != int64(guesses) {
		t.Errorf("%d guesses were answered and %d refused, want %d answered at most", n, refused.Load(), most)
	}
	if got := servers[1].post(t, token, `{ viewer { email } }`); !strings.Contains(got, "ada@example.org") {
		t.Errorf("the owner's session: %s", got)
	}
}
