package mail_test

import (
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"postern/internal/mail"
)

var update = flag.Bool("update", false, "rewrite the mails in testdata")

const (
	token = "7Jw2mB0vT3qYk1xR5nLd8PzC4sHfG6aE_u9-QeWtZoS"
	agent = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"
)

// link is where a mail of a kind leads.
func link(kind mail.Kind) string {
	path, found := map[mail.Kind]string{
		mail.ResetPassword: "reset-password", mail.VerifyEmail: "verify-email", mail.ConfirmEmail: "verify-email",
		mail.EmailChanged: "undo-email-change",
	}[kind]
	if !found {
		return "https://www.example.org/forgot-password"
	}
	return "https://www.example.org/" + path + "#token=" + token
}

// told is all that a mail may tell.
func told(kind mail.Kind) mail.Data {
	d := mail.Data{
		Site: "blog.example.org", Name: "Ada Lovelace", Link: link(kind),
		ExpiresIn: map[mail.Kind]time.Duration{
			mail.ResetPassword: 30 * time.Minute, mail.VerifyEmail: 24 * time.Hour, mail.ConfirmEmail: 24 * time.Hour,
			mail.EmailChanged: 7 * 24 * time.Hour,
		}[kind],
		At: time.Date(2026, 11, 26, 10, 23, 45, 0, time.UTC), IPAddress: "203.0.113.7", UserAgent: agent,
		NewEmail: "ada@lovelace.example", OldEmail: "ada@example.org",
	}
	if kind == mail.EmailChangeUndone {
		d.IPAddress, d.UserAgent = "", "" // as the worker has it
	}
	return d
}

// carriesToken tells whether a mail is of use only with a link or a token.
func carriesToken(kind mail.Kind) bool {
	return slices.Contains([]mail.Kind{mail.ResetPassword, mail.VerifyEmail, mail.ConfirmEmail, mail.EmailChanged}, kind)
}

// TestGoldenMails compares each mail, with a link and without, with what people have looked at.
func TestGoldenMails(t *testing.T) {
	t.Parallel()
	for _, kind := range mail.Kinds() {
		linked, bare := told(kind), told(kind)
		bare.Link, bare.NewEmail, bare.OldEmail, bare.Name = "", "", "", ""
		if carriesToken(kind) {
			bare.Token = token
		}
		for name, d := range map[string]mail.Data{"link": linked, "token": bare} {
			subject, text, page, err := mail.Compose(kind, d)
			if err != nil {
				t.Errorf("Compose(%s, with a %s) = %v", kind, name, err)
				continue
			}
			path := filepath.Join("testdata", strings.ToLower(string(kind))+"."+name)
			golden(t, path+".txt", "Subject: "+subject+"\n\n"+text)
			golden(t, path+".html", page)
			sayTheSame(t, path, text, page)
		}
	}
}

// golden compares a text with a file, or writes it there.
func golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil || got != string(want) {
		t.Errorf("%s is stale (%v): run go test ./internal/mail -update, and look at what changed. It is now\n%s", path, err, got)
	}
}

// sayTheSame compares the words of a mail's text with those of its HTML, in which a link stands twice.
func sayTheSame(t *testing.T, name, text, page string) {
	t.Helper()
	visible := strings.NewReplacer("Or open this address:", "", ":", "").Replace(visibleText(t, page))
	text = strings.NewReplacer("-- \n", "", ":", "").Replace(text)
	if got, want := strings.Fields(visible), strings.Fields("blog.example.org "+text); !slices.Equal(got, want) {
		t.Errorf("%s says in HTML\n%s\nand in text\n%s", name, strings.Join(got, " "), strings.Join(want, " "))
	}
}

// visibleText is what a page says.
func visibleText(t *testing.T, page string) string {
	t.Helper()
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	for node := range root.Descendants() {
		if node.Type == html.TextNode && !slices.Contains([]string{"style", "title", "script"}, node.Parent.Data) {
			text.WriteString(node.Data + " ")
		}
	}
	return text.String()
}

// TestMailsLoadNothing looks for whatever would tell a stranger that a mail was opened, or run in it.
func TestMailsLoadNothing(t *testing.T) {
	t.Parallel()
	for _, kind := range mail.Kinds() {
		_, _, page, err := mail.Compose(kind, told(kind))
		if err != nil {
			t.Fatal(err)
		}
		root, err := html.Parse(strings.NewReader(page))
		if err != nil {
			t.Fatal(err)
		}
		for node := range root.Descendants() {
			if node.Type != html.ElementNode {
				continue
			}
			if slices.Contains(strings.Fields("script img link iframe object embed form base svg video audio"), node.Data) {
				t.Errorf("%s has a <%s>", kind, node.Data)
			}
			for _, a := range node.Attr {
				if a.Key == "src" || a.Key == "background" || strings.HasPrefix(a.Key, "on") || a.Key == "href" && a.Val != link(kind) {
					t.Errorf("%s has %s=%q", kind, a.Key, a.Val)
				}
			}
		}
		if strings.Contains(page, "url(") || strings.Contains(page, "@import") || strings.Contains(page, "ZgotmplZ") {
			t.Errorf("%s loads something:\n%s", kind, page)
		}
	}
}

