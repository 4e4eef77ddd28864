package main

import (
	"bytes"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/coder/websocket"

	"postern/internal/mail/mailtest"
	"postern/internal/store/storetest"
	"postern/internal/transport/transporttest"
)

// phc begins the hash of a password.
const phc = "$argon2id$"

// witness goes through what happens to secrets, and keeps what must not have any: the errors that clients are answered, and
// what commands print.
type witness struct {
	*process

	news    keyNews
	told    strings.Builder
	secrets map[string]string // what each is, by its text
}

// secret makes a text one that nobody may find again.
func (w *witness) secret(text, what string) string {
	w.secrets[text] = what
	return text
}

// send sends a request, and keeps the answer if there is anything wrong with it.
func (w *witness) send(t *testing.T, method, target, body string, header ...string) answer {
	t.Helper()
	got := w.process.send(t, method, target, body, header...)
	if got.status >= http.StatusBadRequest || strings.Contains(got.body, `"errors":[{`) || strings.Contains(got.body, `"extensions"`) {
		_, _ = fmt.Fprintln(&w.told, method, target[:min(len(target), 8)], got.status, got.header, got.body)
	}
	return got
}

// say sends a body that is said to be JSON.
func (w *witness) say(t *testing.T, body string, header ...string) {
	t.Helper()
	w.send(t, http.MethodPost, "/graphql", body, append(header, "Content-Type: application/json")...)
}

// ask sends an operation with a text as its variable, and learns the tokens that come of it.
func (w *witness) ask(t *testing.T, token, query, variable string) string {
	t.Helper()
	header := []string{"Content-Type: application/json"}
	if token != "" {
		header = append(header, "Authorization: Bearer "+token)
	}
	got := w.send(t, http.MethodPost, "/graphql", `{"query":`+quoted(query)+`,"variables":{"v":`+quoted(variable)+`}}`, header...).body
	if strings.Contains(got, `"accessToken":"`) {
		w.secret(accessToken(t, got), "an access token")
		w.secret(refreshToken(t, got), "a refresh token")
	}
	return got
}

// watch opens a WebSocket, says something, and keeps what it hears but for data, until the socket is closed or a last message has
// come.
func (w *witness) watch(t *testing.T, bearer, last string, messages ...string) {
	t.Helper()
	conn := transporttest.Dial(t, w.url+"/graphql", websocket.DialOptions{HTTPHeader: http.Header{"Authorization": {bearer}}})
	for _, message := range messages {
		_ = conn.Write(t.Context(), websocket.MessageText, []byte(message)) // it may be closed by now
	}
	for {
		_, text, err := conn.Read(t.Context())
		_, _ = fmt.Fprintln(&w.told, "heard", string(text), err)
		if err != nil || last != "" && strings.Contains(string(text), last) {
			return
		}
	}
}

// command runs postern with a line of input, and keeps what it prints.
func (w *witness) command(t *testing.T, env environment, input string, args ...string) {
	t.Helper()
	var out bytes.Buffer
	err := run(t.Context(), args, env.getenv, strings.NewReader(input+"\n"), &out, &out)
	_, _ = fmt.Fprintln(&w.told, args, out.String(), err)
}

const tokens = ` { tokens { accessToken refreshToken } errors { __typename message path } }`

