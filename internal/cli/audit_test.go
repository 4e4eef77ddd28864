package cli_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/netip"
	"regexp"
	"strings"
	"testing"
	"time"

	"postern/internal/account"
	"postern/internal/auth"
	"postern/internal/cli"
	"postern/internal/id"
	"postern/internal/store"
	"postern/internal/store/storetest"
)

func TestMain(m *testing.M) { storetest.Main(m) }

// newAudit returns a shell on a database with an account, jane@example.org, to which nothing has happened, and what writes events.
func newAudit(t *testing.T, url string) (*shell, *scribe) {
	t.Helper()
	s := newShell(t)
	s.env["DATABASE_URL"] = url
	w := &scribe{t: t, store: storetest.Open(t, url), at: time.Date(2026, 1, 31, 8, 0, 0, 0, time.UTC)}
	s.now = func() time.Time { return w.at }
	w.jane = account.Credentials{
		Account: account.Account{
			User:  account.User{ID: id.NewUser(w.at), Handle: "jane", Name: "Jane", CreatedAt: w.at},
			Email: "jane@example.org", Role: auth.Author,
		},
		EmailKey: "jane@example.org", PasswordHash: "$argon2id$",
	}
	if err := w.store.CreateAccount(t.Context(), &w.jane, nil); err != nil {
		t.Fatal(err)
	}
	return s, w
}

// scribe records events, each a minute after the one before.
type scribe struct {
	t     *testing.T
	store *store.Store
	jane  account.Credentials
	at    time.Time
}

// record records an event; change, if any, makes another one of Jane's of it.
func (w *scribe) record(kind account.EventKind, change ...func(*account.Event)) account.Event {
	w.t.Helper()
	w.at = w.at.Add(time.Minute)
	e := account.Event{
		ID: id.NewEvent(w.at), Kind: kind, CreatedAt: w.at, UserID: &w.jane.ID,
		IPAddress: new(netip.MustParseAddr("2001:db8::1").String()), UserAgent: new("Firefox"),
	}
	for _, c := range change {
		c(&e)
	}
	if err := w.store.Record(w.t.Context(), e); err != nil {
		w.t.Fatal(err)
	}
	return e
}

// delete records that an account was deleted, which it opened before.
func (w *scribe) delete(name string) id.User {
	w.t.Helper()
	w.at = w.at.Add(time.Minute)
	c := w.jane
	c.ID, c.Handle, c.Email, c.EmailKey = id.NewUser(w.at), name, name+"@example.org", name+"@example.org"
	e := account.Event{ID: id.NewEvent(w.at), Kind: account.AccountDeleted, CreatedAt: w.at, UserID: &c.ID}
	if err := errors.Join(w.store.CreateAccount(w.t.Context(), &c, nil), w.store.DeleteAccount(w.t.Context(), c.ID, nil, nil, e)); err != nil {
		w.t.Fatal(err)
	}
	return c.ID
}

// byNobody makes an event one that is about no account.
func byNobody(e *account.Event) { e.UserID = nil }

// byCommand makes an event one that the command did.
func byCommand(e *account.Event) { e.UserAgent, e.IPAddress = nil, nil }

// TestAudit shows an audit log as a table, word for word.
func TestAudit(t *testing.T) {
	t.Parallel()
	s, w := newAudit(t, storetest.SQLiteURL(t))
	const head = "TIME  EVENT  ACCOUNT  ADDRESS  SESSION  USER AGENT\n"
	if got := s.does(t, "audit"); got != head {
		t.Errorf("postern audit = %q, want the head alone", got)
	}
	session := id.NewSession(w.at)
	w.record(account.SignedUp, func(e *account.Event) { e.SessionID = &session })
	w.record(account.LoginFailed, byNobody, func(e *account.Event) { e.UserAgent = new("a\tb\u202e\x1b[31m\u009bc") })
	w.record(account.RoleChanged, byCommand, func(e *account.Event) { e.Role = new(auth.Editor) })
	gone := w.delete("john")
	id := session.String()
	want := strings.ReplaceAll(`TIME                  EVENT                ACCOUNT                          ADDRESS      SESSION    USER AGENT
2026-01-31T08:01:00Z  SIGNED_UP            jane@example.org                 2001:db8::1  …`+id[len(id)-8:]+`  Firefox
2026-01-31T08:02:00Z  LOGIN_FAILED         -                                2001:db8::1  -          a?b??[31m?c
2026-01-31T08:03:00Z  ROLE_CHANGED EDITOR  jane@example.org                 -            -          -
2026-01-31T08:04:00Z  ACCOUNT_DELETED      `+gone.String()+`  -            -          -
`, "?", "\ufffd")
	if got := s.does(t, "audit"); got != want {
		t.Errorf("postern audit =\n%s, want\n%s", got, want)
	}
}

