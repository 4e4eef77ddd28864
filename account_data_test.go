package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"regexp"
	"strings"
	"testing"
	"time"

	"postern/internal/account"
	"postern/internal/id"
	"postern/internal/store/storetest"
)

// person is somebody with an account, whose words nobody else has.
type person struct {
	*process

	email, handle, name, agent, address string
	access, refresh                     string
}

func zephyrine(p *process) *person {
	return &person{
		process: p, email: "Zephyrine.Quill@Example.org", handle: "zephyrine-q", name: "Zephyrine Quillfeather",
		agent: "Quill/7.1", address: "203.0.113.77",
	}
}

// does asks for a mutation in the person's name, from where they are, and returns the answer.
func (p *person) does(t *testing.T, mutation string) string {
	t.Helper()
	return p.post(t, p.access, "mutation { "+mutation+" }", "User-Agent: "+p.agent, "X-Forwarded-For: "+p.address)
}

// enters signs up or logs in.
func (p *person) enters(t *testing.T, mutation string) {
	t.Helper()
	p.access = ""
	answer := p.does(t, mutation+" { tokens { accessToken refreshToken } errors { message } }")
	p.access, p.refresh = accessToken(t, answer), refreshToken(t, answer)
}

func (p *person) signsUp(t *testing.T) {
	t.Helper()
	p.enters(t, `signup(input: {email: "`+p.email+`", password: "`+password+`", name: "`+p.name+`", handle: "`+p.handle+`"})`)
}

// isWrittenTo puts down a mail that waits for long, and tokens of others, by one of which they come to their email.
func (p *person) isWrittenTo(t *testing.T, env environment) {
	t.Helper()
	db := storetest.Open(t, env["DATABASE_URL"])
	found, err := db.CredentialsByEmail(t.Context(), strings.ToLower(p.email))
	if err != nil {
		t.Fatal(err)
	}
	now, late := time.Now().UTC(), time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)
	m := account.Mail{
		ID: id.NewMail(late), Kind: account.MailNewLogin, UserID: &found.ID, To: p.email, Name: p.name, Email: p.email,
		UserAgent: &p.agent, IPAddress: &p.address, CreatedAt: late,
	}
	confirmation := account.EmailToken{
		Hash: []byte(p.email), Kind: account.MailConfirmEmail, UserID: found.ID, Email: p.email, EmailKey: found.EmailKey,
		ExpiresAt: late,
	}
	elsewhere, verification := confirmation, confirmation
	elsewhere.Hash, elsewhere.Email, elsewhere.EmailKey = []byte("elsewhere "+p.email), "a."+p.email, "a."+found.EmailKey
	verification.Hash, verification.Kind = []byte("verification "+p.email), account.MailVerifyEmail
	if err := errors.Join(
		db.Record(t.Context(), account.Event{ID: id.NewEvent(now), Kind: account.LoggedIn, UserID: &found.ID, CreatedAt: now, Mail: &m}),
		db.AddEmailToken(t.Context(), elsewhere, m.ID, now), db.ChangeEmail(t.Context(), elsewhere, now, now),
		db.AddEmailToken(t.Context(), confirmation, m.ID, now), db.ChangeEmail(t.Context(), confirmation, now, late),
		db.AddEmailToken(t.Context(), verification, m.ID, now),
		db.PutDown(t.Context(), account.Mail{
			ID: id.NewMail(late), Kind: account.MailResetPassword, To: found.EmailKey, Email: found.EmailKey, IPAddress: &p.address, CreatedAt: late,
		}),
	); err != nil {
		t.Fatal(err)
	}
}

// lives does all that an account can do, and leaves as many traces as it can.
func (p *person) lives(t *testing.T, env environment) {
	t.Helper()
	const next = "a heron beside the lighthouse"
	login := `login(input: {email: "` + p.email + `", password: "` + next + `"})`
	p.signsUp(t)
	p.isWrittenTo(t, env)
	p.does(t, `createPost(input: {title: "Feathers of `+p.name+`", content: "Written by `+p.name+`."}) { post { id } }`)
	post := member(t, p.does(t, `createPost(input: {title: "Inks of `+p.name+`", content: "?"}) { post { id } }`), "id")
	p.does(t, `updatePost(input: {postId: "`+post+`", content: "Mixed by `+p.name+`."}) { post { id } }`)
	p.does(t, `updateProfile(input: {name: "`+p.name+`"}) { viewer { email } }`)
	p.does(t, `changePassword(input: {currentPassword: "`+password+`", newPassword: "`+next+`"}) { errors { message } }`)
	p.enters(t, login)
	p.does(t, `revokeOtherSessions { revokedSessionIds }`)
	p.enters(t, `refreshToken(input: {refreshToken: "`+p.refresh+`"})`)
	first := p.access
	p.enters(t, login)
	p.does(t, `logout { endedSessionId }`)
	p.access = first
	env.command(t, "", "user", "role", p.email, "EDITOR")
	p.does(t, `deleteAccount(input: {password: "no"}) { errors { message } }`)
	p.does(t, `login(input: {email: "`+p.email+`", password: "no"}) { errors { message } }`)
}