// live signs up, logs in, refreshes, changes passwords, and fails in as many ways as there are.
// It returns what is good at the end.
func (w *witness) live(t *testing.T, env environment) (access, password, refresh string) {
	t.Helper()
	const (
		login  = `mutation($v: String!) { login(input: {email: "ada@example.org", password: $v})` + tokens + ` }`
		rotate = `mutation($v: String!) { refreshToken(input: {refreshToken: $v})` + tokens + ` }`
	)
	first, second := w.secret("violet tractor under the moss", aPassword), w.secret("a heron beside the lighthouse", aPassword)
	guess, weak := w.secret("wrong umbrella in the gravel", "a guess"), w.secret("hunter2-hunter2-hunter2", "a weak password")
	signup := `mutation($v: String!) { signup(input: {email: "ada@example.org", password: $v, name: "Ada"})` + tokens + ` }`
	access = accessToken(t, w.ask(t, "", signup, first))
	for _, password := range []string{first, weak, "short-" + weak[:7]} {
		w.ask(t, "", signup, password)
	}
	for _, password := range []string{first, guess, weak} {
		w.ask(t, "", login, password)
		w.ask(t, "", strings.Replace(login, "ada@", "nobody@", 1), password)
	}
	oldest := refreshToken(t, w.ask(t, "", login, first))
	newer := refreshToken(t, w.ask(t, "", rotate, oldest))
	w.ask(t, "", rotate, oldest) // again, which is soon enough
	newest := refreshToken(t, w.ask(t, "", rotate, newer))
	w.ask(t, "", rotate, oldest) // again, which ends the session
	w.ask(t, "", rotate, newest)
	w.ask(t, "", rotate, newest[1:])
	w.ask(t, "", rotate, newest+"=")

	w.ask(t, access, `mutation { createPost(input: {title: "T", content: "C"}) { post { id } } }`, "")
	change := `mutation($v: String!) { changePassword(input: {currentPassword: %q, newPassword: $v}) { errors { message } } }`
	for _, passwords := range [][2]string{{guess, second}, {first, weak}, {first, first[:9]}, {first, second}, {first, second}} {
		w.ask(t, access, fmt.Sprintf(change, passwords[0]), passwords[1])
	}
	w.confirms(t, env, access, guess, second)
	w.malformed(t, access, second, newest)
	w.streams(t, access, second, newest)

	third, fourth := w.secret("seven silent garden gates", aPassword), w.secret("the ferry waits for noon", aPassword)
	w.command(t, env, third, "user", "create", "bob@example.org", "--name=Bob")
	w.command(t, env, third, "user", "create", "bob@example.org", "--name=Bob")
	w.command(t, env, weak, "user", "password", "bob@example.org")
	w.command(t, env, fourth, "user", "password", "bob@example.org")
	w.command(t, env, "", "user", "list")
	w.command(t, env, "", "config")
	w.command(t, env, "", "audit")
	w.command(t, env, "", "audit", "--json")
	if told := w.told.String(); !strings.Contains(told, `"kind":"REFRESH_TOKEN_REUSED"`) || !strings.Contains(told, "  LOGIN_FAILED  ") {
		t.Error("postern audit did not show what happened")
	}
	w.ask(t, "", strings.Replace(login, "ada@", "bob@", 1), fourth)
	gone := accessToken(t, w.ask(t, "", login, second))
	w.ask(t, gone, `mutation { logout { endedSessionId } }`, "")
	w.ask(t, gone, `{ viewer { email } }`, "")
	last := w.ask(t, "", login, second)
	return accessToken(t, last), second, refreshToken(t, last)
}

