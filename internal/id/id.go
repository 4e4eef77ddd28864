// Package id makes the identifiers of everything that Postern stores, and writes them for others to read.
//
// They are UUIDs of version 7 (RFC 9562, section 5.7): their order is the order in which they were made, so that one
// column serves as identity, as sort key and as cursor. Outside they are written as TypeIDs (specification 0.3), which
// name the type: post_01jdq3v8f5e0ptxh1wq7x9m2sa.
//
// It imports nothing of ours.
package id

import (
	"crypto/rand"
	"encoding/binary"
	"io"
	"slices"
	"time"

	"github.com/google/uuid"
)

// User, Session, Post, Event and Mail are the ids of one type each, so that none is taken for another. The zero value is the id of
// nothing. In a database they are UUIDs.
type (
	User    struct{ uuid.UUID }
	Session struct{ uuid.UUID }
	Post    struct{ uuid.UUID }
	Event   struct{ uuid.UUID }
	Mail    struct{ uuid.UUID }
)

// The prefixes that name the types.
const (
	userPrefix    = "user"
	sessionPrefix = "session"
	postPrefix    = "post"
	eventPrefix   = "event"
)

// NewUser, NewSession, NewPost, NewEvent and NewMail make an id for something created at the given moment, to the microsecond.
func NewUser(at time.Time) User       { return User{generate(at)} }
func NewSession(at time.Time) Session { return Session{generate(at)} }
func NewPost(at time.Time) Post       { return Post{generate(at)} }
func NewEvent(at time.Time) Event     { return Event{generate(at)} }
func NewMail(at time.Time) Mail       { return Mail{generate(at)} }

// String is the TypeID.
func (u User) String() string    { return format(userPrefix, u.UUID) }
func (s Session) String() string { return format(sessionPrefix, s.UUID) }
func (p Post) String() string    { return format(postPrefix, p.UUID) }
func (e Event) String() string   { return format(eventPrefix, e.UUID) }

// MarshalGQL writes the TypeID as a GraphQL ID.
func (u User) MarshalGQL(w io.Writer)    { write(w, userPrefix, u.UUID) }
func (s Session) MarshalGQL(w io.Writer) { write(w, sessionPrefix, s.UUID) }
func (p Post) MarshalGQL(w io.Writer)    { write(w, postPrefix, p.UUID) }
func (e Event) MarshalGQL(w io.Writer)   { write(w, eventPrefix, e.UUID) }

// UnmarshalGQL reads a GraphQL ID. One that is malformed or of another type is the id of nothing: whoever asks for it is
// told that there is no such thing.
func (u *User) UnmarshalGQL(v any) error    { *u = ParseAny(v).User(); return nil }
func (s *Session) UnmarshalGQL(v any) error { *s = ParseAny(v).Session(); return nil }
func (p *Post) UnmarshalGQL(v any) error    { *p = ParseAny(v).Post(); return nil }
func (e *Event) UnmarshalGQL(v any) error   { *e = ParseAny(v).Event(); return nil }

// Any is an id whose type is still to be asked for.
type Any struct {
	uuid.UUID
	prefix string
}

// ParseAny reads what String wrote; all else is the id of nothing.
func ParseAny(v any) Any {
	text, _ := v.(string)
	prefix, u, ok := parse(text)
	if !ok || !slices.Contains([]string{userPrefix, sessionPrefix, postPrefix, eventPrefix}, prefix) {
		return Any{}
	}
	return Any{UUID: u, prefix: prefix}
}

// User, Session, Post and Event return the id if it is of that type, and the id of nothing if not.
func (a Any) User() User       { return User{a.of(userPrefix)} }
func (a Any) Session() Session { return Session{a.of(sessionPrefix)} }
func (a Any) Post() Post       { return Post{a.of(postPrefix)} }
func (a Any) Event() Event     { return Event{a.of(eventPrefix)} }

func (a Any) of(prefix string) uuid.UUID {
	if a.prefix != prefix {
		return uuid.Nil
	}
	return a.UUID
}

// Any is the id with its type.
func (u User) Any() Any    { return Any{u.UUID, userPrefix} }
func (s Session) Any() Any { return Any{s.UUID, sessionPrefix} }
func (p Post) Any() Any    { return Any{p.UUID, postPrefix} }
func (e Event) Any() Any   { return Any{e.UUID, eventPrefix} }

// MarshalGQL writes the TypeID as a GraphQL ID.
func (a Any) MarshalGQL(w io.Writer) { write(w, a.prefix, a.UUID) }

// UnmarshalGQL reads a GraphQL ID of whatever type.
func (a *Any) UnmarshalGQL(v any) error { *a = ParseAny(v); return nil }

// Floor is where a moment, to the microsecond, begins among the ids: what was created then or later has a greater id,
// what was created before has a lesser one. It is no id itself, as its variant bits are not those of one.
//
// The twelve bits that follow the version hold the fraction of the millisecond (RFC 9562, section 6.2, method 3); they
// tell microseconds apart, as 4096 is more than 1000.
func Floor(at time.Time) uuid.UUID {
	micros := uint64(max(at.UnixMicro(), 0))
	millis, fraction := micros/1000, micros%1000*4096/1000

	var floor uuid.UUID
	binary.BigEndian.PutUint64(floor[:8], millis<<16|0x7000|fraction)
	return floor
}

func generate(at time.Time) uuid.UUID {
	u := Floor(at)
	_, _ = rand.Read(u[8:]) // crypto/rand never fails
	u[8] = u[8]&0x3f | 0x80 // the variant
	return u
}
