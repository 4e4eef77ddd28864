package graph_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"postern/internal/auth"
	"postern/internal/store/storetest"
)

// connection is what a client reads of one (Relay Cursor Connections Specification).
type connection struct {
	Edges []struct {
		Cursor string
		Node   struct{ ID string }
	}
	Nodes    []struct{ ID string }
	PageInfo struct {
		HasNextPage, HasPreviousPage bool
		StartCursor, EndCursor       *string
	}
}

// TestConnections walks lists as front ends do, with pages of any size and in both directions, while posts come and go: what
// stays is met once and in order, each page agrees with itself, and its flags with the list.
func TestConnections(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		s := newServer(t, url)
		w := &walker{t: t, s: s, token: s.account(t, "author", auth.Author), random: rand.New(rand.NewPCG(3, 4))}
		for range 40 {
			w.create()
		}
		w.s.ask(t, w.token, `{ viewer { user { id } } }`, nil).into(t, &w.author)
		for _, list := range []string{`posts(%s)`, `user(by: {handle: "author"}) { posts(%s)`} {
			for _, backward := range []bool{false, true} {
				for _, size := range []int{1, 2, 3, 7, 39, 40, 41, 100} {
					w.walk(list, backward, size)
				}
			}
		}
	})
}

// walker walks lists that change meanwhile.
type walker struct {
	t      *testing.T
	s      *server
	token  string
	author struct {
		Viewer struct{ User struct{ ID string } }
	}
	random *rand.Rand
	posts  []string // newest first
}

func (w *walker) create() {
	var data struct {
		CreatePost struct{ Post struct{ ID string } }
	}
	w.s.ask(w.t, w.token, `mutation { createPost(input: {title: "T", content: "x"}) { post { id } } }`, nil).into(w.t, &data)
	w.posts = slices.Insert(w.posts, 0, data.CreatePost.Post.ID)
}

// change writes one post, and deletes one.
func (w *walker) change() (gone string) {
	w.create()
	at := w.random.IntN(len(w.posts))
	gone = w.posts[at]
	w.posts = slices.Delete(w.posts, at, at+1)
	w.s.ask(w.t, w.token, `mutation($id: ID!) { deletePost(input: {postId: $id}) { deletedPostId } }`, map[string]any{"id": gone})
	return gone
}

func (w *walker) walk(list string, backward bool, size int) {
	w.t.Helper()
	stays := make(map[string]bool)
	for _, id := range w.posts {
		stays[id] = true
	}
	var met []string
	arguments := map[bool]string{false: `first: %d, after: %s`, true: `last: %d, before: %s`}[backward]
	cursor := "null"
	for more := true; more; {
		page := w.page(list, fmt.Sprintf(arguments, size, cursor))
		w.agrees(page, size)
		ids := make([]string, len(page.Nodes))
		for i, node := range page.Nodes {
			ids[i] = node.ID
		}
		if backward {
			met = slices.Concat(ids, met)
			more = page.PageInfo.HasPreviousPage
		} else {
			met = append(met, ids...)
			more = page.PageInfo.HasNextPage
		}
		if more {
			cursor = map[bool]string{false: `"` + *page.PageInfo.EndCursor + `"`, true: `"` + *page.PageInfo.StartCursor + `"`}[backward]
			delete(stays, w.change()) // also the very post that the cursor is of, now and then
		}
	}
	once := make(map[string]bool)
	for _, id := range met {
		if once[id] {
			w.t.Errorf("%s, backward %v by %d: %s is met twice", list, backward, size, id)
		}
		once[id] = true
	}
	var inOrder []string
	for _, id := range met {
		if stays[id] {
			inOrder = append(inOrder, id)
		}
	}
	want := slices.DeleteFunc(slices.Clone(w.posts), func(id string) bool { return !stays[id] })
	if !slices.Equal(inOrder, want) {
		w.t.Errorf("%s, backward %v by %d: met %d of the %d that stay, or not in order", list, backward, size, len(inOrder), len(want))
	}
}