// TestAuditAsJSON reads what programs are given.
func TestAuditAsJSON(t *testing.T) {
	t.Parallel()
	s, w := newAudit(t, storetest.SQLiteURL(t))
	session := id.NewSession(w.at)
	full := w.record(account.RoleChanged, func(e *account.Event) { e.SessionID, e.Role, e.UserAgent = &session, new(auth.Editor), new("<b>&\n") })
	bare := w.record(account.LoginFailed, byNobody, byCommand)
	want := `{"id":"` + full.ID.String() + `","createdAt":"2026-01-31T08:01:00Z","kind":"ROLE_CHANGED","userId":"` + w.jane.ID.String() +
		`","handle":"jane","email":"jane@example.org","role":"EDITOR","sessionId":"` + session.String() +
		`","ipAddress":"2001:db8::1","userAgent":"<b>&\n"}
{"id":"` + bare.ID.String() + `","createdAt":"2026-01-31T08:02:00Z","kind":"LOGIN_FAILED","userId":null,"handle":null,"email":null,` +
		`"role":null,"sessionId":null,"ipAddress":null,"userAgent":null}
`
	if got := s.does(t, "audit", "--json"); got != want {
		t.Errorf("postern audit --json =\n%s, want\n%s", got, want)
	}
}

// TestAuditIsFiltered asks for some of an audit log, whose events were a minute apart.
func TestAuditIsFiltered(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, url string) {
		s, w := newAudit(t, url)
		for _, kind := range []account.EventKind{account.SignedUp, account.LoggedIn, account.LoggedOut, account.LoggedIn} {
			w.record(kind)
		}
		w.record(account.LoginFailed, byNobody)
		for _, test := range []struct{ args, want string }{
			{"", "SIGNED_UP LOGGED_IN LOGGED_OUT LOGGED_IN LOGIN_FAILED"},
			{"--limit=2", "LOGGED_IN LOGIN_FAILED"},
			{"--limit 0", "SIGNED_UP LOGGED_IN LOGGED_OUT LOGGED_IN LOGIN_FAILED"},
			{"--since 2m", "LOGGED_OUT LOGGED_IN LOGIN_FAILED"},
			{"--since=2026-01-31T08:04:00Z", "LOGGED_IN LOGIN_FAILED"},
			{"--since=2026-01-31T09:04:00.5+01:00", "LOGIN_FAILED"},
			{"--since=0s --limit=10", "LOGIN_FAILED"},
			{"--since=2m --limit=1", "LOGIN_FAILED"},
			{"--account=jane", "SIGNED_UP LOGGED_IN LOGGED_OUT LOGGED_IN"},
			{"--account=JANE@example.org --limit=1", "LOGGED_IN"},
			{"--account=" + w.jane.ID.String() + " --event=signed_up", "SIGNED_UP"},
			{"--account=" + id.NewUser(w.at).String(), ""},
			{"--event=LOGIN_FAILED --event=LOGGED_OUT", "LOGGED_OUT LOGIN_FAILED"},
			{"--event=logged_in,signed_up --limit=2", "LOGGED_IN LOGGED_IN"},
			{"--event=ROLE_CHANGED", ""},
		} {
			var got []string
			for line := range strings.Lines(s.does(t, append([]string{"audit", "--json"}, strings.Fields(test.args)...)...)) {
				var event struct{ Kind string }
				if err := json.Unmarshal([]byte(line), &event); err != nil {
					t.Fatal(err)
				}
				got = append(got, event.Kind)
			}
			if strings.Join(got, " ") != test.want {
				t.Errorf("postern audit %s = %s, want %s", test.args, got, test.want)
			}
		}
		s.fails(t, 1, "There is no account with the handle john.", "audit", "--account=john")
		s.fails(t, 1, "There is no account with the email john@example.org.", "audit", "--account=john@example.org")
	})
}

// TestAuditOfMuch shows the newest of more than is shown at once, and says so; all of it comes in order.
func TestAuditOfMuch(t *testing.T) {
	t.Parallel()
	s, w := newAudit(t, storetest.SQLiteURL(t))
	const events = 1001
	many := make([]account.Event, events)
	for i := range many {
		at := w.at.Add(time.Duration(i) * time.Second)
		many[i] = account.Event{ID: id.NewEvent(at), Kind: account.LoginFailed, CreatedAt: at}
	}
	if err := w.store.Record(t.Context(), many...); err != nil {
		t.Fatal(err)
	}
	times := regexp.MustCompile(`(?m)^2\S+`)
	for _, test := range []struct {
		args, note string
		shown      int
	}{
		{"audit", "These are the newest 100; --limit=0 shows all.\n", 100},
		{"audit --limit=100", "", 100},
		{"audit --limit=0", "", events},
		{"audit --since=24h", "", events},
	} {
		stdout, stderr, status := s.run(t, strings.Fields(test.args)...)
		got := times.FindAllString(stdout, -1)
		if status != 0 || stderr != test.note || len(got) != test.shown {
			t.Fatalf("postern %s = %d, %q and %d events, want %q and %d", test.args, status, stderr, len(got), test.note, test.shown)
		}
		for i, e := range many[events-test.shown:] {
			if want := e.CreatedAt.Format(time.RFC3339); got[i] != want {
				t.Fatalf("postern %s: event %d is of %s, want %s", test.args, i, got[i], want)
			}
		}
	}
}

