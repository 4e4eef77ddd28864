package store_test

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"testing"
	"time"

	"postern/internal/account"
	"postern/internal/blog"
	"postern/internal/id"
	"postern/internal/store"
	"postern/internal/store/storetest"
)

// generation is the number once it is known, and another than before.
func generation(t *testing.T, s *store.Store, before uint64) uint64 {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); runtime.Gosched() {
		if number, known := s.Generation(t.Context()); known && number != before {
			return number
		}
	}
	t.Fatalf("Generation() stays %d, or is not known", before)
	return 0
}

// settled is the number once nothing is on its way that would change it: PostgreSQL tells of all commits in their order, of our
// own, too, and of the publication of a post last.
func (l *listener) settled(t *testing.T, here, through *store.Store, post *blog.Post) uint64 {
	t.Helper()
	if err := through.CreatePost(t.Context(), post); err != nil {
		t.Fatal(err)
	}
	if here.Name() == "PostgreSQL" {
		<-l.heard
	}
	return generation(t, here, 0)
}

// TestGeneration has each write of what anybody may read be another generation when it returns, and no other write.
func TestGeneration(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		s := storetest.Open(t, url)
		l := listen(t, s)
		author := newAuthor(t, s)
		before := l.settled(t, s, s, newPost(author, 0))
		at := begin.Add(time.Hour)
		session := &account.SessionState{
			Session: account.Session{ID: id.NewSession(at), CreatedAt: at, LastUsedAt: at, ExpiresAt: at.Add(time.Hour)},
			UserID:  author.ID, Family: []byte("family"), Rotation: account.Rotation{Current: []byte("token"), RotatedAt: at},
		}
		event := account.Event{ID: id.NewEvent(at), Kind: account.LoggedIn, CreatedAt: at, UserID: &author.ID}
		for range 20 { // a message that is late would be of one of these
			if err := errors.Join(
				s.OpenSession(t.Context(), session, author.PasswordHash, nil, event), s.EndSession(t.Context(), author.ID, session.ID),
			); err != nil {
				t.Fatal(err)
			}
			event.ID, session.ID = id.NewEvent(at), id.NewSession(at)
		}
		if now, known := s.Generation(t.Context()); now != before || !known {
			t.Errorf("Generation() after log-ins = %d, %t, want %d", now, known, before)
		}

		post := newPost(author, 1)
		name := "Augusta Ada King"
		for _, write := range []struct {
			name string
			do   func() error
		}{
			{"CreatePost", func() error { return s.CreatePost(t.Context(), post) }},
			{"UpdatePost", func() error {
				_, err := s.UpdatePost(t.Context(), post.ID, func(p *blog.Post) error { p.Title = "Other notes"; return nil })
				return err
			}},
			{"DeletePost", func() error { return s.DeletePost(t.Context(), post.ID, func(*blog.Post) error { return nil }) }},
			{"CreateAccount", func() error { return s.CreateAccount(t.Context(), anAuthor(), nil) }},
			{"UpdateProfile", func() error {
				_, err := s.UpdateProfile(t.Context(), author.ID, account.UpdateProfileInput{Name: &name})
				return err
			}},
			{"DeleteAccount", func() error { return s.DeleteAccount(t.Context(), author.ID, nil, nil) }},
		} {
			before, _ := s.Generation(t.Context())
			if err := write.do(); err != nil {
				t.Fatal(write.name, err)
			}
			if now, known := s.Generation(t.Context()); now <= before || !known {
				t.Errorf("Generation() after %s = %d, %t, want more than %d", write.name, now, known, before)
			}
		}
	})
}

// TestGenerationOfOthers has another process write: SQLite tells of it at once, PostgreSQL within a tenth of a second, though a
// machine that is busy with tests may take longer now and then.
func TestGenerationOfOthers(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		here, there := storetest.Open(t, url), storetest.Open(t, url)
		author := newAuthor(t, there)
		l := listen(t, here)
		soonest := time.Hour
		for n := range 10 {
			before := l.settled(t, here, there, newPost(author, 2*n))
			if err := there.CreatePost(t.Context(), newPost(author, 2*n+1)); err != nil {
				t.Fatal(err)
			}
			written := time.Now()
			if number, known := here.Generation(t.Context()); here.Name() == "SQLite" && (number == before || !known) {
				t.Fatalf("Generation() after another's write = %d, %t, want another", number, known)
			}
			generation(t, here, before)
			soonest = min(soonest, time.Since(written))
			if here.Name() == "PostgreSQL" {
				<-l.heard
			}
		}
		if soonest > 100*time.Millisecond {
			t.Errorf("another's write is heard of after %s, want 100ms at most", soonest)
		}
		t.Log(here.Name(), soonest)
	})
}

// TestGenerationIsNotKnown while PostgreSQL's line is down, or may be.
func TestGenerationIsNotKnown(t *testing.T) {
	proxy := storetest.NewProxy(t, storetest.PostgresURL(t))
	s := open(t, store.Options{URL: proxy.URL(t)})
	if _, err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.SetAttention(50*time.Millisecond, time.Minute)
	unknown := func(when string) {
		t.Helper()
		for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); runtime.Gosched() {
			if _, known := s.Generation(t.Context()); !known {
				return
			}
		}
		t.Errorf("Generation() is known %s", when)
	}
	unknown("before anybody listens")
	l := listen(t, s)
	before := generation(t, s, 0)
	proxy.Swallow() // it has a minute to answer
	unknown("while the line is silent")
	proxy.Cut()
	if err := <-l.ended; err == nil {
		t.Error("Listen() = nil, want what broke")
	}
	unknown("when the line is broken")
	proxy.Mend()
	l = listen(t, s)
	after := generation(t, s, before)
	l.end(t)
	unknown("when nobody listens any more")
	if after <= before {
		t.Errorf("Generation() by another line = %d, want more than %d", after, before)
	}
}

// TestGenerationOfOldSchema has none as long as the schema does not tell of all changes.
func TestGenerationOfOldSchema(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		s := open(t, store.Options{URL: url})
		s.SetAttention(time.Millisecond, time.Minute)
		if err := s.MigrateTo(t.Context(), 6); err != nil {
			t.Fatal(err)
		}
		listen(t, s)
		for range 100 {
			if number, known := s.Generation(t.Context()); known {
				t.Fatalf("Generation() of an old schema = %d, want none", number)
			}
		}
		if _, err := s.Migrate(t.Context()); err != nil {
			t.Fatal(err)
		}
		generation(t, s, 0)
	})
}

// TestStatementsThatChangeWhatIsPublic looks for them as their authors write them.
func TestStatementsThatChangeWhatIsPublic(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	change := regexp.MustCompile(`(?i)\b(?:insert\s+into|update|delete\s+from|merge\s+into|truncate)\s+(?:posts|users)\b[^"` + "`" + `]?`)
	found := 0
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, statement := range change.FindAllString(string(text), -1) {
			found++
			if !store.ChangesPublic(statement) {
				t.Errorf("%s: %q is not known to change what is public", file, statement)
			}
		}
	}
	if found < 14 {
		t.Errorf("%d statements change posts or users, want 14 at least", found)
	}
	for _, harmless := range []string{`SELECT 1 FROM users WHERE id = $1 FOR UPDATE`, `DELETE FROM sessions`, `INSERT INTO events SELECT 1 FROM users`} {
		if store.ChangesPublic(harmless) {
			t.Errorf("%s is taken for a change of what is public", harmless)
		}
	}
}
