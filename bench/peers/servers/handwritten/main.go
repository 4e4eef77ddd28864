// Handwritten is the blog without GraphQL: one route for each question, the statement that answers it, prepared, and JSON put
// together by hand. It shows what the same driver and net/http leave to be had.
package main

import (
	"context"
	"database/sql"
	"log"
	"net/http"
	"os"
	"strings"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
	_ "modernc.org/sqlite"             // the driver "sqlite"
)

func main() {
	addr, database, secret := os.Args[1], os.Args[2], os.Args[3]
	if err := serve(context.Background(), addr, database, secret); err != nil {
		log.Fatal(err)
	}
}

func serve(ctx context.Context, addr, database, secret string) error {
	db, err := open(database)
	if err != nil {
		return err
	}
	const connections = 10
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections) // database/sql keeps 2, and opens the others anew each time
	b := &blog{secret: []byte(secret)}
	for text, stmt := range map[string]**sql.Stmt{
		selectPosts + ` WHERE p.id < $1 ORDER BY p.id DESC LIMIT 20`: &b.page,
		selectPost + ` WHERE p.id = $1`:                              &b.post,
		selectViewer:                                                 &b.viewer,
		insertPost:                                                   &b.insert,
	} {
		if *stmt, err = db.PrepareContext(ctx, text); err != nil { //nolint:sqlclosecheck // kept until the process ends
			return err
		}
	}
	routes := http.NewServeMux()
	routes.HandleFunc("GET /posts", b.getPosts)
	routes.HandleFunc("GET /posts/{id}", b.getPost)
	routes.HandleFunc("GET /viewer", b.getViewer)
	routes.HandleFunc("POST /posts", b.postPost)
	return (&http.Server{Addr: addr, Handler: routes, ReadHeaderTimeout: time.Minute}).ListenAndServe()
}

func open(database string) (*sql.DB, error) {
	if strings.HasPrefix(database, "postgres:") {
		return sql.Open("pgx", database)
	}
	return sql.Open("sqlite", "file:"+database+"?_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)")
}