// malformed puts secrets where they do not belong.
func (w *witness) malformed(t *testing.T, access, password, refresh string) {
	t.Helper()
	signature := access[strings.LastIndexByte(access, '.')+1:]
	for _, secret := range []string{password, access, refresh} {
		for _, query := range []string{
			`mutation { login(input: {email: "ada@example.org", password: [%s]}) { errors { message } } }`,
			`mutation { login(input: {email: "ada@example.org", password: {a: %s}}) { errors { message } } }`,
			`mutation { login(input: {email: "ada@example.org", passwort: %s}) { errors { message } } }`,
			`mutation { login(input: {email: %s, password: %[1]s}) { errors { message path } } }`,
			`mutation { signup(input: {email: %s, password: %[1]s, name: %[1]s, handle: %[1]s}) { errors { message path } } }`,
			`mutation { refreshToken(input: %s) { errors { message } } }`,
			`mutation { refreshToken(input: {refreshToken: %s}) { errors { message path } } }`,
			`mutation { revokeSession(input: {sessionId: %s}) { errors { message path } } }`,
			`mutation { login(input: {password: %s`,
			`mutation { login(input: {password %s}) { errors { message } } }`,
			`query($v: Int = %s) { posts(first: $v) { totalCount } }`,
			`{ posts(first: %s) { totalCount } }`,
			`{ posts(after: %s) { totalCount } }`,
			`{ posts(filter: {createdSince: %s}) { totalCount } }`,
			`{ post(by: {slug: %s}) { id } node(id: %[1]s) { id } user(by: {handle: %[1]s}) { id } }`,
			`{ viewer @include(if: %s) { email } }`,
			`{ __type(name: %s) { name } }`,
		} {
			document := fmt.Sprintf(query, quoted(secret))
			w.ask(t, access, document, secret)
			w.send(t, http.MethodGet, "/graphql?query="+url.QueryEscape(document), "")
		}
		for variables, kind := range map[string]string{
			`[%s]`: "String!", `{"a":%s}`: "String!", `%s`: "Int!", `[[%s]]`: "Boolean", `{"email":%s}`: "LoginInput!",
			`{%s:1}`: "LoginInput!", `{"password":[%s]}`: "LoginInput!", `{"id":%s,"slug":%[1]s}`: "PostLookup!",
		} {
			value := fmt.Sprintf(variables, quoted(secret))
			for _, query := range []string{
				`query($v: ` + kind + `) { node(id: $v) { id } post(by: $v) { id } }`,
				`mutation($v: ` + kind + `) { login(input: $v) { errors { message } } }`,
			} {
				w.say(t, `{"query":`+quoted(query)+`,"variables":{"v":`+value+`}}`)
			}
		}
		for _, body := range []string{
			`%s`, `{"variables":{"password":%s}}`, `{"query":%s}`, `{%s`, `{%s:1}`, `{"query":%s,"query":%[1]s}`,
			`{"query":"{ posts { totalCount } }","operationName":%s}`, `{"documentId":%s}`,
			`{"extensions":{"persistedQuery":{"version":1,"sha256Hash":%s}}}`,
		} {
			w.say(t, fmt.Sprintf(body, quoted(secret)))
		}
		w.say(t, secret)
		w.send(t, http.MethodPost, "/graphql", "password="+secret, "Content-Type: application/x-www-form-urlencoded")
		w.send(t, http.MethodPost, "/graphql", "{}", "Content-Type: application/json; charset="+quoted(secret))
		inURL := url.QueryEscape(secret)
		w.send(t, http.MethodGet, "/nowhere?access_token="+inURL, "", "Cookie: "+secret, "Referer: https://example.org/"+secret)
		w.send(t, http.MethodGet, "/graphql?query=%7Ba%7D&variables="+inURL, "", "Accept: "+secret, "X-Request-Id: x "+secret)
		w.send(t, http.MethodGet, "/graphql?"+inURL+"=%zz", "")
		w.send(t, http.MethodGet, "/graphql", "", "Authorization: Basic "+secret)
		w.send(t, http.MethodGet, "/graphql", "", "Authorization: Bearer "+secret+"x")
		w.send(t, http.MethodGet, "/graphql", "", "Authorization: Bearer "+secret, "Authorization: Bearer "+secret)
		w.say(t, "{}", "Origin: https://"+strings.ReplaceAll(secret, " ", "-"), "Sec-Fetch-Site: cross-site")
	}
	w.ask(t, strings.TrimSuffix(access, signature)+"x"+signature[1:], `{ viewer { email } }`, "")
	w.ask(t, strings.TrimSuffix(access, signature), `{ viewer { email } }`, "")
}

// hello is how a WebSocket begins.
func hello(token string) string {
	return `{"type":"connection_init","payload":{"authorization":` + quoted("Bearer "+token) + `}}`
}

