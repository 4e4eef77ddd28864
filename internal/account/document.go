package account

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"time"
)

// document writes an export as JSON, part by part: no more than one is in memory. Its names are a promise to whoever reads it.
type document struct {
	to    io.Writer
	text  bytes.Buffer // of what is to be written next
	list  int          // that is open, by its place in lists; -1 is none yet
	items int          // that are in it
}

// Each kind of part but the account has a list, in this order.
const (
	listOfPosts = iota
	listOfSessions
	listOfEvents
)

func lists() []string { return []string{"posts", "sessions", "events"} }

func newDocument(to io.Writer) *document { return &document{to: to, list: -1} }

// part writes a part. Those of one list come together, and the lists in their order.
func (d *document) part(p Part) error {
	var err error
	switch {
	case p.Account != nil:
		d.text.WriteString("{\n  \"profile\": ")
		err = d.value("  ", shownAccount(p.Account))
	case p.Post != nil:
		err = d.item(listOfPosts, shownPost(p.Post))
	case p.Session != nil:
		err = d.item(listOfSessions, shownSession(p.Session))
	case p.Event != nil:
		err = d.item(listOfEvents, shownEvent(p.Event))
	}
	if err != nil {
		return err
	}
	return d.flush()
}

// end closes what is open, and writes the lists that nothing is in.
func (d *document) end() error {
	d.open(len(lists()))
	d.text.WriteString("\n}\n")
	return d.flush()
}

func (d *document) item(list int, value any) error {
	d.open(list)
	if d.items++; d.items > 1 {
		d.text.WriteByte(',')
	}
	d.text.WriteString("\n    ")
	return d.value("    ", value)
}

// open opens a list, and closes those before it.
func (d *document) open(list int) {
	for d.list < list {
		if d.items > 0 {
			d.text.WriteString("\n  ")
		}
		if d.list >= 0 {
			d.text.WriteByte(']')
		}
		d.list++
		d.items = 0
		if d.list < len(lists()) {
			fmt.Fprintf(&d.text, ",\n  %q: [", lists()[d.list])
		}
	}
}

func (d *document) value(prefix string, value any) error {
	encoder := json.NewEncoder(&d.text)
	encoder.SetEscapeHTML(false) // it is no HTML, and people read it
	encoder.SetIndent(prefix, "  ")
	if err := encoder.Encode(value); err != nil {
		return fmt.Errorf("encode a part of an export: %w", err)
	}
	d.text.Truncate(d.text.Len() - len("\n"))
	return nil
}

func (d *document) flush() error {
	_, err := d.text.WriteTo(d.to)
	return err
}

func shownAccount(a *ExportedAccount) any {
	type formerEmail struct {
		Email     string    `json:"email"`
		LeftAt    time.Time `json:"leftAt"`
		ExpiresAt time.Time `json:"expiresAt"`
	}
	former := make([]formerEmail, 0, len(a.FormerEmails))
	for _, e := range a.FormerEmails {
		former = append(former, formerEmail(e))
	}
	return struct {
		ID         string        `json:"id"`
		Handle     string        `json:"handle"`
		Name       string        `json:"name"`
		Email      string        `json:"email"`
		Verified   bool          `json:"emailVerified"`
		Former     []formerEmail `json:"formerEmails"`
		Role       string        `json:"role"`
		CreatedAt  time.Time     `json:"createdAt"`
		DisabledAt *time.Time    `json:"disabledAt"`
	}{a.ID.String(), a.Handle, a.Name, a.Email, a.EmailVerified, former, a.Role.String(), a.CreatedAt, a.DisabledAt}
}

func shownPost(p *ExportedPost) any {
	return struct {
		ID        string    `json:"id"`
		Slug      string    `json:"slug"`
		Title     string    `json:"title"`
		Content   string    `json:"content"`
		CreatedAt time.Time `json:"createdAt"`
		UpdatedAt time.Time `json:"updatedAt"`
		Version   int       `json:"version"`
	}{p.ID.String(), p.Slug, p.Title, p.Content, p.CreatedAt, p.UpdatedAt, p.Version}
}

func shownSession(s *Session) any {
	return struct {
		ID         string    `json:"id"`
		UserAgent  *string   `json:"userAgent"`
		IPAddress  *string   `json:"ipAddress"`
		CreatedAt  time.Time `json:"createdAt"`
		LastUsedAt time.Time `json:"lastUsedAt"`
		ExpiresAt  time.Time `json:"expiresAt"`
	}{s.ID.String(), s.UserAgent, s.IPAddress, s.CreatedAt, s.LastUsedAt, s.ExpiresAt}
}

func shownEvent(e *Event) any {
	var session, role *string
	if e.SessionID != nil {
		session = new(e.SessionID.String())
	}
	if e.Role != nil {
		role = new(e.Role.String())
	}
	return struct {
		ID        string    `json:"id"`
		Kind      string    `json:"kind"`
		CreatedAt time.Time `json:"createdAt"`
		SessionID *string   `json:"sessionId"`
		Role      *string   `json:"role"`
		UserAgent *string   `json:"userAgent"`
		IPAddress *string   `json:"ipAddress"`
	}{e.ID.String(), string(e.Kind), e.CreatedAt, session, role, e.UserAgent, e.IPAddress}
}
