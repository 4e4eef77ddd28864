package mail

import (
	"bytes"
	"errors"
	"net/mail"
	"regexp"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"
)

// writer writes mails as they go over the wire (RFC 5322).
type writer struct {
	from   *mail.Address
	domain string
	now    func() time.Time
}

// written is a mail as it goes over the wire.
type written struct {
	id      string // its Message-ID, without brackets
	to      string
	utf8    bool // it can only be handed to a server that takes addresses beyond ASCII
	content []byte
}

func newWriter(from string, now func() time.Time) (writer, error) {
	sender, err := parseSender(from)
	if err != nil {
		return writer{}, err
	}
	return writer{from: sender, domain: sender.Address[strings.LastIndexByte(sender.Address, '@')+1:], now: now}, nil
}

// messageID is what may stand before the @ of a Message-ID, and be a file's name.
var messageID = regexp.MustCompile(`^[A-Za-z0-9_-]{1,128}$`)

// errID says that a mail has no usable id.
var errID = errors.New("its id is not made of letters, digits, hyphens and underscores")

// write writes a mail. Its errors are of StepMessage.
func (w writer) write(m Message) (written, error) {
	to, err := parseAddress(m.To)
	if err == nil && !messageID.MatchString(m.ID) {
		err = errID
	}
	if err != nil {
		return written{}, &Error{Step: StepMessage, Err: err}
	}
	mime := gomail.NewMsg(
		gomail.WithNoDefaultUserAgent(), gomail.WithEncoding(gomail.EncodingQP), gomail.WithCharset(gomail.CharsetUTF8),
	)
	mime.FromMailAddress(w.from)
	mime.ToMailAddress(&mail.Address{Address: to})
	mime.Subject(headerText(m.Subject))
	mime.SetDateWithValue(w.now())
	id := m.ID + "@" + w.domain
	mime.SetMessageIDWithValue(id)
	mime.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834: no out-of-office answers, please
	mime.SetBodyString(gomail.TypeTextPlain, m.Text)
	mime.AddAlternativeString(gomail.TypeTextHTML, m.HTML)
	var content bytes.Buffer
	if _, err := mime.WriteTo(&content); err != nil {
		return written{}, &Error{Step: StepMessage, Err: err}
	}
	return written{id: id, to: to, utf8: !ascii(to), content: content.Bytes()}, nil
}

// headerText is a text that stands in one line of a header, and that nobody takes for an encoded word (RFC 2047) which it is not.
func headerText(s string) string {
	return strings.ReplaceAll(oneLine(s), "=?", "= ?")
}
