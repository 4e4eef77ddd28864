package account_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"postern/internal/account"
	"postern/internal/auth"
	"postern/internal/blog"
	"postern/internal/id"
	"postern/internal/store/storetest"
	"postern/internal/throttle"
)

// labelled is what an export says, with each id as the first of its type, or the second and so on.
func labelled(text string) string {
	seen, count := make(map[string]string), make(map[string]int)
	return regexp.MustCompile(`([a-z]+)_[0-9a-z]{26}`).ReplaceAllStringFunc(text, func(id string) string {
		if seen[id] == "" {
			kind, _, _ := strings.Cut(id, "_")
			count[kind]++
			seen[id] = fmt.Sprintf("<%s-%d>", kind, count[kind])
		}
		return seen[id]
	})
}

const exportOfJane = `{
  "profile": {
    "id": "<user-1>",
    "handle": "jane",
    "name": "Jane",
    "email": "jane@example.org",
    "emailVerified": false,
    "formerEmails": [],
    "role": "AUTHOR",
    "createdAt": "2026-01-31T08:00:00.123456Z",
    "disabledAt": null
  },
  "posts": [
    {
      "id": "<post-1>",
      "slug": "first",
      "title": "<First> & \"foremost\"",
      "content": "A line,\nand *another*: ☕",
      "createdAt": "2026-01-31T08:00:00.123456Z",
      "updatedAt": "2026-01-31T08:00:00.123456Z",
      "version": 1
    },
    {
      "id": "<post-2>",
      "slug": "second",
      "title": "Second",
      "content": "x",
      "createdAt": "2026-01-31T08:01:00.123456Z",
      "updatedAt": "2026-01-31T08:01:00.123456Z",
      "version": 1
    }
  ],
  "sessions": [
    {
      "id": "<session-1>",
      "userAgent": "Firefox",
      "ipAddress": "203.0.113.9",
      "createdAt": "2026-01-31T08:00:00.123456Z",
      "lastUsedAt": "2026-01-31T08:00:00.123456Z",
      "expiresAt": "2026-02-14T08:00:00.123456Z"
    }
  ],
  "events": [
    {
      "id": "<event-1>",
      "kind": "SIGNED_UP",
      "createdAt": "2026-01-31T08:00:00.123456Z",
      "sessionId": "<session-1>",
      "role": "AUTHOR",
      "userAgent": null,
      "ipAddress": null
    },
    {
      "id": "<event-2>",
      "kind": "ROLE_CHANGED",
      "createdAt": "2026-01-31T08:01:00.123456Z",
      "sessionId": null,
      "role": "AUTHOR",
      "userAgent": null,
      "ipAddress": null
    }
  ]
}
`

// TestExport has the same document handed out to its owner and to whoever runs the server, but for that it was handed out.
func TestExport(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, url string) {
		h := openOn(t, url)
		posts := blog.NewService(blog.Options{Store: h.store, Now: h.clock.read})
		viewer, other := h.visitor(t, "Jane"), h.visitor(t, "John")
		write := func(viewer auth.Viewer, in blog.CreatePostInput) {
			t.Helper()
			if _, err := posts.CreatePost(t.Context(), viewer, in); err != nil {
				t.Fatal(err)
			}
		}
		first := blog.CreatePostInput{Title: `<First> & "foremost"`, Content: "A line,\nand *another*: ☕", Slug: new("first")}
		write(viewer, first)
		write(other, blog.CreatePostInput{Title: "Another's", Content: "x"})
		h.clock.advance(time.Minute)
		write(viewer, blog.CreatePostInput{Title: "Second", Content: "x"})
		fails(t, "SetRole()", h.SetRole(t.Context(), "jane@example.org", auth.Author))
		h.clock.advance(time.Minute)

		text, err := h.ExportAccount(t.Context(), viewer, account.ExportAccountInput{Password: password})
		if got := labelled(text); err != nil || got != exportOfJane {
			t.Errorf("ExportAccount() = %v,\n%s\nwant\n%s", err, got, exportOfJane)
		}
		h.clock.advance(time.Minute)
		var whole bytes.Buffer
		fails(t, "Export()", h.Export(t.Context(), "Jane@example.org", &whole))
		exports := regexp.MustCompile(`(?s),\s+\{[^{}]*"kind": "ACCOUNT_EXPORTED"[^{}]*\}`)
		if n := len(exports.FindAllString(whole.String(), -1)); n != 2 {
			t.Errorf("Export() tells of %d exports, want the one before and itself", n)
		}
		if got := exports.ReplaceAllString(whole.String(), ""); got != text {
			t.Errorf("Export() wrote\n%s\nwant\n%s", got, text)
		}
	})
}