// exported is what the command prints of an account.
func exported(t *testing.T, env environment, email string) string {
	t.Helper()
	var out bytes.Buffer
	if err := run(t.Context(), []string{"user", "export", email}, env.getenv, strings.NewReader(""), &out, &out); err != nil {
		t.Fatalf("postern user export = %v, %s", err, out.String())
	}
	return out.String()
}

// world is a server that counts attempts, and believes whom it is told the client is.
func world(t *testing.T, url string) (environment, *process) {
	t.Helper()
	env := environment{
		"DATABASE_URL": url, "DATA_DIR": t.TempDir(), "TRUSTED_PROXIES": "127.0.0.1",
		"LIMIT_SIGNUPS_OF_ADDRESS": "50", "LIMIT_POSTS_OF_ACCOUNT": "60",
		"PRODUCTION": "true", "JWT_SECRET": strings.Repeat("s", 32), // where no mail is sent without a server
	}
	return env, start(t, env)
}

// withoutExports is an export as if there had been none before.
func withoutExports(text string) string {
	return regexp.MustCompile(`(?s),\s+\{[^{}]*"kind": "ACCOUNT_EXPORTED"[^{}]*\}`).ReplaceAllString(text, "")
}

// TestAccountData has an account exported to its owner and by the command, deleted, and opened anew: nothing of the old one is
// left to see, and its tokens are of no use.
func TestAccountData(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		env, p := world(t, url)
		somebody := zephyrine(p)
		somebody.signsUp(t)
		old := *somebody
		created := somebody.does(t, `createPost(input: {title: "Inks", content: "Galls."}) { post { id } errors { message } }`)
		post := member(t, created, "id")

		const ask = `exportAccount(input: {password: "` + password + `"}) { export errors { message } }`
		var answer struct {
			Data struct{ ExportAccount struct{ Export string } }
		}
		if err := json.Unmarshal([]byte(somebody.does(t, ask)), &answer); err != nil {
			t.Fatal(err)
		}
		own, printed := answer.Data.ExportAccount.Export, exported(t, env, somebody.email)
		if own == "" || withoutExports(printed) != own || printed == own {
			t.Errorf("the command prints\n%s\nwant what the owner got, but for that it was exported:\n%s", printed, own)
		}
		for _, want := range []string{post, "Galls.", somebody.email, somebody.address, "SIGNED_UP"} {
			if !strings.Contains(own, want) {
				t.Errorf("the export lacks %s: %s", want, own)
			}
		}

		deleted := somebody.does(t, `deleteAccount(input: {password: "`+password+`"}) { deletedUserId errors { message } }`)
		gone := member(t, deleted, "deletedUserId")
		somebody.signsUp(t)
		for query, token := range map[string]string{`{ viewer { email } }`: old.access, `{ rateLimit { posts { limit } } }`: old.access} {
			if got := p.post(t, token, query); !strings.Contains(got, "SESSION_ENDED") {
				t.Errorf("%s with the old token = %s, want that its session has ended", query, got)
			}
		}
		refresh := `refreshToken(input: {refreshToken: "` + old.refresh + `"}) { tokens { accessToken } errors { __typename } }`
		if got := somebody.does(t, refresh); !strings.Contains(got, "InvalidTokenError") {
			t.Errorf("the old refresh token is answered %s, want it refused", got)
		}
		const seen = `{ viewer { user { id handle posts { totalCount } } sessions { totalCount } } rateLimit { posts { remaining } } }`
		got := p.post(t, somebody.access, seen)
		if now := member(t, got, "id"); now == gone || strings.Replace(got, now, "", 1) != `{"data":{"viewer":{"user":{"id":"",`+
			`"handle":"zephyrine-q","posts":{"totalCount":0}},"sessions":{"totalCount":1}},"rateLimit":{"posts":{"remaining":60}}}}` {
			t.Errorf("the new account sees %s", got)
		}
		got = exported(t, env, somebody.email)
		if strings.Contains(got, gone) || strings.Contains(got, "Galls.") || strings.Count(got, `"kind"`) != 2 {
			t.Errorf("the new account is exported as %s, want nothing of the old one", got)
		}
	})
}

