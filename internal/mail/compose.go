package mail

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	html "html/template"
	"net/url"
	"strings"
	"text/template"
	"time"
	"unicode"
)

// Kind is what a mail is about.
type Kind string

// The kinds of mails.
const (
	ResetPassword      Kind = "RESET_PASSWORD"
	VerifyEmail        Kind = "VERIFY_EMAIL"
	ConfirmEmail       Kind = "CONFIRM_EMAIL"       // to the email that is to be the account's
	EmailChanged       Kind = "EMAIL_CHANGED"       // to the one that was
	EmailChangeUndone  Kind = "EMAIL_CHANGE_UNDONE" // to the one that was the account's until then
	NewLogin           Kind = "NEW_LOGIN"           // from a network that was not seen before
	PasswordChanged    Kind = "PASSWORD_CHANGED"
	RefreshTokenReused Kind = "REFRESH_TOKEN_REUSED" //nolint:gosec // it is no token
	Test               Kind = "TEST"
)

// Kinds are all of them.
func Kinds() []Kind {
	return []Kind{
		ResetPassword, VerifyEmail, ConfirmEmail, EmailChanged, EmailChangeUndone, NewLogin, PasswordChanged, RefreshTokenReused, Test,
	}
}

// mutation takes the token that such a mail carries; "" if it carries none.
func (k Kind) mutation() string {
	switch k {
	case ResetPassword:
		return "resetPassword"
	case VerifyEmail, ConfirmEmail:
		return "verifyEmail"
	case EmailChanged:
		return "undoEmailChange"
	case EmailChangeUndone, NewLogin, PasswordChanged, RefreshTokenReused, Test:
	}
	return ""
}

// Data is what a mail tells. What is empty is left out.
type Data struct {
	Site string // what the blog is called, as blog.example.org; Postern if it is ""
	Name string // of whom the mail is for
	// Link is where a front end does what the mail is for, and has the token in it. In a mail that carries none it is where a mail is
	// asked for that has a link to choose a new password.
	Link string
	// Token is shown where there is no link, with the mutation that takes it.
	Token     string
	ExpiresIn time.Duration // how long Link or Token works

	// When, from where and by what program that was done which the mail tells of.
	At        time.Time
	IPAddress string
	UserAgent string

	NewEmail, OldEmail string
}

// The errors of Compose.
var (
	errKind   = errors.New("there is no such kind of mail")
	errAction = errors.New("the mail needs a link or a token")
	errLink   = errors.New("that is no link")
	errToken  = errors.New("that is no token")
)

//go:embed templates
var templates embed.FS

// Compose writes a mail's subject, and its content as text and as HTML. Both say the same. Whatever comes from users stands in one
// line, and is no link.
func Compose(kind Kind, d Data) (subject, text, htmlText string, err error) {
	l, err := newLetter(kind, d)
	if err != nil {
		return "", "", "", fmt.Errorf("compose %s: %w", kind, err)
	}
	layout, err := html.ParseFS(templates, "templates/layout.html")
	if err != nil {
		return "", "", "", err
	}
	var page bytes.Buffer
	if err := layout.Execute(&page, l); err != nil {
		return "", "", "", err
	}
	return l.Subject, l.text(), page.String(), nil
}

// letter is a mail in pieces of plain text, which text and HTML are made of.
type letter struct {
	Subject string
	Site    string
	Hello   string
	Before  []string // paragraphs
	Action  string   // what Link or Token does; "" if there is neither
	Link    string
	Token   string
	Facts   []fact
	After   []string // paragraphs
	Foot    string
}

// fact is something that is known of what happened.
type fact struct{ Name, Value string }

