package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"
)

const (
	selectPosts  = `SELECT p.id, p.title, p.created_at, u.id, u.name FROM posts p JOIN users u ON u.id = p.author_id`
	selectPost   = `SELECT p.id, p.title, p.content, p.created_at, u.id, u.name FROM posts p JOIN users u ON u.id = p.author_id`
	selectViewer = `SELECT u.id, u.name, u.email FROM sessions s JOIN users u ON u.id = s.user_id WHERE s.id = $1`
	insertPost   = `INSERT INTO posts (id, author_id, title, content, created_at) VALUES ($1, $2, $3, $4, $5)`
)

type blog struct {
	secret                     []byte
	page, post, viewer, insert *sql.Stmt
	writer                     sync.Mutex // SQLite has one writer; others would poll
}

// steady is a context in which a statement runs to its end: pgx closes the connection of one that somebody leaves, and does not tell
// database/sql, by which others get it.
func steady(r *http.Request) context.Context { return context.WithoutCancel(r.Context()) }

func (b *blog) getPosts(w http.ResponseWriter, r *http.Request) {
	rows, err := b.page.QueryContext(steady(r), r.URL.Query().Get("after"))
	if err != nil {
		http.Error(w, "", http.StatusInternalServerError)
		return
	}
	defer func() { _ = rows.Close() }() // what went wrong, rows.Err tells
	out := append(make([]byte, 0, 4096), `{"data":{"posts":{"nodes":[`...)
	for n := 0; rows.Next(); n++ {
		var id, title, created, author, name string
		if err = rows.Scan(&id, &title, &created, &author, &name); err != nil {
			break
		}
		if n > 0 {
			out = append(out, ',')
		}
		out = text(text(text(append(out, '{'), `"id":`, id), `,"title":`, title), `,"createdAt":`, created)
		out = append(text(text(append(out, `,"author":{`...), `"id":`, author), `,"name":`, name), `}}`...)
	}
	answer(w, append(out, `]}}}`...), errors.Join(err, rows.Err()))
}

func (b *blog) getPost(w http.ResponseWriter, r *http.Request) {
	var id, title, content, created, author, name string
	err := b.post.QueryRowContext(steady(r), r.PathValue("id")).Scan(&id, &title, &content, &created, &author, &name)
	out := append(make([]byte, 0, 2048), `{"data":{"post":{`...)
	out = text(text(text(text(out, `"id":`, id), `,"title":`, title), `,"content":`, content), `,"createdAt":`, created)
	answer(w, append(text(text(append(out, `,"author":{`...), `"id":`, author), `,"name":`, name), `}}}}`...), err)
}

type account struct{ id, name, email string }

// who is the account that asks: its token must be good, and its session must not have ended.
func (b *blog) who(ctx context.Context, authorization string) (a account, err error) {
	var claims struct {
		jwt.RegisteredClaims

		Session string `json:"sid"`
	}
	_, err = jwt.ParseWithClaims(strings.TrimPrefix(authorization, "Bearer "), &claims,
		func(*jwt.Token) (any, error) { return b.secret, nil }, jwt.WithValidMethods([]string{"HS256"}))
	if err != nil {
		return a, err
	}
	return a, b.viewer.QueryRowContext(ctx, claims.Session).Scan(&a.id, &a.name, &a.email)
}

func (b *blog) getViewer(w http.ResponseWriter, r *http.Request) {
	a, err := b.who(r.Context(), r.Header.Get("Authorization"))
	out := text(text([]byte(`{"data":{"viewer":{"user":{`), `"id":`, a.id), `,"name":`, a.name)
	answer(w, append(text(append(out, '}'), `,"email":`, a.email), `}}}`...), err)
}

func (b *blog) postPost(w http.ResponseWriter, r *http.Request) {
	a, err := b.who(r.Context(), r.Header.Get("Authorization"))
	if err != nil {
		answer(w, nil, err)
		return
	}
	var post struct{ Title, Content string }
	if err := json.NewDecoder(r.Body).Decode(&post); err != nil {
		answer(w, nil, err)
		return
	}
	id, now := "post_"+uuid.Must(uuid.NewV7()).String(), time.Now().UTC().Format(time.RFC3339Nano)
	b.writer.Lock()
	_, err = b.insert.ExecContext(r.Context(), id, a.id, post.Title, post.Content, now)
	b.writer.Unlock()
	out := text(text([]byte(`{"data":{"createPost":{"post":{`), `"id":`, id), `,"title":`, post.Title)
	answer(w, append(out, `},"errors":[]}}}`...), err)
}

func answer(w http.ResponseWriter, body []byte, err error) {
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(body)
}

// text appends a name and a JSON string. All but the rarest need no escapes.
func text(out []byte, name, value string) []byte {
	out = append(out, name...)
	if strings.IndexFunc(value, func(r rune) bool { return r < ' ' || r == '"' || r == '\\' }) >= 0 {
		escaped, _ := json.Marshal(value) // a string always can be
		return append(out, escaped...)
	}
	return append(append(append(out, '"'), value...), '"')
}