// confirms says passwords where they are asked for once more, and has an account exported, of which nothing may be a secret.
func (w *witness) confirms(t *testing.T, env environment, access, guess, password string) {
	t.Helper()
	w.ask(t, access, `mutation($v: String!) { deleteAccount(input: {password: $v}) { errors { message } } }`, guess)
	const export = `mutation($v: String!) { exportAccount(input: {password: $v}) { export errors { message } } }`
	w.ask(t, access, export, guess)
	answer := w.ask(t, access, export, password)
	if !strings.Contains(answer, "SIGNED_UP") {
		t.Errorf("the export is answered %s", answer)
	}
	w.told.WriteString(answer)
	w.command(t, env, "", "user", "export", "ada@example.org")
}

// exportedColumns say where in an export each column is to be found, or why in none.
const exportedColumns = `
users.id             profile.id
users.handle         profile.handle
users.name           profile.name
users.email          profile.email
users.email_verified_at profile.emailVerified
former_emails.email profile.formerEmails
former_emails.left_at profile.formerEmails
former_emails.expires_at profile.formerEmails
former_emails.user_id profile.id
former_emails.email_key - the email, as two are compared
former_emails.position - the order in which formerEmails are
users.email_key      - the email, as two are compared
users.role           profile.role
users.password_hash  - a secret
users.created_at     profile.createdAt
users.disabled_at    profile.disabledAt
posts.id             posts.id
posts.author_id      profile.id
posts.slug           posts.slug
posts.title          posts.title
posts.content        posts.content
posts.created_at     posts.createdAt
posts.updated_at     posts.updatedAt
posts.version        posts.version
sessions.id          sessions.id
sessions.user_id     profile.id
sessions.family_hash - a secret
sessions.refresh_hash - a secret
sessions.previous_hash - a secret
sessions.nonce       - a secret
sessions.rotated_at  sessions.lastUsedAt
sessions.user_agent  sessions.userAgent
sessions.ip_address  sessions.ipAddress
sessions.created_at  sessions.createdAt
sessions.last_used_at sessions.lastUsedAt
sessions.expires_at  sessions.expiresAt
events.id            events.id
events.kind          events.kind
events.user_id       profile.id
events.session_id    events.sessionId
events.role          events.role
events.user_agent    events.userAgent
events.ip_address    events.ipAddress
events.created_at    events.createdAt
events.position      - in which order events came, of all accounts
mails.id             - a mail that is about to be sent, and forgotten then
mails.kind           - see mails.id
mails.user_id        - see mails.id
mails.recipient      - see mails.id
mails.name           - see mails.id
mails.email          - see mails.id
mails.user_agent     - see mails.id
mails.ip_address     - see mails.id
mails.created_at     - see mails.id
mails.due_at         - see mails.id
mails.attempts       - see mails.id
email_tokens.hash    - a secret
email_tokens.kind    - of what was mailed, which works for a while
email_tokens.user_id - see email_tokens.kind
email_tokens.email   - see email_tokens.kind
email_tokens.email_key - see email_tokens.kind
email_tokens.expires_at - see email_tokens.kind
publications.position - in which order posts came, of all authors
publications.post_id posts.id
attempts.key         - a hash, that is forgotten by itself
attempts.count       - of hashes
attempts.until       - of hashes
`

// TestExportIsWhole walks over all columns of the database: each is in an export, or it is said why not.
func TestExportIsWhole(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		env, p := world(t, url)
		somebody := zephyrine(p)
		somebody.lives(t, env)
		var export map[string]any
		if err := json.Unmarshal([]byte(exported(t, env, somebody.email)), &export); err != nil {
			t.Fatal(err)
		}
		said := make(map[string]string)
		for line := range strings.Lines(exportedColumns) {
			if words := strings.Fields(line); len(words) > 1 {
				said[words[0]] = words[1]
			}
		}
		for table, columns := range storetest.Columns(t, storetest.Connect(t, url)) {
			for _, column := range columns {
				name := table + "." + column
				list, member, _ := strings.Cut(said[name], ".")
				switch first := export[list].(type) {
				case map[string]any:
					if _, has := first[member]; !has {
						t.Errorf("%s is to be %s, which an export has not", name, said[name])
					}
				case []any:
					if _, has := first[0].(map[string]any)[member]; !has {
						t.Errorf("%s is to be %s, which an export has not", name, said[name])
					}
				default:
					if said[name] != "-" && aboutNobody()[table] == "" {
						t.Errorf("nothing is said of %s: export it, or say why not", name)
					}
				}
				delete(said, name)
			}
		}
		for name := range said {
			t.Errorf("%s is no column", name)
		}
	})
}