// TestExportOfLittle has the lists that nothing is in all the same.
func TestExportOfLittle(t *testing.T) {
	t.Parallel()
	h := open(t)
	if _, err := h.Create(t.Context(), account.SignupInput{Email: "jane@example.org", Password: password, Name: "Jane"}, auth.Reader); err != nil {
		t.Fatal(err)
	}
	fails(t, "Disable()", h.Disable(t.Context(), "jane@example.org"))
	var text bytes.Buffer
	fails(t, "Export()", h.Export(t.Context(), "jane@example.org", &text))
	if !strings.Contains(text.String(), "\n  \"posts\": [],\n  \"sessions\": [],\n  \"events\": [\n") {
		t.Errorf("Export() wrote %s, want empty lists", text.String())
	}
	var exported struct {
		Profile struct{ DisabledAt *time.Time }
	}
	if err := json.Unmarshal(text.Bytes(), &exported); err != nil || exported.Profile.DisabledAt == nil {
		t.Errorf("Export() wrote %s, %v, want it to be disabled", text.String(), err)
	}
}

func TestExportAsksForThePassword(t *testing.T) {
	t.Parallel()
	h := open(t)
	viewer := h.visitor(t, "Jane")
	for _, wrong := range []string{"", password + "!"} {
		text, err := h.ExportAccount(t.Context(), viewer, account.ExportAccountInput{Password: wrong})
		fails(t, "ExportAccount(wrong password)", err, "INVALID_CREDENTIALS input.password")
		if text != "" {
			t.Errorf("ExportAccount(wrong password) = %q, want nothing", text)
		}
	}
	found, err := h.store.Events(t.Context(), viewer.UserID)
	if err != nil || slices.ContainsFunc(found, func(e account.Event) bool { return e.Kind == account.AccountExported }) {
		t.Errorf("Events() = %+v, %v, want no export", found, err)
	}
}

// TestExportThatIsTooLarge has an account write more than an answer may carry: whoever runs the server gets all of it.
func TestExportThatIsTooLarge(t *testing.T) {
	t.Parallel()
	const answer = 8 << 20
	h := open(t)
	posts := blog.NewService(blog.Options{Store: h.store, Now: h.clock.read})
	viewer := h.visitor(t, "Jane")
	in := account.ExportAccountInput{Password: password}
	long := strings.Repeat("𝄞", 100_000)
	for written := 0; written <= answer; written += len(long) {
		if answer-written < len(long) { // only the next is too much
			text, err := h.ExportAccount(t.Context(), viewer, in)
			if err != nil || len(text) <= written || len(text) > answer {
				t.Fatalf("ExportAccount() of %d bytes = %d bytes, %v, want them", written, len(text), err)
			}
		}
		h.clock.advance(time.Second)
		if _, err := posts.CreatePost(t.Context(), viewer, blog.CreatePostInput{Title: "Long", Content: long, Slug: new(fmt.Sprint("long-", written))}); err != nil {
			t.Fatal(err)
		}
	}
	text, err := h.ExportAccount(t.Context(), viewer, in)
	fails(t, "ExportAccount() of too much", err, "NOT_ALLOWED")
	if text != "" || !strings.Contains(err.Error(), "postern user export") {
		t.Errorf("ExportAccount() of too much = %d bytes, %v, want no bytes, and what to do", len(text), err)
	}
	before, err := h.store.Events(t.Context(), viewer.UserID)
	if err != nil || before[0].CreatedAt.Equal(h.clock.read().Truncate(time.Microsecond)) {
		t.Errorf("Events() = %+v, %v, want what was not handed out not to be recorded", before[0], err)
	}
	var whole bytes.Buffer
	fails(t, "Export()", h.Export(t.Context(), "jane@example.org", &whole))
	if whole.Len() <= answer || !json.Valid(whole.Bytes()) {
		t.Errorf("Export() wrote %d bytes, want all of it", whole.Len())
	}
}

