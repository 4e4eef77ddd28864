package blog_test

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"postern/internal/account"
	"postern/internal/auth"
	"postern/internal/blog"
	"postern/internal/fault"
	"postern/internal/id"
	"postern/internal/store"
	"postern/internal/store/storetest"
)

func TestMain(m *testing.M) { storetest.Main(m) }

// house is a service on a database of the test's own. Each time its clock is read, it is a second later.
type house struct {
	*blog.Service
	store *store.Store
	mu    sync.Mutex
	now   time.Time
}

func open(t *testing.T) *house {
	t.Helper()
	return openOn(t, storetest.SQLiteURL(t))
}

func openOn(t *testing.T, url string) *house {
	t.Helper()
	h := &house{store: storetest.Open(t, url), now: time.Date(2026, 1, 31, 8, 0, 0, 123_456_789, time.UTC)}
	h.Service = blog.NewService(blog.Options{Store: h.store, Now: h.tick})
	runFeed(t, h.Service)
	return h
}

// runFeed reads the feed until the test ends.
func runFeed(t *testing.T, s *blog.Service) {
	t.Helper()
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	var running sync.WaitGroup
	running.Go(func() { s.Run(ctx, slog.New(slog.DiscardHandler)) })
	t.Cleanup(func() { stop(); running.Wait() })
}

func (h *house) tick() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.now = h.now.Add(time.Second)
	return h.now
}

// visitor is the viewer of a new account.
func (h *house) visitor(t *testing.T, name string, role auth.Role) auth.Viewer {
	t.Helper()
	now := h.tick()
	handle := strings.ToLower(name)
	user := account.User{ID: id.NewUser(now), Handle: handle, Name: name, CreatedAt: now.Truncate(time.Microsecond)}
	if err := h.store.CreateAccount(t.Context(), &account.Credentials{
		Account:  account.Account{User: user, Email: handle + "@example.org", Role: role},
		EmailKey: handle + "@example.org", PasswordHash: "none",
	}, nil); err != nil {
		t.Fatal(err)
	}
	return auth.Viewer{Claims: auth.Claims{UserID: user.ID}, Role: role}
}

func (h *house) post(t *testing.T, viewer auth.Viewer, title string) *blog.Post {
	t.Helper()
	post, err := h.CreatePost(t.Context(), viewer, blog.CreatePostInput{Title: title, Content: "…"})
	if err != nil {
		t.Fatalf("CreatePost(%q) = %v", title, err)
	}
	return post
}

// stored is a post as everybody reads it.
func (h *house) stored(t *testing.T, post id.Post) *blog.Post {
	t.Helper()
	found, err := h.Post(t.Context(), blog.PostLookup{ID: &post})
	if err != nil {
		t.Fatalf("Post(%v) = %v", post, err)
	}
	return found
}

// outline is the faults that an error consists of, "CODE path.in.input" for each; "" for no error.
func outline(err error) string {
	if err == nil {
		return ""
	}
	faults := fault.All(err)
	if faults == nil {
		return fmt.Sprintf("a stranger: %v", err)
	}
	lines := make([]string, len(faults))
	for i, f := range faults {
		lines[i] = strings.TrimSpace(string(f.Code) + " " + strings.Join(f.Path, "."))
	}
	return strings.Join(lines, ", ")
}

// second is the error of a call that returns something else, too.
func second[T any](_ T, err error) error { return err }