// newLetter fills in the template of the kind.
func newLetter(kind Kind, d Data) (*letter, error) {
	d = d.clean()
	if err := d.check(kind); err != nil {
		return nil, err
	}
	pieces, err := template.ParseFS(templates, "templates/"+strings.ToLower(string(kind))+".txt")
	if err != nil {
		return nil, err
	}
	l := &letter{Site: d.Site, Link: d.Link, Token: d.Token, Facts: d.facts(), Hello: "Hello,"}
	if d.Name != "" {
		l.Hello = "Hello " + d.Name + ","
	}
	l.Foot = "This mail was sent by the program that runs " + d.Site + "."
	var subject, action []string
	for _, piece := range []struct {
		name string
		into *[]string
	}{{"subject", &subject}, {"before", &l.Before}, {"action", &action}, {"after", &l.After}} {
		var filled bytes.Buffer
		if err := pieces.ExecuteTemplate(&filled, piece.name, d); err != nil {
			return nil, err
		}
		*piece.into = paragraphs(filled.String())
	}
	l.Subject = strings.Join(subject, " ")
	switch do := strings.Join(action, " "); {
	case do == "":
		l.Link = ""
	case l.Link != "":
		l.Action = strings.ToUpper(do[:1]) + do[1:]
	case l.Token != "":
		l.Action = "To " + do + ", give this token to the mutation " + kind.mutation() + " of the GraphQL API"
	default:
		l.After = append(l.After, "To "+do+", ask for a mail by the mutation requestPasswordReset of the GraphQL API.")
	}
	return l, nil
}

// paragraphs are what stands between empty lines.
func paragraphs(s string) []string {
	var found []string
	for paragraph := range strings.SplitSeq(s, "\n\n") {
		if paragraph = oneLine(paragraph); paragraph != "" {
			found = append(found, paragraph)
		}
	}
	return found
}

// How many characters of what comes from users are shown.
const (
	maxName    = 100
	maxProgram = 200
)

// clean has no text that could seem to be more than it is: another line, or a link.
func (d Data) clean() Data {
	for _, s := range []*string{&d.Site, &d.Name, &d.IPAddress, &d.UserAgent, &d.NewEmail, &d.OldEmail} {
		*s = oneLine(*s)
	}
	if d.Site == "" {
		d.Site = "Postern"
	}
	if linkLike.MatchString(d.Name) {
		d.Name = ""
	}
	d.Name, d.UserAgent = shortened(d.Name, maxName), shortened(unlinked(d.UserAgent), maxProgram)
	if d.Link != "" {
		d.Token = ""
	}
	return d
}

// check finds what a mail of a kind cannot do without, and what would be no use to its reader.
func (d Data) check(kind Kind) error {
	switch kind {
	case ResetPassword, VerifyEmail, ConfirmEmail, EmailChanged:
		if d.Link == "" && d.Token == "" {
			return errAction
		}
	case EmailChangeUndone, NewLogin, PasswordChanged, RefreshTokenReused, Test:
		if d.Token != "" {
			return errToken
		}
	default:
		return errKind
	}
	if d.Link != "" {
		link, err := url.Parse(d.Link)
		if err != nil || link.Scheme != "http" && link.Scheme != "https" || link.Host == "" || strings.ContainsFunc(d.Link, unlinkable) {
			return errLink // without err, which quotes the token
		}
	}
	if strings.ContainsFunc(d.Token, unlinkable) {
		return errToken
	}
	return nil
}

// unlinkable tells whether a character would end a link, or is to be escaped in one.
func unlinkable(r rune) bool {
	return r <= ' ' || r >= unicode.MaxASCII || strings.ContainsRune("<>\"'`{}|\\^", r)
}

// facts are what is known of what happened.
func (d Data) facts() []fact {
	var known []fact
	if !d.At.IsZero() {
		known = append(known, fact{"Time", d.At.UTC().Format("2 January 2006, 15:04 UTC")})
	}
	if d.IPAddress != "" {
		known = append(known, fact{"IP address", d.IPAddress})
	}
	if d.UserAgent != "" {
		known = append(known, fact{"Program", d.UserAgent})
	}
	return known
}

// Works says how often and how long the link or the token works: from now on, or from what is named.
func (d Data) Works(from ...string) string {
	what := "The link"
	if d.Link == "" {
		what = "The token"
	}
	if d.ExpiresIn <= 0 {
		return what + " works once."
	}
	return what + " works once, within " + strings.Join(append([]string{inWords(d.ExpiresIn)}, from...), " of ") + "."
}

// inWords is a duration as people say it, rounded down to its unit.
func inWords(d time.Duration) string {
	const day = 24 * time.Hour
	count, unit := int(d/time.Minute), "minute"
	switch {
	case d >= 2*day:
		count, unit = int(d/day), "day"
	case d >= time.Hour && d%time.Hour == 0:
		count, unit = int(d/time.Hour), "hour"
	case d < time.Minute:
		return "a minute"
	}
	if count == 1 {
		return "1 " + unit
	}
	return fmt.Sprintf("%d %ss", count, unit)
}