// streams says secrets over WebSockets, and as a client of event streams.
func (w *witness) streams(t *testing.T, access, password, refresh string) {
	t.Helper()
	const viewer = `{"id":"1","type":"subscribe","payload":{"query":"{ viewer { email } }"}}`
	w.watch(t, "", `"complete"`, hello(access), viewer)
	w.watch(t, "Bearer "+access, `"complete"`, `{"type":"connection_init"}`, viewer)
	for _, secret := range []string{password, refresh, access + "x", access[:len(access)-2]} {
		w.watch(t, "", "", hello(secret), viewer)
		w.watch(t, "Bearer "+secret, "", `{"type":"connection_init"}`, viewer)
		w.watch(t, "", "", `{"type":"connection_init","payload":{"authorization":[`+quoted(secret)+`]}}`)
		w.watch(t, "", "", `{"type":`+quoted(secret)+`}`)
		w.watch(t, "", "", secret)
		w.watch(t, "", `"error"`, hello(access), `{"id":"1","type":"subscribe","payload":{"query":`+quoted(secret)+`}}`)
		w.watch(t, "", `"error"`, hello(access), `{"id":"1","type":"subscribe","payload":{"variables":{"v":`+quoted(secret)+`},`+
			`"query":"query($v: Int) { posts(first: $v) { totalCount } }"}}`)
		w.say(t, `{"query":"{ viewer { email } }","variables":{"v":`+quoted(secret)+`}}`,
			"Accept: text/event-stream", "Authorization: Bearer "+secret)
	}
	w.say(t, `{"query":"{ viewer { email } }"}`, "Accept: text/event-stream", "Authorization: Bearer "+access)
}

// fail asks for whatever needs the database, which is broken.
func (w *witness) fail(t *testing.T, access, password, refresh string) {
	t.Helper()
	for _, operation := range []string{
		`mutation($v: String!) { login(input: {email: "ada@example.org", password: $v})` + tokens + ` }`,
		`mutation($v: String!) { signup(input: {email: "eve@example.org", password: $v, name: "Eve"})` + tokens + ` }`,
		`mutation($v: String!) { refreshToken(input: {refreshToken: $v})` + tokens + ` }`,
	} {
		for _, token := range []string{"", access} {
			w.ask(t, token, operation, password)
			w.ask(t, token, operation, refresh)
		}
	}
	w.ask(t, access, `{ viewer { email } }`, password)
	w.watch(t, "", "", hello(access))
	if !strings.Contains(w.told.String(), "INTERNAL_SERVER_ERROR") {
		t.Error("nothing failed, although the database is broken")
	}
}

// forms are how a secret may be written, so that whoever finds it can use it.
func forms(secret string) []string {
	all := []string{secret, strings.Trim(quoted(secret), `"`)}
	raw := [][]byte{[]byte(secret)}
	if token, err := base64.RawURLEncoding.DecodeString(secret); err == nil { // a refresh token, whose second half is what counts
		raw = append(raw, token, token[:len(token)/2], token[len(token)/2:])
		all = append(all, string(token), string(token[len(token)/2:]))
	}
	if parts := strings.Split(secret, "."); len(parts) == 3 && strings.HasPrefix(secret, "eyJ") { // a JWT: its signature counts
		signature, _ := base64.RawURLEncoding.DecodeString(parts[2])
		raw, all = append(raw, signature), append(all, parts[2], string(signature))
	}
	for _, bytes := range raw {
		all = append(all, hex.EncodeToString(bytes), fmt.Sprintf("%X", bytes), strings.Trim(fmt.Sprintf("%d", bytes), "[]"),
			base64.RawStdEncoding.EncodeToString(bytes), base64.RawURLEncoding.EncodeToString(bytes))
	}
	return all
}

// absent looks for secrets in a text.
func (w *witness) absent(t *testing.T, where, text string) {
	t.Helper()
	for secret, what := range w.secrets {
		for _, form := range forms(secret) {
			if at := strings.Index(text, form); at >= 0 {
				t.Errorf("%s has %s, %q: …%q…", where, what, form, text[max(0, at-200):min(len(text), at+len(form)+100)])
				break
			}
		}
	}
	if at := strings.Index(text, phc); at >= 0 && where != theDatabase {
		t.Errorf("%s has a password's hash: …%q…", where, text[max(0, at-200):min(len(text), at+100)])
	}
}

