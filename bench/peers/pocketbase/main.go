// Pocketbase is PocketBase used as a framework, as its documentation has it, with the blog that BLOG, an SQLite file, has: accounts
// are its users, posts a collection with a relation. What it tells of each account for a request is a token, in the file tokens.json.
package main

import (
	"encoding/json"
	"log"
	"os"
	"path/filepath"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/types"
)

func main() {
	config := pocketbase.Config{}
	if os.Getenv("SYNCHRONOUS") == "FULL" {
		config.DBConnect = durable
	}
	app := pocketbase.NewWithConfig(config)
	app.OnBootstrap().BindFunc(func(e *core.BootstrapEvent) error {
		if err := e.Next(); err != nil {
			return err
		}
		if _, err := e.App.FindCollectionByNameOrId("posts"); err == nil {
			return nil
		}
		return e.App.RunInTransaction(take)
	})
	if err := app.Start(); err != nil {
		log.Fatal(err)
	}
}

// durable is core.DefaultDBConnect, but for one word: what is acknowledged survives a power cut.
func durable(path string) (*dbx.DB, error) {
	return dbx.Open("sqlite", path+"?_pragma=busy_timeout(10000)&_pragma=journal_mode(WAL)&_pragma=journal_size_limit(200000000)"+
		"&_pragma=synchronous(FULL)&_pragma=foreign_keys(ON)&_pragma=temp_store(MEMORY)&_pragma=cache_size(-32000)")
}

// take takes in the blog. Ids stay as they are.
func take(app core.App) error {
	users, err := app.FindCollectionByNameOrId("users")
	if err != nil {
		return err
	}
	posts := core.NewBaseCollection("posts")
	posts.ListRule, posts.ViewRule = types.Pointer(""), types.Pointer("")
	posts.CreateRule = types.Pointer("@request.auth.id = author")
	posts.Fields.Add(
		&core.TextField{Name: "title", Required: true},
		&core.TextField{Name: "content", Required: true, Max: 100_000},
		&core.TextField{Name: "createdAt"},
		&core.RelationField{Name: "author", CollectionId: users.Id, MaxSelect: 1, Required: true},
	)
	posts.AddIndex("posts_by_author", false, "author", "")
	users.ViewRule = types.Pointer("") // authors are shown to everybody, but for their emails
	for _, collection := range []*core.Collection{users, posts} {
		id := collection.Fields.GetByName("id").(*core.TextField)
		id.Pattern, id.Max = "^[a-z0-9_]+$", 40
		if err := app.Save(collection); err != nil {
			return err
		}
	}
	blog, err := dbx.Open("sqlite", os.Getenv("BLOG"))
	if err != nil {
		return err
	}
	defer func() { _ = blog.Close() }()
	if err := takeUsers(app, users, blog); err != nil {
		return err
	}
	return each(blog, "SELECT id, author_id AS author, title, content, created_at AS createdAt FROM posts", func(post dbx.NullStringMap) error {
		row := dbx.Params{}
		for name, value := range post {
			row[name] = value.String
		}
		_, err := app.DB().Insert("posts", row).Execute()
		return err
	})
}

func takeUsers(app core.App, users *core.Collection, blog *dbx.DB) error {
	tokens := map[string]string{}
	err := each(blog, "SELECT id, name, email FROM users", func(user dbx.NullStringMap) error {
		record := core.NewRecord(users)
		for name, value := range user {
			record.Set(name, value.String)
		}
		record.SetRandomPassword()
		if err := app.Save(record); err != nil {
			return err
		}
		token, err := record.NewAuthToken()
		tokens[record.Id] = token
		return err
	})
	if err != nil {
		return err
	}
	text, err := json.Marshal(tokens)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(app.DataDir(), "tokens.json"), text, 0o600)
}

func each(blog *dbx.DB, text string, take func(dbx.NullStringMap) error) error {
	rows, err := blog.NewQuery(text).Rows()
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		row := dbx.NullStringMap{}
		if err := rows.ScanMap(row); err != nil {
			return err
		}
		if err := take(row); err != nil {
			return err
		}
	}
	return rows.Close()
}
