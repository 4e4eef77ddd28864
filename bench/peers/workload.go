package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
)

// The documents that all servers execute that speak GraphQL, but for PostGraphile, which makes a schema of its own.
const (
	page    = `query($after: String) { posts(first: 20, after: $after) { nodes { id title createdAt author { id name } } } }`
	single  = `query($id: ID!) { post(by: {id: $id}) { id title content createdAt author { id name } } }`
	viewing = `{ viewer { user { id name } email } }`
	create  = `mutation($input: CreatePostInput!) { createPost(input: $input) { post { id title } errors { message } } }`
)

const pageSize = 20

// workload is what is asked of each server.
type workload struct {
	name, what string
	// exchanges are what is asked in turn, and what the answers must be.
	exchanges func(*blog, language) []exchange
	// account tells that it is about somebody's account: with PostgreSQL only reading is measured.
	account bool
	// alone tells that only Postern is asked, in several ways, all of them with SQLite.
	alone bool
	// alike tells that what is compared is much so: it has more rounds.
	alike bool
	// settings are Postern's, beside those it has anyway.
	settings []string
	// writes tells that each request leaves a post.
	writes bool
}

// exchange is a request and the answer that is expected: as Postern gives it.
type exchange struct {
	request

	want string
}

// blank stands where each request has a number of its own.
const blank = "@@@@@@@@"

// workloads are all there are, in the order in which they are measured.
func workloads() []workload {
	uncached := []string{"CACHE_BYTES=0"} // what is asked here comes again before long, and some of it would have been kept
	return []workload{
		{name: "W1", what: "20 posts with their authors, each time others", settings: uncached, exchanges: pages},
		{name: "W2", what: "one post with its author, each time another", alike: true, settings: uncached, exchanges: posts},
		{name: "W3", what: "the account of a token", account: true, exchanges: viewers},
		{name: "W4", what: "a new post, on disk before it is answered", account: true, writes: true, exchanges: creations},
		{name: "again", what: "one page of W1, over and over", exchanges: func(b *blog, l language) []exchange {
			return []exchange{b.page(0, l)}
		}},
		{name: "again GET", what: "the same by GET", exchanges: func(b *blog, l language) []exchange {
			e := b.page(0, l)
			e.request = byGET(e.request)
			return []exchange{e}
		}},
		{name: "size", what: "W1 of more posts", alone: true, alike: true, settings: uncached, exchanges: pages},
		{name: "processors", what: "W1 on more processors", alone: true, alike: true, settings: uncached, exchanges: pages},
	}
}

func pages(b *blog, l language) []exchange {
	starts := b.starts()
	return random(len(starts), func(i int) exchange { return b.page(starts[i], l) })
}

func posts(b *blog, l language) []exchange {
	return random(len(b.posts), func(i int) exchange { return exchange{l.post(b.posts[i]), data("post", b.posts[i])} })
}

// random are exchanges about some of n things, which are the same each time.
func random(n int, of func(i int) exchange) []exchange {
	const different = 5000
	dice := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // the same each time
	found := make([]exchange, different)
	for i := range found {
		found[i] = of(dice.IntN(n))
	}
	return found
}

func viewers(b *blog, l language) []exchange {
	found := make([]exchange, len(b.users))
	for i, u := range b.users {
		found[i] = exchange{l.viewer(u), ofViewer(u)}
		found[i].token = cmp.Or(found[i].token, u.token())
	}
	return found
}

func creations(b *blog, l language) []exchange {
	const title = "Benchmark " + blank
	found := make([]exchange, len(b.users))
	for i, u := range b.users {
		found[i] = exchange{l.create(u, title, text()), fmt.Sprintf(`"title":%q`, title)}
		found[i].token = cmp.Or(found[i].token, u.token())
	}
	return found
}

// page is an exchange about the posts that follow the i-th.
func (b *blog) page(i int, l language) exchange {
	nodes := slices.Clone(b.posts[i+1 : i+1+pageSize])
	for n := range nodes {
		nodes[n].Content = ""
	}
	return exchange{l.page(b.posts[i]), ofPage(nodes)}
}

// byGET is the same request by GET.
func byGET(r request) request {
	if r.method == http.MethodGet {
		return r
	}
	var asked struct {
		Query     string
		Variables json.RawMessage
	}
	if err := json.Unmarshal([]byte(r.body), &asked); err != nil {
		panic(err) // we wrote it
	}
	parameters := url.Values{"query": {asked.Query}, "variables": {string(asked.Variables)}}
	return request{method: http.MethodGet, path: r.path + "?" + parameters.Encode()}
}

func ofPage(nodes []post) string { return data("posts", map[string]any{"nodes": nodes}) }

func ofViewer(u user) string {
	return fmt.Sprintf(`{"data":{"viewer":{"user":{"id":%q,"name":%q},"email":%q}}}`, u.ID, u.Name, u.email)
}

// data is an answer's text.
func data(field string, value any) string {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(map[string]any{"data": map[string]any{field: value}}); err != nil {
		panic(err) // all of it is text
	}
	return string(bytes.TrimSpace(out.Bytes()))
}