// TestNamesAreNoMarkupAndNoLines gives whatever comes from users what could make a mail say something else.
func TestNamesAreNoMarkupAndNoLines(t *testing.T) {
	t.Parallel()
	hostile := []string{
		`<script>alert(1)</script>`, `"><a href=x>here</a>`, "Ada\r\nBcc: eve@evil.example", "Ada\n\nYour account is lost:\n\nrun",
		"Ada\u2028\u2029next", "Ada\u0085next\v\f\x00\x1b[2J", "\u202egnp.exe", "{{.Token}}", "=?utf-8?q?Eve?=", "\xff\xfe",
		strings.Repeat("Ada ", 500),
	}
	for _, kind := range mail.Kinds() {
		d := told(kind)
		if carriesToken(kind) {
			d.Link, d.Token = "", token
		} else {
			d.Link = ""
		}
		d.Name = ""
		_, plain, _, _ := mail.Compose(kind, d)
		for _, s := range hostile {
			d.Name, d.UserAgent, d.IPAddress, d.NewEmail, d.OldEmail, d.Site = s, s, s, s, s, s
			subject, text, page, err := mail.Compose(kind, d)
			if err != nil {
				t.Fatal(err)
			}
			if strings.ContainsAny(subject, "\r\n\x00\x1b\v\f\u0085\u2028\u202e") ||
				strings.ContainsAny(text+page, "\r\x00\x1b\v\f\u0085\u2028\u2029\u202e") {
				t.Errorf("%s with %q has control characters: %q, %q", kind, s, subject, text)
			}
			if strings.Count(text, "\n\n") != strings.Count(plain, "\n\n") {
				t.Errorf("%s with %q has other paragraphs than without:\n%s", kind, s, text)
			}
			if strings.Contains(page, "<script") || strings.Contains(page, "<a ") || strings.Count(page, token) > 1 {
				t.Errorf("%s with %q has markup that it should not have:\n%s", kind, s, page)
			}
		}
	}
}

// TestNamesAreNoLinks signs up as something that programs for mail make a link of.
func TestNamesAreNoLinks(t *testing.T) {
	t.Parallel()
	for name, good := range map[string]bool{
		"Ada": true, "J.R.R. Tolkien": true, "Dr. Strange": true, "Müller-Lüdenscheidt": true, "李小龍": true, "O’Neil 3.0": true,
		"👩‍🔬 Ada":  true,
		"evil.com": false, "You won! https://evil.example/x": false, "see evil.example/prize": false, "WWW.evil": false,
		"eve@evil.example": false, "böse.example": false, "evil。com": false, "evil．com": false, "evil｡com": false, "evil❤.ws": false,
		"evil.भारत": false, "evile\u0301.com": false, "evil.xn--p1ai": false,
	} {
		d := told(mail.VerifyEmail)
		d.Name, d.UserAgent = name, name
		_, text, page, err := mail.Compose(mail.VerifyEmail, d)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(text, "Hello "+name+",") != good || strings.Contains(text, "Hello,") == good {
			t.Errorf("a mail to %q says\n%s\nwant it to say the name: %t", name, text, good)
		}
		if !good && (strings.Contains(text+page, "evil") || strings.Contains(text+page, "böse")) {
			t.Errorf("a mail to, or by, %q leads there:\n%s", name, text)
		}
	}
}

// TestMailsThatCannotBeWritten lacks what a mail is of no use without.
func TestMailsThatCannotBeWritten(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		kind   mail.Kind
		change func(*mail.Data)
	}{
		"no link and no token":  {mail.ResetPassword, func(d *mail.Data) { d.Link = "" }},
		"another kind":          {"NONSENSE", func(*mail.Data) {}},
		"a path as the kind":    {"../../TEST", func(*mail.Data) {}},
		"a script as link":      {mail.VerifyEmail, func(d *mail.Data) { d.Link = "javascript:alert(1)" }},
		"no host":               {mail.VerifyEmail, func(d *mail.Data) { d.Link = "https:///x" }},
		"a link with a line":    {mail.VerifyEmail, func(d *mail.Data) { d.Link += "\nhttps://evil.example" }},
		"a link with a quote":   {mail.VerifyEmail, func(d *mail.Data) { d.Link += `"onclick=` }},
		"a link beyond ASCII":   {mail.VerifyEmail, func(d *mail.Data) { d.Link += "ü" }},
		"a token with a line":   {mail.EmailChanged, func(d *mail.Data) { d.Link, d.Token = "", "a\nb" }},
		"a token in a notice":   {mail.NewLogin, func(d *mail.Data) { d.Link, d.Token = "", token }},
		"a token of no use":     {mail.EmailChangeUndone, func(d *mail.Data) { d.Link, d.Token = "", token }},
		"a token in a test":     {mail.Test, func(d *mail.Data) { d.Link, d.Token = "", token }},
		"a link with a bad url": {mail.ResetPassword, func(d *mail.Data) { d.Link = "https://blog.example.org/%zz" + token }},
	} {
		d := told(test.kind)
		test.change(&d)
		if _, text, page, err := mail.Compose(test.kind, d); err == nil || text != "" || page != "" ||
			strings.Contains(err.Error(), token) {
			t.Errorf("Compose(%s) = %v, want an error that does not tell the token", name, err)
		}
	}
}

func TestHowLongALinkWorks(t *testing.T) {
	t.Parallel()
	for d, want := range map[time.Duration]string{
		0: "The link works once.", time.Second: "within a minute.", time.Minute: "within 1 minute.",
		30 * time.Minute: "within 30 minutes.",
		time.Hour:        "within 1 hour.", 90 * time.Minute: "within 90 minutes.", 24 * time.Hour: "within 24 hours.",
		7 * 24 * time.Hour: "within 7 days.",
	} {
		data := told(mail.ResetPassword)
		data.ExpiresIn = d
		if _, text, _, err := mail.Compose(mail.ResetPassword, data); err != nil || !strings.Contains(text, want) {
			t.Errorf("a link that works for %s: %v,\n%s\nwant %q", d, err, text, want)
		}
	}
}