// TestExportsAreThrottled: an account has so many of itself as answers, an hour; a wrong password costs none of them.
func TestExportsAreThrottled(t *testing.T) {
	t.Parallel()
	h := open(t, func(o *account.Options) { o.Throttle.ExportsOfAccount = throttle.Limit{Most: 2, Within: time.Hour} })
	viewer := h.visitor(t, "Jane")
	export := func(password string, want ...string) {
		t.Helper()
		text, err := h.ExportAccount(t.Context(), viewer, account.ExportAccountInput{Password: password})
		fails(t, "ExportAccount()", err, want...)
		if (text == "") == (err == nil) {
			t.Errorf("ExportAccount() = %q, %v", text, err)
		}
	}
	export(another, "INVALID_CREDENTIALS input.password")
	export(password)
	export(password)
	export(password, "RATE_LIMITED")
	h.clock.advance(time.Hour)
	export(password)
}

// watched is a store that tells how much of an export has been written by the time that the next part is handed over.
type watched struct {
	account.Store

	next func()
}

func (w *watched) Export(ctx context.Context, user id.User, proof *account.Proof, to func(account.Part) error) error {
	return w.Store.Export(ctx, user, proof, func(p account.Part) error {
		w.next()
		return to(p)
	})
}

// TestExportIsNotHeld has each part of a large account written before the next is read.
func TestExportIsNotHeld(t *testing.T) {
	t.Parallel()
	store := new(watched)
	h := open(t, func(o *account.Options) {
		store.Store = o.Store
		o.Store = store
	})
	posts := blog.NewService(blog.Options{Store: h.store, Now: h.clock.read})
	viewer := h.visitor(t, "Jane")
	const many, size = 120, 100_000
	for i := range many {
		in := blog.CreatePostInput{Title: "Long", Content: strings.Repeat("x", size), Slug: new(fmt.Sprint("long-", i))}
		if _, err := posts.CreatePost(t.Context(), viewer, in); err != nil {
			t.Fatal(err)
		}
		h.clock.advance(time.Second)
	}
	var text bytes.Buffer
	handed, least := -1, 0
	store.next = func() {
		if text.Len() < least {
			t.Errorf("after %d parts %d bytes are written, want %d at least", handed+1, text.Len(), least)
		}
		if handed++; handed > 0 && handed <= many {
			least = handed * size
		}
	}
	fails(t, "Export()", h.Export(t.Context(), "jane@example.org", &text))
	if handed < many {
		t.Errorf("%d parts were handed over, want %d posts", handed, many)
	}
}

// TestExportThatCannotBeWritten breaks off, and has been recorded.
func TestExportThatCannotBeWritten(t *testing.T) {
	t.Parallel()
	h := open(t)
	viewer := h.visitor(t, "Jane")
	full := errors.New("the disk is full")
	if err := h.Export(t.Context(), "jane@example.org", failing{full}); !errors.Is(err, full) {
		t.Errorf("Export() = %v, want %v", err, full)
	}
	found, err := h.store.Events(t.Context(), viewer.UserID)
	if err != nil || len(found) != 2 {
		t.Errorf("Events() = %+v, %v, want the sign-up and the export", found, err)
	}
}

// failing is a writer that always fails.
type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }
