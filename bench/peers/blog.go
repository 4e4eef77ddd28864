package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httputil"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// secret signs all access tokens, also those that the peers are sent.
const secret = "a secret of the benchmark's, and of nobody else"

// post and user are what all servers have, as Postern tells it.
type (
	post struct {
		ID        string `json:"id"`
		Title     string `json:"title"`
		Content   string `json:"content,omitempty"`
		CreatedAt string `json:"createdAt"`
		Author    user   `json:"author"`

		cursor string
	}
	user struct {
		ID   string `json:"id"`
		Name string `json:"name"`

		email  string
		claims jwt.MapClaims // of an access token
	}
)

// blog is all data, as it is before anything is measured, or samples of it: runs of posts without a gap, each as long as run.
type blog struct {
	posts []post // newest first
	run   int
	users []user
}

// starts are the posts that others follow for a page.
func (b *blog) starts() (found []int) {
	for i := range b.posts {
		if i%b.run+pageSize < b.run {
			found = append(found, i)
		}
	}
	return found
}

const password = "violet tractor under the moss"

// text is what posts say: a kilobyte of it.
func text() string {
	return strings.Repeat("The Analytical Engine weaves algebraic patterns. ", 21)[:1024]
}

// populate has Postern open accounts and publish posts, and reads all of it back.
func populate(ctx context.Context, origin string, users, posts int) (*blog, error) {
	b := &blog{users: make([]user, users), run: posts}
	if err := inParallel(users, func(n int) error {
		u := &b.users[n]
		u.Name, u.email = fmt.Sprintf("User %03d", n), fmt.Sprintf("user%03d@example.org", n)
		return u.signUp(ctx, origin)
	}); err != nil {
		return nil, fmt.Errorf("sign up: %w", err)
	}
	if err := inParallel(posts, func(n int) error {
		var data json.RawMessage
		input := map[string]string{"title": fmt.Sprintf("Post %05d", n), "content": text()}
		return ask(ctx, origin, b.users[n%users].token(), create, map[string]any{"input": input}, &data)
	}); err != nil {
		return nil, fmt.Errorf("publish: %w", err)
	}
	var after *string
	for {
		found, err := read(ctx, origin, after)
		if err != nil {
			return nil, fmt.Errorf("read: %w", err)
		}
		if len(found) == 0 {
			break
		}
		b.posts = append(b.posts, found...)
		after = &found[len(found)-1].cursor
	}
	if len(b.posts) != posts {
		return nil, fmt.Errorf("%d posts were read, want %d", len(b.posts), posts)
	}
	return b, nil
}

// pageOfAll is how many posts are read at once: as many as Postern lets anybody read.
const pageOfAll = 100

// read is a page of Postern's posts, with all that is known of them.
func read(ctx context.Context, origin string, after *string) ([]post, error) {
	var data struct {
		Posts struct {
			Edges []struct {
				Cursor string
				Node   post
			}
		}
	}
	const all = `query($first: Int!, $after: String) {
		posts(first: $first, after: $after) { edges { cursor node { id title content createdAt author { id name } } } }
	}`
	err := ask(ctx, origin, "", all, map[string]any{"first": pageOfAll, "after": after}, &data)
	found := make([]post, len(data.Posts.Edges))
	for i, edge := range data.Posts.Edges {
		found[i] = edge.Node
		found[i].cursor = edge.Cursor
	}
	return found, err
}

// inParallel calls fn with each number below n, eight at a time.
func inParallel(n int, fn func(int) error) error {
	const workers = 8
	var all sync.WaitGroup
	var next atomic.Int64
	errs := make([]error, workers)
	for w := range workers {
		all.Go(func() {
			for i := next.Add(1) - 1; i < int64(n) && errs[w] == nil; i = next.Add(1) - 1 {
				errs[w] = fn(int(i))
			}
		})
	}
	all.Wait()
	return errors.Join(errs...)
}

// signUp opens the account, and keeps what its access token says.
func (u *user) signUp(ctx context.Context, origin string) error {
	var data struct {
		Signup struct {
			Viewer struct{ User user }
			Tokens struct{ AccessToken string }
		}
	}
	input := map[string]string{"email": u.email, "password": password, "name": u.Name}
	err := ask(ctx, origin, "", `mutation($input: SignupInput!) {
		signup(input: $input) { viewer { user { id } } tokens { accessToken } errors { message } }
	}`, map[string]any{"input": input}, &data)
	if err != nil {
		return err
	}
	u.ID = data.Signup.Viewer.User.ID
	_, payload, _ := strings.Cut(data.Signup.Tokens.AccessToken, ".")
	payload, _, _ = strings.Cut(payload, ".")
	decoded, err := base64.RawURLEncoding.DecodeString(payload)
	if err != nil {
		return fmt.Errorf("read an access token: %w", err)
	}
	return json.Unmarshal(decoded, &u.claims)
}

// token is an access token of the account's session as Postern would give it now: its own would not live until the end.
func (u *user) token() string {
	now := time.Now().Unix()
	claims := maps.Clone(u.claims)
	claims["iat"], claims["nbf"], claims["exp"] = now, now, now+600
	t := jwt.NewWithClaims(jwt.SigningMethodHS256, claims)
	t.Header["typ"] = "at+jwt"
	signed, err := t.SignedString([]byte(secret))
	if err != nil {
		panic(err) // what was JSON can be JSON again
	}
	return signed
}

// client keeps its connections, and takes answers as wrk does: uncompressed.
//
//nolint:gochecknoglobals // there is one for all
var client = &http.Client{Timeout: time.Minute, Transport: &http.Transport{MaxIdleConnsPerHost: 32, DisableCompression: true}}

// ask has an operation executed, which must succeed.
func ask(ctx context.Context, origin, token, query string, variables map[string]any, data any) error {
	body, err := json.Marshal(map[string]any{"query": query, "variables": variables})
	if err != nil {
		return err
	}
	said, _, err := request{method: http.MethodPost, path: "/graphql", token: token, body: string(body)}.send(ctx, origin)
	if err != nil {
		return err
	}
	var answer struct {
		Data   json.RawMessage
		Errors []struct{ Message string }
	}
	if err := json.Unmarshal(said, &answer); err != nil {
		return fmt.Errorf("%w: %.200q", err, said)
	}
	if len(answer.Errors) > 0 || bytes.Contains(answer.Data, []byte(`"errors":[{`)) {
		return fmt.Errorf("it answered %.300s", said)
	}
	return json.Unmarshal(answer.Data, data)
}

// request is one over HTTP.
type request struct{ method, path, token, body string }

// send sends it to a server, and returns what that answers, and how many bytes the whole response has.
func (r request) send(ctx context.Context, origin string) (body []byte, size int, err error) {
	sent, err := http.NewRequestWithContext(ctx, r.method, origin+r.path, strings.NewReader(r.body))
	if err != nil {
		return nil, 0, err
	}
	sent.Header.Set("Content-Type", "application/json")
	if r.token != "" {
		sent.Header.Set("Authorization", "Bearer "+r.token)
	}
	response, err := client.Do(sent)
	if err != nil {
		return nil, 0, err
	}
	defer func() { _ = response.Body.Close() }()
	raw, err := httputil.DumpResponse(response, true)
	if err != nil {
		return nil, 0, err
	}
	body, err = io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK && response.StatusCode != http.StatusCreated {
		err = fmt.Errorf("%s: %.300q", response.Status, body)
	}
	return body, len(raw), err
}