// slow looks at how the database keeps passwords: each account has one hash, which is costly, and there is no cheap one.
func (w *witness) slow(t *testing.T, rows string) {
	t.Helper()
	for line := range strings.Lines(rows) {
		if want := map[bool]int{true: 1}[strings.HasPrefix(line, "users\t")]; strings.Count(line, phc) != want {
			t.Errorf("a row has not %d hashes of a password: %q", want, line)
		}
	}
	for secret, what := range w.secrets {
		if what != aPassword {
			continue
		}
		for name, cheap := range map[string]func([]byte) []byte{
			"MD5":     func(b []byte) []byte { sum := md5.Sum(b); return sum[:] },
			"SHA-1":   func(b []byte) []byte { sum := sha1.Sum(b); return sum[:] },
			"SHA-256": func(b []byte) []byte { sum := sha256.Sum256(b); return sum[:] },
			"SHA-512": func(b []byte) []byte { sum := sha512.Sum512(b); return sum[:] },
		} {
			for _, form := range forms(string(cheap([]byte(secret)))) {
				if strings.Contains(rows, form) {
					t.Errorf("the database has a password's %s", name)
				}
			}
		}
	}
}

// withPassword is the URL of a database with a password in it, which the tests' own server does not ask for.
func (w *witness) withPassword(t *testing.T, database string) string {
	t.Helper()
	parsed, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	if parsed.Scheme != "postgres" {
		return database
	}
	password, has := parsed.User.Password()
	if !has {
		password = "a-mole-guards-the-rows"
		parsed.User = url.UserPassword(parsed.User.Username(), password)
	}
	w.secret(password, "the database's password")
	return parsed.String()
}

// files are SQLite's: the database, and what it is about to become.
func files(t *testing.T, database string) (all []string) {
	t.Helper()
	path, is := strings.CutPrefix(database, "sqlite:")
	found, err := filepath.Glob(path + "*")
	if err != nil || is && len(found) < 2 {
		t.Fatalf("SQLite has the files %q, %v", found, err)
	}
	for _, file := range found {
		bytes, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, string(bytes))
	}
	return all
}

const theDatabase, aPassword = "the database", "a password"

// TestSecretsStaySecret lives through all that happens to secrets, at level debug and with the database breaking at the end, and
// then looks for them: in all that was logged, in each error that clients were answered, in what commands print, and in all that
// the database holds, down to the bytes of SQLite's files. Once the secret signs, once a key does.
func TestSecretsStaySecret(t *testing.T) {
	for format, algorithm := range map[string]string{"json": "HS256", "text": "EdDSA"} {
		t.Run(format, func(t *testing.T) {
			storetest.Each(t, func(t *testing.T, database string) {
				w := &witness{secrets: make(map[string]string)}
				env := environment{
					"DATA_DIR": t.TempDir(), "LOG_LEVEL": "debug", "LOG_FORMAT": format, "DATABASE_URL": w.withPassword(t, database),
					"JWT_SECRET":          w.secret("an-owl-signs-what-the-badger-wrote", "the signing secret"),
					"JWT_SECRET_PREVIOUS": w.secret("a-stoat-signed-what-the-hare-reads", "the signing secret before"),
				}
				if algorithm == "EdDSA" {
					w.makeKey(t, env)
				}
				mails := mailtest.Start(t, mailtest.Options{})
				env["SMTP_URL"], env["MAIL_FROM"], env["FRONTEND_URL"] = mails.URL(), "blog@example.org", "https://www.example.org"
				w.process, w.news = startWithNews(t, env)
				w.recovers(t, mailed{mails})
				access, password, refresh := w.live(t, env)
				w.mail(t, env)
				if got := header(t, access).Alg; got != algorithm {
					t.Errorf("the tokens are by %s, want %s", got, algorithm)
				}
				if algorithm == "EdDSA" {
					w.changeKeys(t, env)
				}

				db := storetest.Connect(t, database)
				rows := storetest.Dump(t, db)
				w.absent(t, theDatabase, rows+strings.Join(files(t, database), ""))
				w.slow(t, rows)

				if _, err := db.ExecContext(t.Context(), `ALTER TABLE sessions RENAME TO gone`); err != nil {
					t.Fatal(err)
				}
				w.fail(t, access, password, refresh)
				w.end(t)
				w.absent(t, "an error, or what a command printed,", w.told.String())
				w.absent(t, "the log", w.log.String())
				for _, logged := range []string{"INSERT INTO sessions", "/graphql", "internal error", "authenticate", "a mail is given up"} {
					if !strings.Contains(w.log.String(), logged) {
						t.Errorf("the log lacks %q: it is not all that is logged", logged)
					}
				}
			})
		})
	}
}
