package main

import (
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"

	"postern/internal/id"
	"postern/internal/store/storetest"
)

// values are all texts in an export but times and what is said of many.
func values(t *testing.T, export string) (all []string) {
	t.Helper()
	var decoded any
	if err := json.Unmarshal([]byte(export), &decoded); err != nil {
		t.Fatal(err)
	}
	var walk func(value any)
	walk = func(value any) {
		switch v := value.(type) {
		case map[string]any:
			for name, member := range v {
				if name != "role" && name != "kind" && !strings.HasSuffix(name, "At") {
					walk(member)
				}
			}
		case []any:
			for _, item := range v {
				walk(item)
			}
		case string:
			all = append(all, v)
		}
	}
	walk(decoded)
	return all
}

// traces are what a row has that is about an account: each text of its export, ids as databases write them, and hashes of what
// names it. An address alone is hashed where attempts are counted that anybody makes from there.
func (p *person) traces(t *testing.T, env environment) []string {
	t.Helper()
	found := append(values(t, exported(t, env, p.email)), strings.ToLower(p.email))
	for _, text := range slices.Clone(found) {
		if _, suffix, is := strings.Cut(text, "_"); is && len(suffix) == 26 {
			found = append(found, id.ParseAny("post_"+suffix).Post().UUID.String())
		}
		if text != p.address {
			sum := sha256.Sum256([]byte(text))
			found = append(found, base64.RawURLEncoding.EncodeToString(sum[:]))
		}
	}
	return found
}

// rowsWith are the rows of each table that have any of some texts.
func rowsWith(t *testing.T, db *sql.DB, texts []string) map[string][][]string {
	t.Helper()
	found := make(map[string][][]string)
	for table := range storetest.Columns(t, db) {
		for _, row := range storetest.Rows(t, db, table) {
			if slices.ContainsFunc(texts, func(text string) bool { return strings.Contains(strings.Join(row, "\x00"), text) }) {
				found[table] = append(found[table], row)
			}
		}
	}
	return found
}

// aboutNobody are the tables that have nothing of any account, and what is in them.
func aboutNobody() map[string]string {
	return map[string]string{
		"goose_db_version": "which migrations were applied",
		"sqlite_sequence":  "how many of them",
		"feed":             "how many posts there ever were",
		"generation":       "how many changes there ever were",
		"audit_log":        "how many events there ever were",
	}
}

// TestDeletionLeavesNothing has an account do all that it can, deletes it by each way, and looks through all tables of the database
// for what was about it. Whoever adds a table has it filled by lives, or says that it is about nobody.
func TestDeletionLeavesNothing(t *testing.T) {
	for way, remove := range map[string]func(t *testing.T, env environment, p *person){
		"by its owner": func(t *testing.T, _ environment, p *person) {
			t.Helper()
			p.does(t, `deleteAccount(input: {password: "a heron beside the lighthouse"}) { deletedUserId errors { message } }`)
		},
		"by the command": func(t *testing.T, env environment, p *person) {
			t.Helper()
			env.command(t, p.email+"\n", "user", "delete", p.email)
		},
	} {
		t.Run(way, func(t *testing.T) {
			storetest.Each(t, func(t *testing.T, url string) {
				env, p := world(t, url)
				ada := &person{
					process: p, email: "ada@example.org", handle: "lovelace", name: "Ada Lovelace", agent: "Loom/1", address: "198.51.100.4",
				}
				ada.lives(t, env)
				somebody := zephyrine(p)
				somebody.lives(t, env)
				db := storetest.Connect(t, url)
				traces, others := somebody.traces(t, env), ada.traces(t, env)
				before, kept := rowsWith(t, db, traces), rowsWith(t, db, others)
				for table := range storetest.Columns(t, db) {
					if len(before[table]) == 0 && aboutNobody()[table] == "" {
						t.Errorf("nothing of an account is in the table %s: have lives fill it, or say in aboutNobody what it is for", table)
					}
				}

				user := values(t, exported(t, env, somebody.email))
				remove(t, env, somebody)
				after := rowsWith(t, db, traces)
				gone := id.ParseAny(user[slices.IndexFunc(user, func(v string) bool { return strings.HasPrefix(v, "user_") })]).User()
				for table, rows := range after {
					if table != "events" || len(rows) != 1 || !isFarewell(rows[0], gone) {
						t.Errorf("%s has after the deletion %q", table, rows)
					}
				}
				if len(after["events"]) != 1 {
					t.Errorf("the events are %q, want that it was deleted", after["events"])
				}
				if now := rowsWith(t, db, others); !reflect.DeepEqual(now, kept) {
					t.Errorf("of another account there was %q, and is %q", kept, now)
				}
			})
		})
	}
}

// isFarewell tells whether a row has its own id, a kind, whose account it was, a time, its position, and nothing else.
func isFarewell(row []string, gone id.User) bool {
	fields := slices.DeleteFunc(slices.Clone(row), func(field string) bool { return field == "" })
	return len(fields) == 5 && fields[1] == "ACCOUNT_DELETED" && fields[2] == gone.UUID.String()
}