// follow runs a command that goes on until it is stopped, and hands over what it prints, line by line.
func (s *shell) follow(t *testing.T, stderr io.Writer, args ...string) (lines *bufio.Reader, stop func() error) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	reader, writer := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		err := cli.Run(ctx, s.world(strings.NewReader(""), writer, stderr, args...))
		_ = writer.CloseWithError(io.EOF)
		ended <- err
	}()
	stop = func() error {
		cancel()
		_ = reader.Close()
		return <-ended
	}
	t.Cleanup(cancel)
	return bufio.NewReader(reader), stop
}

// next is the next line.
func next(t *testing.T, lines *bufio.Reader) string {
	t.Helper()
	line, err := lines.ReadString('\n')
	if err != nil {
		t.Fatalf("no more lines: %v", err)
	}
	return line
}

// TestAuditFollows shows what happens as it happens, each event once, and ends well when it is interrupted.
func TestAuditFollows(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, url string) {
		s, w := newAudit(t, url)
		lines, stop := s.follow(t, io.Discard, "audit", "-f", "--event=LOGGED_IN")
		if head := next(t, lines); !strings.HasPrefix(head, "TIME                  EVENT                         ACCOUNT ") {
			t.Errorf("the head is %q, want it at once, with room for what comes", head)
		}
		for range 3 {
			w.record(account.LoginFailed)
			e := w.record(account.LoggedIn)
			want := e.CreatedAt.Format(time.RFC3339) + "  LOGGED_IN                     jane@example.org      2001:db8::1      -          Firefox\n"
			if got := next(t, lines); got != want {
				t.Errorf("followed %q, want %q", got, want)
			}
		}
		if err := stop(); err != nil {
			t.Errorf("postern audit -f, interrupted = %v, want nil", err)
		}
	})
}

// TestAuditFollowsWhateverTheOrder has events of before recorded late, as by a transaction that took long.
func TestAuditFollowsWhateverTheOrder(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, url string) {
		s, w := newAudit(t, url)
		first := w.record(account.LoggedIn)
		lines, stop := s.follow(t, io.Discard, "audit", "--follow", "--json")
		for i := range 3 {
			if got := next(t, lines); !strings.Contains(got, first.ID.String()) {
				t.Errorf("event %d is %s, want %s", i, got, first.ID)
			}
			late := w.at.Add(-time.Duration(i) * time.Hour)
			first = w.record(account.LoggedIn, func(e *account.Event) { e.ID, e.CreatedAt = id.NewEvent(late), late })
		}
		if err := stop(); err != nil {
			t.Errorf("postern audit --follow, interrupted = %v, want nil", err)
		}
	})
}

// TestAuditFollowsOnceTheDatabaseIsBack loses the line to PostgreSQL, and says so once; what happened meanwhile is shown.
func TestAuditFollowsOnceTheDatabaseIsBack(t *testing.T) {
	t.Parallel()
	url := storetest.PostgresURL(t)
	s, w := newAudit(t, url)
	line := storetest.NewProxy(t, url)
	s.env["DATABASE_URL"] = line.URL(t)
	notes, told := io.Pipe()
	lines, stop := s.follow(t, told, "audit", "-f", "--json")
	before := w.record(account.LoggedIn)
	if got := next(t, lines); !strings.Contains(got, before.ID.String()) {
		t.Errorf("followed %s, want %s", got, before.ID)
	}
	line.Cut()
	if note := next(t, bufio.NewReader(notes)); !strings.HasPrefix(note, "postern: the database does not answer; trying on: ") {
		t.Errorf("without a database it says %q", note)
	}
	meanwhile := w.record(account.LoggedOut)
	line.Mend()
	after := w.record(account.LoggedIn)
	for _, want := range []account.Event{meanwhile, after} {
		if got := next(t, lines); !strings.Contains(got, want.ID.String()) {
			t.Errorf("followed %s, want %s", got, want.ID)
		}
	}
	if err := stop(); err != nil {
		t.Errorf("postern audit -f, interrupted = %v, want nil", err)
	}
}

// full is where nothing can be written to, as a disk that is full.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space is left") }

// TestAuditThatCannotBeShown ends rather than to read on for nobody.
func TestAuditThatCannotBeShown(t *testing.T) {
	t.Parallel()
	s, w := newAudit(t, storetest.SQLiteURL(t))
	w.record(account.LoggedIn)
	for _, args := range [][]string{{"audit"}, {"audit", "-f"}, {"audit", "-f", "--json"}} {
		err := cli.Run(t.Context(), s.world(strings.NewReader(""), full{}, io.Discard, args...))
		if err == nil || !strings.Contains(err.Error(), "no space is left") {
			t.Errorf("postern %v to a full disk = %v, want that", args, err)
		}
	}
}