func (w *walker) page(list, arguments string) connection {
	w.t.Helper()
	const selection = ` { edges { cursor node { id } } nodes { id } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } }`
	query := `{ ` + fmt.Sprintf(list, arguments) + selection + ` }`
	if list != `posts(%s)` {
		query += ` }`
	}
	var data struct {
		Posts *connection
		User  struct{ Posts *connection }
	}
	a := w.s.ask(w.t, "", query, nil)
	if len(a.Errors) > 0 {
		w.t.Fatalf("%s: %v", query, a.Errors)
	}
	a.into(w.t, &data)
	if data.Posts == nil {
		return *data.User.Posts
	}
	return *data.Posts
}

// agrees checks a page with itself, and its flags with the whole list, which did not change since it was read.
func (w *walker) agrees(page connection, size int) {
	w.t.Helper()
	if len(page.Edges) != len(page.Nodes) || len(page.Nodes) > size {
		w.t.Fatalf("a page of %d has %d edges and %d nodes", size, len(page.Edges), len(page.Nodes))
	}
	if len(page.Edges) == 0 {
		if page.PageInfo.StartCursor != nil || page.PageInfo.EndCursor != nil {
			w.t.Error("an empty page has cursors")
		}
		return
	}
	first, last := page.Edges[0], page.Edges[len(page.Edges)-1]
	if *page.PageInfo.StartCursor != first.Cursor || *page.PageInfo.EndCursor != last.Cursor {
		w.t.Error("startCursor and endCursor are not those of the first and the last edge")
	}
	for i, edge := range page.Edges {
		if edge.Node.ID != page.Nodes[i].ID {
			w.t.Errorf("edge %d is of %s, node %d is %s", i, edge.Node.ID, i, page.Nodes[i].ID)
		}
	}
	if got, want := page.PageInfo.HasPreviousPage, first.Node.ID != w.posts[0]; got != want {
		w.t.Errorf("hasPreviousPage = %v, want %v", got, want)
	}
	if got, want := page.PageInfo.HasNextPage, last.Node.ID != w.posts[len(w.posts)-1]; got != want {
		w.t.Errorf("hasNextPage = %v, want %v", got, want)
	}
}

// typed is an object of whatever type.
type typed struct {
	Typename string `json:"__typename"`
	ID       string
}

// TestNodes: node and nodes answer what an id is of (Global Object Identification Specification), nulls in place.
func TestNodes(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		s := newServer(t, url)
		ada, bob := s.account(t, "ada", auth.Author), s.account(t, "bob", auth.Author)
		var data struct {
			CreatePost struct{ Post struct{ ID string } }
			Viewer     struct {
				User     struct{ ID string }
				Sessions struct{ Nodes []struct{ ID string } }
				Activity struct{ Nodes []struct{ ID string } }
			}
		}
		s.ask(t, ada, `mutation { createPost(input: {title: "T", content: "x"}) { post { id } } }`, nil).into(t, &data)
		s.ask(t, ada, `{ viewer { user { id } sessions { nodes { id } } activity { nodes { id } } } }`, nil).into(t, &data)
		post, user, session := data.CreatePost.Post.ID, data.Viewer.User.ID, data.Viewer.Sessions.Nodes[0].ID
		event := data.Viewer.Activity.Nodes[0].ID
		ids := []string{session, "nonsense", post, user, post, "post_7zzzzzzzzzzzzzzzzzzzzzzzzz", "", event}
		for name, test := range map[string]struct{ token, session, event string }{
			"its owner": {ada, "Session", "Event"}, "somebody else": {bob, "", ""}, "nobody": {"", "", ""},
		} {
			want := []string{test.session, "", "Post", "User", "Post", "", "", test.event}
			var answer struct {
				Nodes []*typed
			}
			s.ask(t, test.token, `query($ids: [ID!]!) { nodes(ids: $ids) { __typename id } }`, map[string]any{"ids": ids}).into(t, &answer)
			for i, id := range ids {
				var one struct {
					Node *typed
				}
				s.ask(t, test.token, `query($id: ID!) { node(id: $id) { __typename id } }`, map[string]any{"id": id}).into(t, &one)
				for _, got := range []*typed{answer.Nodes[i], one.Node} {
					switch {
					case want[i] == "" && got != nil:
						t.Errorf("node %q for %s = %v, want null", id, name, *got)
					case want[i] != "" && (got == nil || got.Typename != want[i] || got.ID != id):
						t.Errorf("node %q for %s = %v, want that %s", id, name, got, want[i])
					}
				}
			}
		}
	})
}
