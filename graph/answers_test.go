package graph_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"postern/internal/auth"
	"postern/internal/blog"
	"postern/internal/store"
	"postern/internal/store/storetest"
)

// asked is a request that can be sent again.
type asked struct {
	method, target, body string
	header               map[string]string
}

func byPost(body string, header ...string) asked {
	return asked{http.MethodPost, "/graphql", body, headers(append(header, "Content-Type: application/json"))}
}

func byGet(query string, header ...string) asked {
	return asked{http.MethodGet, "/graphql?" + url.Values{"query": {query}}.Encode(), "", headers(header)}
}

func byHead(query string, header ...string) asked {
	q := byGet(query, header...)
	q.method = http.MethodHead
	return q
}

func headers(lines []string) map[string]string {
	all := map[string]string{"X-Request-Id": "the-same", "Accept-Encoding": "identity"}
	for _, line := range lines {
		name, value, _ := strings.Cut(line, ": ")
		all[name] = value
	}
	return all
}

func (q asked) with(name, value string) asked {
	q.header = maps.Clone(q.header)
	q.header[name] = value
	return q
}

// seen is all of an answer that a client sees.
type seen struct {
	Status int
	Header http.Header
	Body   string
}

// put sends a asked, and tells how many statements its answer took: a kept one takes none.
func (s *server) put(t *testing.T, q asked) (seen, int64) {
	t.Helper()
	var body io.Reader
	if q.body != "" {
		body = strings.NewReader(q.body)
	}
	request, err := http.NewRequestWithContext(t.Context(), q.method, s.URL+q.target, body)
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range q.header {
		request.Header.Set(name, value)
	}
	before := s.statements.Load()
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	response.Header.Del("Date")
	return seen{response.StatusCode, response.Header, string(text)}, s.statements.Load() - before
}

// kept sends a asked until its answer is kept: PostgreSQL tells of our own commits some time later.
func (s *server) kept(t *testing.T, q asked) seen {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); {
		if answer, statements := s.put(t, q); statements == 0 {
			return answer
		}
	}
	t.Fatalf("%s %s %s is never answered by what is kept", q.method, q.target, q.body)
	return seen{}
}

const (
	pageQuery = `{ posts(first: 20) { totalCount nodes { id title content author { id name } viewerCanUpdate } } viewer { email } }`
	pageBody  = `{"query":"` + pageQuery + `"}`
)

// withPosts is a server that has some posts, and a token of their author's.
func withPosts(t *testing.T, url string, o options) (s *server, token string) {
	t.Helper()
	s = newServerWith(t, url, o)
	token = s.account(t, "author", auth.Author)
	for i := range 5 {
		s.ask(t, token, `mutation($title: String!, $content: String!) { createPost(input: {title: $title, content: $content}) { post { id } } }`,
			map[string]any{"title": fmt.Sprint("Post ", i), "content": strings.Repeat("content ", 100)})
	}
	return s, token
}

// keeping are options of a server that keeps answers.
var keeping = options{introspection: true, pool: patient, answers: 1 << 20}

