package graph_test

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"testing"
	"time"

	"github.com/vektah/gqlparser/v2/ast"

	"postern/internal/account"
	"postern/internal/auth"
	"postern/internal/blog"
	"postern/internal/id"
	"postern/internal/store/storetest"
)

// caller is somebody who asks.
type caller struct {
	name    string
	role    auth.Role
	refusal auth.Reason // why the token is of no use
}

// callers are the columns of the matrix.
func callers() []caller {
	return []caller{
		{"nobody", auth.Admin, auth.TokenMissing},
		{"forged", auth.Admin, auth.TokenInvalid},
		{"expired", auth.Admin, auth.TokenExpired},
		{"ended", auth.Admin, auth.SessionEnded},
		{"reader", auth.Reader, ""},
		{"author", auth.Author, ""},
		{"editor", auth.Editor, ""},
		{"admin", auth.Admin, ""},
	}
}

// cheap is a hash of password that costs next to nothing, for a hundred accounts.
const cheap = "$argon2id$v=19$m=8,t=1,p=1$bm8gc2FsdCBidXQgY2hlYXA$8vQo7tH/C2EnKYDAijZ5RQ"

// party is an account that is logged in.
type party struct {
	auth.Claims

	email, access, refresh string
}

// cast is a server with those who ask, and one that is asked about.
type cast struct {
	*server

	schema *ast.Schema
	rows   []row
	dump   func() string
	tokens *auth.Tokens
	made   int
	other  party
	// transcripts are what was answered, by field, caller and whose it was.
	transcripts map[string]map[string]string
}

func newCast(t *testing.T, url string) *cast {
	t.Helper()
	c := &cast{server: newServer(t, url), schema: schemaOf(), transcripts: make(map[string]map[string]string)}
	c.rows = rows(t, c.schema)
	db := storetest.Connect(t, url)
	c.dump = func() string { return storetest.Dump(t, db) }
	c.tokens = newTokens(t, "s", c.now)
	c.other = c.party(t, auth.Author)
	return c
}

func (c *cast) now() time.Time { return time.UnixMicro(c.clock.Add(1)).UTC() }

// party opens an account with a session, as a log-in does but for the hashing, which would take most of the time.
func (c *cast) party(t *testing.T, role auth.Role) party {
	t.Helper()
	c.made++
	p := party{email: fmt.Sprintf("user-%d@example.org", c.made)}
	at := c.now()
	user := account.User{ID: id.NewUser(at), Handle: fmt.Sprintf("user-%d", c.made), Name: "User", CreatedAt: at}
	family, secret := sha256.Sum256([]byte(p.email)), sha256.Sum256([]byte(p.email+"'s secret"))
	hashOf := func(random [sha256.Size]byte) []byte {
		hash := sha256.Sum256(random[:])
		return hash[:]
	}
	session := &account.SessionState{
		Session: account.Session{ID: id.NewSession(at), CreatedAt: at, LastUsedAt: at, ExpiresAt: at.Add(24 * time.Hour)},
		UserID:  user.ID, Family: hashOf(family), Rotation: account.Rotation{Current: hashOf(secret), RotatedAt: at},
	}
	if err := c.store.CreateAccount(t.Context(), &account.Credentials{
		Account: account.Account{User: user, Email: p.email, Role: role}, EmailKey: p.email, PasswordHash: cheap,
	}, session, account.Event{ID: id.NewEvent(at), Kind: account.SignedUp, UserID: &user.ID, CreatedAt: at}); err != nil {
		t.Fatal(err)
	}
	p.refresh = base64.RawURLEncoding.EncodeToString(append(family[:], secret[:]...))
	var err error
	if p.access, _, err = c.tokens.Sign(user.ID, session.ID); err != nil {
		t.Fatal(err)
	}
	if p.Claims, err = c.tokens.Verify(p.access); err != nil {
		t.Fatal(err)
	}
	return p
}

