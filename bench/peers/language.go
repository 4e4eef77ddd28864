package main

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
)

// language is how a server is asked.
type language struct {
	page   func(after post) request
	post   func(post) request
	viewer func(user) request
	create func(author user, title, content string) request
	// plain is an answer to a request of a workload as Postern would give it; nil if it is one already.
	plain func(workload string, answer []byte) ([]byte, error)
}

// operation is a request of GraphQL.
func operation(query string, variables map[string]any) request {
	asked := map[string]any{"query": query}
	if variables != nil {
		asked["variables"] = variables
	}
	return request{method: http.MethodPost, path: "/graphql", body: encode(asked)}
}

// graphQL is Postern's schema, whose cursors are a server's own.
func graphQL(cursor func(post) string) language {
	return language{
		page: func(after post) request { return operation(page, map[string]any{"after": cursor(after)}) },
		post: func(p post) request { return operation(single, map[string]any{"id": p.ID}) },
		viewer: func(user) request {
			return operation(viewing, nil)
		},
		create: func(_ user, title, content string) request {
			return operation(create, map[string]any{"input": map[string]string{"title": title, "content": content}})
		},
	}
}

// generated is the schema that PostGraphile makes of the tables; by aliases it answers as Postern does.
func generated() language {
	const (
		page = `query($after: Cursor) {
			posts: allPosts(first: 20, after: $after, orderBy: PRIMARY_KEY_DESC) {
				nodes { id: rowId title createdAt author: userByAuthorId { id: rowId name } }
			}
		}`
		single = `query($id: String!) {
			post: postByRowId(rowId: $id) { id: rowId title content createdAt author: userByAuthorId { id: rowId name } }
		}`
		order = "310607ccd2" // how its cursors name this order
	)
	return language{
		page: func(after post) request {
			cursor := base64.StdEncoding.EncodeToString([]byte(encode([]string{order, after.ID})))
			return operation(page, map[string]any{"after": cursor})
		},
		post: func(p post) request { return operation(single, map[string]any{"id": p.ID}) },
	}
}

// routes are those of the handwritten server, which answers as Postern does.
func routes() language {
	return language{
		page:   func(after post) request { return get("/posts?after=" + after.ID) },
		post:   func(p post) request { return get("/posts/" + p.ID) },
		viewer: func(user) request { return get("/viewer") },
		create: func(_ user, title, content string) request {
			return request{method: http.MethodPost, path: "/posts", body: encode(map[string]string{"title": title, "content": content})}
		},
	}
}

// tutorial is FastAPI's: it answers with what is asked for, and nothing around it.
func tutorial() language {
	return language{
		page:   func(after post) request { return get("/posts/?after=" + after.ID) },
		post:   func(p post) request { return get("/posts/" + p.ID) },
		viewer: func(user) request { return get("/users/me") },
		plain: func(workload string, answer []byte) ([]byte, error) {
			switch workload {
			case "W1", "again", "again GET":
				var posts []post
				err := json.Unmarshal(answer, &posts)
				return []byte(ofPage(posts)), err
			case "W2":
				var p post
				err := json.Unmarshal(answer, &p)
				return []byte(data("post", p)), err
			default:
				var u struct{ ID, Name, Email string }
				err := json.Unmarshal(answer, &u)
				return []byte(ofViewer(user{ID: u.ID, Name: u.Name, email: u.Email})), err
			}
		},
	}
}

// record is a post or a user of PocketBase's.
type record struct {
	ID, Name, Email, Title, Content, CreatedAt string

	Expand struct{ Author user }
}

func (r record) post() post {
	return post{ID: r.ID, Title: r.Title, Content: r.Content, CreatedAt: r.CreatedAt, Author: r.Expand.Author}
}

// records are PocketBase's routes. It gives accounts tokens of its own.
func records(tokens func() map[string]string) language {
	const posts, users, expanded = "/api/collections/posts/records", "/api/collections/users/records", "expand.author.id,expand.author.name"
	return language{
		page: func(after post) request {
			return get(posts + "?perPage=20&skipTotal=1&sort=-id&expand=author&fields=id,title,createdAt," + expanded +
				"&filter=" + url.QueryEscape("id<'"+after.ID+"'"))
		},
		post: func(p post) request {
			return get(posts + "/" + p.ID + "?expand=author&fields=id,title,content,createdAt," + expanded)
		},
		viewer: func(u user) request {
			asked := get(users + "/" + u.ID + "?fields=id,name,email")
			asked.token = tokens()[u.ID]
			return asked
		},
		create: func(author user, title, content string) request {
			body := encode(map[string]string{"author": author.ID, "title": title, "content": content})
			return request{method: http.MethodPost, path: posts + "?fields=id,title", token: tokens()[author.ID], body: body}
		},
		plain: func(workload string, answer []byte) ([]byte, error) {
			var r record
			var page struct{ Items []record }
			switch workload {
			case "W1", "again", "again GET":
				err := json.Unmarshal(answer, &page)
				found := make([]post, len(page.Items))
				for i, item := range page.Items {
					found[i] = item.post()
				}
				return []byte(ofPage(found)), err
			case "W2":
				err := json.Unmarshal(answer, &r)
				return []byte(data("post", r.post())), err
			case "W3":
				err := json.Unmarshal(answer, &r)
				return []byte(ofViewer(user{ID: r.ID, Name: r.Name, email: r.Email})), err
			default:
				return answer, nil
			}
		},
	}
}

func get(path string) request { return request{method: http.MethodGet, path: path} }

func encode(value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		panic(err) // all of it is text
	}
	return string(text)
}