// TestKeptAnswersAreTheSame compares answers that are kept with those of a server that keeps none: all that a client sees.
func TestKeptAnswersAreTheSame(t *testing.T) {
	sum := sha256.Sum256([]byte(pageQuery))
	hash := hex.EncodeToString(sum[:])
	for name, q := range map[string]asked{
		"POST":             byPost(pageBody),
		"GET":              byGet(pageQuery),
		"HEAD":             byHead(pageQuery),
		"POST, compressed": byPost(pageBody, "Accept-Encoding: gzip"),
		"GET, compressed":  byGet(pageQuery, "Accept-Encoding: br, gzip;q=0.5"),
		"HEAD, compressed": byHead(pageQuery, "Accept-Encoding: gzip"),
		"its media type":   byPost(pageBody, "Accept: application/graphql-response+json"),
		"events, too":      byPost(pageBody, "Accept: application/json, text/event-stream;q=0.5"),
		"its cost":         byPost(pageBody, "GraphQL-Cost: 1"),
		"its cost by GET":  byGet(pageQuery, "GraphQL-Cost: 1"),
		"variables":        byPost(`{"query":"query A($n: Int) { posts(first: $n) { nodes { title } } }","operationName":"A","variables":{"n":2}}`),
		"persisted":        byPost(`{"query":"` + pageQuery + `","extensions":{"persistedQuery":{"version":1,"sha256Hash":"` + hash + `"}}}`),
		"an origin":        byGet(pageQuery, "Origin: https://blog.example.org"),
		"a known answer":   byGet(pageQuery, "If-None-Match: *"),
		"an unknown one":   byGet(pageQuery, `If-None-Match: "x"`),
		"a charset":        byPost(pageBody, "Content-Type: application/json; charset=utf-8"),
	} {
		t.Run(name, func(t *testing.T) {
			storetest.Each(t, func(t *testing.T, url string) {
				s, _ := withPosts(t, url, keeping)
				none := newServerWith(t, url, options{introspection: true, pool: patient})
				first, statements := s.put(t, q)
				if statements == 0 {
					t.Fatal("the first answer took no statements")
				}
				fresh, statements := none.put(t, q)
				if statements == 0 {
					t.Fatal("a server that keeps no answers ran no statements")
				}
				kept := s.kept(t, q)
				for _, other := range []seen{first, fresh} {
					if same(other) != same(kept) {
						t.Errorf("what is kept = %s\nwant %s", same(kept), same(other))
					}
				}
				if kept.Status != http.StatusOK && name != "a known answer" || kept.Status == http.StatusNotModified != (name == "a known answer") {
					t.Errorf("status = %d", kept.Status)
				}
			})
		})
	}
}

// same is an answer that can be compared.
func same(r seen) string {
	text, _ := json.Marshal(r)
	return string(text)
}

// TestKeptAnswersAreOfTheQuestion asks one thing in several ways, of which each gets what it asked for.
func TestKeptAnswersAreOfTheQuestion(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		s, _ := withPosts(t, url, keeping)
		tag := s.kept(t, byGet(pageQuery)).Header.Get("ETag")
		if tag == "" {
			t.Fatal("GET has no ETag")
		}
		s.kept(t, byPost(pageBody))
		for _, test := range []struct {
			q      asked
			status int
			header map[string]string
		}{
			{byGet(pageQuery).with("If-None-Match", tag), http.StatusNotModified, map[string]string{"ETag": tag}},
			{byGet(pageQuery).with("If-None-Match", `"x"`), http.StatusOK, map[string]string{"ETag": tag}},
			{byGet(pageQuery).with("Accept-Encoding", "gzip"), http.StatusOK, map[string]string{"Content-Encoding": "gzip"}},
			{byGet(pageQuery).with("Accept", "application/graphql-response+json"), http.StatusOK, map[string]string{
				"Content-Type": "application/graphql-response+json; charset=utf-8",
			}},
			{byPost(pageBody).with("Accept", "image/png"), http.StatusNotAcceptable, nil},
			{byPost(pageBody).with("Accept", "text/event-stream"), http.StatusOK, map[string]string{"Content-Type": "text/event-stream; charset=utf-8"}},
			{byPost(pageBody).with("Content-Type", "text/plain"), http.StatusUnsupportedMediaType, nil},
			{byPost(pageBody).with("Content-Encoding", "gzip"), http.StatusUnsupportedMediaType, nil},
			{byPost(pageBody).with("X-Request-Id", "another"), http.StatusOK, map[string]string{"X-Request-Id": "another", "Cache-Control": "no-store", "ETag": ""}},
		} {
			for range 2 {
				got, _ := s.put(t, test.q)
				if got.Status != test.status {
					t.Errorf("%v = %d, want %d", test.q, got.Status, test.status)
				}
				for name, want := range test.header {
					if got.Header.Get(name) != want {
						t.Errorf("%v has %s: %q, want %q", test.q, name, got.Header.Get(name), want)
					}
				}
			}
		}
		if cost, _ := s.put(t, byPost(pageBody).with("GraphQL-Cost", "1")); !strings.Contains(cost.Body, `"extensions":{"cost":`) {
			t.Errorf("with GraphQL-Cost = %s, want the cost", cost.Body)
		}
		if cost, _ := s.put(t, byPost(pageBody).with("GraphQL-Cost", "0")); strings.Contains(cost.Body, `"extensions"`) {
			t.Errorf("without GraphQL-Cost = %s, want no cost", cost.Body)
		}
	})
}