// token is what the caller comes with.
func (c *cast) token(t *testing.T, p party, refusal auth.Reason) string {
	t.Helper()
	signer := c.tokens
	switch refusal {
	case auth.TokenMissing:
		return ""
	case auth.TokenInvalid:
		signer = newTokens(t, "x", c.now)
	case auth.TokenExpired:
		signer = newTokens(t, "s", func() time.Time { return c.now().Add(-time.Hour) })
	case auth.SessionEnded:
		if err := c.store.EndSession(t.Context(), p.UserID, p.SessionID); err != nil {
			t.Fatal(err)
		}
	}
	token, _, err := signer.Sign(p.UserID, p.SessionID)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// thing is the id of something of a kind that is the party's, or of nothing.
func (c *cast) thing(t *testing.T, kind, whose string, p party) string {
	t.Helper()
	at := c.now()
	switch owner := map[string]party{"own": p, "another's": c.other}[whose]; {
	case kind == "Post":
		post := &blog.Post{
			ID: id.NewPost(at), Title: "T", Content: "x", Author: account.User{ID: owner.UserID}, CreatedAt: at, UpdatedAt: at, Version: 1,
		}
		post.Slug = post.ID.UUID.String()
		if whose != "missing" {
			if err := c.store.CreatePost(t.Context(), post); err != nil {
				t.Fatal(err)
			}
		}
		return post.ID.String()
	case kind == "User" && whose == "missing":
		return id.NewUser(at).String()
	case kind == "User":
		return owner.UserID.String()
	case kind == "Session" && whose == "missing":
		return id.NewSession(at).String()
	case kind == "Session":
		return owner.SessionID.String()
	case kind == "Event" && whose == "missing":
		return id.NewEvent(at).String()
	case kind == "Event":
		events, err := c.store.Events(t.Context(), owner.UserID)
		if err != nil {
			t.Fatal(err)
		}
		return events[0].ID.String()
	case kind != "":
		t.Fatalf("there is no %s to ask for: make one here", kind)
	}
	return ""
}

// tokenOfMail is the token of a mail that somebody was sent. If it is to undo a change of email, they have changed it.
func (s *server) tokenOfMail(t *testing.T, kind account.MailKind, user id.User, email string) string {
	t.Helper()
	if kind == account.MailEmailChanged {
		other := s.tokenOfMail(t, account.MailConfirmEmail, user, user.String()+"@example.org")
		if err := s.accounts.VerifyEmail(t.Context(), account.VerifyEmailInput{Token: other}); err != nil {
			t.Fatal(err)
		}
	}
	now := time.Now().UTC()
	m := account.Mail{ID: id.NewMail(now), Kind: kind, UserID: &user, To: email, Email: email, CreatedAt: now}
	asked := account.Event{ID: id.NewEvent(now), Kind: account.EmailVerificationRequested, UserID: &user, CreatedAt: now, Mail: &m}
	if err := s.store.Record(t.Context(), asked); err != nil {
		t.Fatal(err)
	}
	_, token, err := s.accounts.Prepare(t.Context(), m)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// value is what is given for an argument, or a field of an input: the least that will do.
func (c *cast) value(t *testing.T, at string, of *ast.Type, thing string, p party) any {
	t.Helper()
	texts := map[string]string{
		"SignupInput.email": fmt.Sprintf("new-%d@example.org", c.made), "SignupInput.password": password, "SignupInput.name": "New",
		"LoginInput.email": p.email, "LoginInput.password": password, "RefreshTokenInput.refreshToken": p.refresh,
		"ChangePasswordInput.currentPassword": password, "ChangePasswordInput.newPassword": "a heron beside the lighthouse",
		"RequestPasswordResetInput.email": p.email, "ResetPasswordInput.newPassword": "a heron beside the lighthouse",
		"UndoEmailChangeInput.newPassword": "a heron beside the lighthouse",
		"ChangeEmailInput.password":        password, "ChangeEmailInput.newEmail": fmt.Sprintf("newer-%d@example.org", c.made),
		"ExportAccountInput.password": password,
		"DeleteAccountInput.password": password, "CreatePostInput.title": "T", "CreatePostInput.content": "x",
	}
	definition := c.schema.Types[of.Name()]
	switch text, known := texts[at]; {
	case of.Elem != nil:
		return []any{c.value(t, at, of.Elem, thing, p)}
	case of.Name() == "ID":
		return thing
	case definition.Kind == ast.InputObject && definition.Directives.ForName("oneOf") != nil:
		return map[string]any{"id": thing}
	case definition.Kind == ast.InputObject:
		object := make(map[string]any)
		for _, field := range definition.Fields {
			if field.Type.NonNull {
				object[field.Name] = c.value(t, definition.Name+"."+field.Name, field.Type, thing, p)
			}
		}
		return object
	case known:
		return text
	}
	kinds := map[string]account.MailKind{
		"ResetPasswordInput.token": account.MailResetPassword, "VerifyEmailInput.token": account.MailVerifyEmail,
		"UndoEmailChangeInput.token": account.MailEmailChanged,
	}
	if kind, known := kinds[at]; known {
		return c.tokenOfMail(t, kind, p.UserID, p.email)
	}
	t.Fatalf("nothing is known to give for %s: name it here", at)
	return nil
}
