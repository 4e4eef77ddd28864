package main

import (
	"fmt"
	"maps"
	"strings"
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