// TestAnswersThatAreNotKept asks again what depends on who asks, what changes something, and what goes wrong.
func TestAnswersThatAreNotKept(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		s, token := withPosts(t, url, keeping)
		s.kept(t, byPost(pageBody)) // nothing is on its way any more
		s.kept(t, byGet(pageQuery))
		for name, q := range map[string]asked{
			"a token":             byPost(pageBody).with("Authorization", "Bearer "+token),
			"a token by GET":      byGet(pageQuery).with("Authorization", "Bearer "+token),
			"a bad token":         byPost(pageBody).with("Authorization", "Bearer x"),
			"another scheme":      byPost(pageBody).with("Authorization", "Basic x"),
			"an empty one":        byPost(pageBody).with("Authorization", ""),
			"an event stream":     byPost(pageBody).with("Accept", "text/event-stream"),
			"some error":          byPost(`{"query":"{ posts(first: 1) { nodes { id } } rateLimit { posts { limit } } }"}`),
			"some error, by GET":  byGet(`{ posts(first: 1) { nodes { id } } rateLimit { posts { limit } } }`),
			"a mutation":          byPost(`{"query":"mutation { login(input: {email: \"nobody@example.org\", password: \"` + password + `\"}) { errors { message } } }"}`),
			"more than is hashed": byPost(pageBody + strings.Repeat(" ", 33<<10)),
		} {
			for range 3 {
				if answer, statements := s.put(t, q); statements == 0 {
					t.Errorf("%s = %s, which took no statement", name, answer.Body)
				}
			}
		}
		s.kept(t, byPost(pageBody)) // nor have they emptied anything for good
		if mine, _ := s.put(t, byPost(pageBody).with("Authorization", "Bearer "+token)); !strings.Contains(mine.Body, "author@example.org") {
			t.Errorf("the author's answer = %s, want the author's email", mine.Body)
		}
		if s.kept(t, byPost(pageBody)).Body != s.kept(t, byGet(pageQuery)).Body || strings.Contains(s.kept(t, byPost(pageBody)).Body, "author@") {
			t.Errorf("nobody's answer = %s, want nobody's", s.kept(t, byPost(pageBody)).Body)
		}
	})
}

// TestAnswersAreForgotten when what they say changes, and when another process changes it; and not when somebody logs in.
func TestAnswersAreForgotten(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		s, token := withPosts(t, url, keeping)
		there := storetest.Open(t, url)
		const query = `{"query":"{ posts(last: 1) { nodes { title author { name } } } }"}`
		answered := func(title, author string) string {
			return fmt.Sprintf(`{"data":{"posts":{"nodes":[{"title":%q,"author":{"name":%q}}]}}}`, title, author)
		}
		change := func(mutation string) func() {
			return func() {
				if answer := s.ask(t, token, mutation, nil); len(answer.Errors) > 0 {
					t.Fatal(mutation, answer.Errors)
				}
			}
		}
		slug := "post-0"
		oldest, err := s.store.Post(t.Context(), blog.PostLookup{Slug: &slug})
		if err != nil {
			t.Fatal(err)
		}
		input := `input: {postId: "` + oldest.ID.String() + `"`
		for _, step := range []struct {
			name, want string
			do         func()
		}{
			{"nothing", answered("Post 0", "Author"), func() {}},
			{"updatePost", answered("Changed", "Author"), change(`mutation { updatePost(` + input + `, title: "Changed"}) { errors { message } } }`)},
			{"updateProfile", answered("Changed", "Ada"), change(`mutation { updateProfile(input: {name: "Ada"}) { errors { message } } }`)},
			{"deletePost", answered("Post 1", "Ada"), change(`mutation { deletePost(` + input + `}) { errors { message } } }`)},
		} {
			s.kept(t, byPost(query))
			step.do()
			if got, _ := s.put(t, byPost(query)); strings.TrimSpace(got.Body) != step.want {
				t.Errorf("after %s = %s, want %s", step.name, got.Body, step.want)
			}
		}
		statements := int64(1)
		for try := 0; try < 5 && statements > 0; try++ { // PostgreSQL may yet tell of what was changed before
			s.kept(t, byPost(query))
			s.ask(t, "", `mutation { login(input: {email: "author@example.org", password: "`+password+`"}) { tokens { accessToken } } }`, nil)
			_, statements = s.put(t, byPost(query))
		}
		if statements > 0 {
			t.Errorf("after a log-in an answer takes %d statements, want none", statements)
		}
		slug = "post-1"
		oldest, err = there.Post(t.Context(), blog.PostLookup{Slug: &slug})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := there.UpdatePost(t.Context(), oldest.ID, func(p *blog.Post) error { p.Title = "Theirs"; return nil }); err != nil {
			t.Fatal(err)
		}
		got, _ := s.put(t, byPost(query))
		for deadline := time.Now().Add(time.Minute); s.store.Name() == "PostgreSQL" && time.Now().Before(deadline); got, _ = s.put(t, byPost(query)) {
			if got.Body == answered("Theirs", "Ada") { // who tells it within a moment
				break
			}
		}
		if got.Body != answered("Theirs", "Ada") {
			t.Errorf("after another process = %s, want what that wrote", got.Body)
		}
	})
}

// TestAnswersNeverGoBack has writers raise the number that is a post's title, and readers ask for it in one way after the other: no
// reader sees a lower number than before, nor does one who has written.
func TestAnswersNeverGoBack(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		const readers, writes = 4, 150
		s := newServerWith(t, url, keeping)
		s.ask(t, s.account(t, "author", auth.Author), `mutation { createPost(input: {title: "0", content: "x"}) { post { id } } }`, nil)
		slug := "0"
		written, err := s.store.Post(t.Context(), blog.PostLookup{Slug: &slug})
		if err != nil {
			t.Fatal(err)
		}
		questions := waysToAsk(written.ID.String())
		var writing, reading sync.WaitGroup
		done := make(chan struct{})
		for _, db := range []*store.Store{s.store, s.store} {
			writing.Go(func() {
				var last int
				for range writes {
					updated, err := db.UpdatePost(t.Context(), written.ID, func(p *blog.Post) error {
						n, err := strconv.Atoi(p.Title)
						p.Title = strconv.Itoa(n + 1)
						return err
					})
					if err != nil {
						t.Error(err)
						return
					}
					if last, err = strconv.Atoi(updated.Title); err != nil {
						t.Error(err)
					}
					if got := s.number(t, questions[last%len(questions)]); got < last {
						t.Errorf("who wrote %d reads %d", last, got)
					}
				}
			})
		}
		for reader := range readers {
			reading.Go(func() {
				last := 0
				for i := reader; ; i++ {
					select {
					case <-done:
						return
					default:
					}
					q := questions[i%len(questions)]
					got := s.number(t, q)
					if got < last {
						t.Errorf("who has read %d reads %d by %s %s", last, got, q.target, q.body)
					}
					last = got
				}
			})
		}
		writing.Wait()
		close(done)
		reading.Wait()
		for _, q := range questions {
			if got := s.number(t, q); got != 2*writes {
				t.Errorf("at last %s %s reads %d, want %d", q.target, q.body, got, 2*writes)
			}
			s.kept(t, q)
		}
	})
}

// waysToAsk for the title of the only post.
func waysToAsk(id string) (questions []asked) {
	for _, query := range []string{
		`{ posts { nodes { title } } }`,
		`{ posts(last: 1) { edges { node { title } } } }`,
		`{ post(by: {id: $id}) { title } }`,
		`{ node(id: $id) { ... on Post { title } } }`,
		`{ nodes(ids: [$id]) { ... on Post { title } } }`,
		`{ user(by: {handle: "author"}) { name posts { nodes { title } } } }`,
	} {
		query = strings.ReplaceAll(query, "$id", `"`+id+`"`)
		body, _ := json.Marshal(map[string]string{"query": query})
		questions = append(questions, byPost(string(body)), byGet(query))
	}
	return questions
}

// number asks the handler itself, which is faster.
func (s *server) number(t *testing.T, q asked) int {
	t.Helper()
	request := httptest.NewRequestWithContext(t.Context(), q.method, q.target, strings.NewReader(q.body))
	for name, value := range q.header {
		request.Header.Set(name, value)
	}
	answer := httptest.NewRecorder()
	s.Config.Handler.ServeHTTP(answer, request)
	_, rest, _ := strings.Cut(answer.Body.String(), `"title":"`)
	digits, _, _ := strings.Cut(rest, `"`)
	number, err := strconv.Atoi(digits)
	if err != nil {
		t.Errorf("%v = %s", q, answer.Body)
	}
	return number
}
