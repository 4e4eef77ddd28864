package id_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"postern/internal/id"
)

// vectors are those of the TypeID specification, valid.yml.
var vectors = []struct{ suffix, uuid string }{
	{"00000000000000000000000000", "00000000-0000-0000-0000-000000000000"},
	{"00000000000000000000000001", "00000000-0000-0000-0000-000000000001"},
	{"0000000000000000000000000a", "00000000-0000-0000-0000-00000000000a"},
	{"0000000000000000000000000g", "00000000-0000-0000-0000-000000000010"},
	{"00000000000000000000000010", "00000000-0000-0000-0000-000000000020"},
	{"7zzzzzzzzzzzzzzzzzzzzzzzzz", "ffffffff-ffff-ffff-ffff-ffffffffffff"},
	{"0123456789abcdefghjkmnpqrs", "0110c853-1d09-52d8-d73e-1194e95b5f19"},
	{"01h455vb4pex5vsknk084sn02q", "01890a5d-ac96-774b-bcce-b302099a8057"},
}

func TestTypeIDVectors(t *testing.T) {
	for _, v := range vectors {
		u := uuid.MustParse(v.uuid)
		if got, want := (id.User{UUID: u}).String(), "user_"+v.suffix; got != want {
			t.Errorf("User{%v}.String() = %q, want %q", u, got, want)
		}
		if got := id.ParseAny("post_" + v.suffix).Post(); got.UUID != u {
			t.Errorf("ParseAny(%q).Post() = %v, want %v", "post_"+v.suffix, got.UUID, u)
		}
	}
}

func TestTypeIDRoundTrip(t *testing.T) {
	now := time.Date(2026, 3, 14, 15, 9, 26, 535_897_000, time.UTC)
	for range 100 {
		user, session, post, event := id.NewUser(now), id.NewSession(now), id.NewPost(now), id.NewEvent(now)
		if got := id.ParseAny(user.String()).User(); got != user {
			t.Errorf("ParseAny(%v).User() = %v, want it back", user, got)
		}
		if got := id.ParseAny(session.String()).Session(); got != session {
			t.Errorf("ParseAny(%v).Session() = %v, want it back", session, got)
		}
		if got := id.ParseAny(post.String()).Post(); got != post {
			t.Errorf("ParseAny(%v).Post() = %v, want it back", post, got)
		}
		if got := id.ParseAny(event.String()).Event(); got != event {
			t.Errorf("ParseAny(%v).Event() = %v, want it back", event, got)
		}
	}
}

func TestAnyKeepsTheType(t *testing.T) {
	user, session, post := id.NewUser(time.Now()), id.NewSession(time.Now()), id.NewPost(time.Now())
	event := id.NewEvent(time.Now())
	for _, test := range []struct {
		any  id.Any
		text string
	}{
		{user.Any(), user.String()},
		{session.Any(), session.String()},
		{post.Any(), post.String()},
		{event.Any(), event.String()},
	} {
		if want := id.ParseAny(test.text); test.any != want {
			t.Errorf("Any() = %v, want that of %s", test.any, test.text)
		}
	}
	if user.Any() == id.Post(user).Any() {
		t.Error("Any() of a user and of a post with one UUID are equal, want them told apart")
	}
}

func TestAnotherTypesIDIsNothing(t *testing.T) {
	user := id.NewUser(time.Now())
	if post, session := id.ParseAny(user.String()).Post(), id.ParseAny(user.String()).Session(); post != (id.Post{}) || session != (id.Session{}) {
		t.Errorf("ParseAny(%v) = %v, %v, want the ids of nothing", user, post, session)
	}
}

func TestParseAnyOfWhatIsNoID(t *testing.T) {
	const suffix = "01h455vb4pex5vsknk084sn02q"
	for name, v := range map[string]any{
		"nil":                 nil,
		"a number":            5,
		"bytes":               []byte("post_" + suffix),
		"nothing":             "",
		"the prefix":          "post",
		"without a suffix":    "post_",
		"without a prefix":    suffix,
		"an empty prefix":     "_" + suffix,
		"an unknown prefix":   "comment_" + suffix,
		"quotes in it":        `po"st_` + suffix,
		"another separator":   "post-" + suffix,
		"two separators":      "post__" + suffix,
		"an upper-case type":  "POST_" + suffix,
		"upper case":          "post_" + strings.ToUpper(suffix),
		"a digit too few":     "post_" + suffix[1:],
		"a digit too many":    "post_0" + suffix,
		"more than 128 bits":  "post_8" + suffix[1:],
		"a digit of no such":  "post_01h455vb4pex5vsknk084sn02u",
		"an ambiguous digit":  "post_O1h455vb4pex5vsknk084sn02q",
		"a hyphen":            "post_01h455vb4pex5vsknk084sn02-",
		"a space before":      " post_" + suffix,
		"a space after":       "post_" + suffix + " ",
		"a UUID":              "post_01890a5d-ac96-774b-bcce-b302099a8057",
		"digits of two bytes": "post_" + strings.Repeat("é", 13),
	} {
		if got := id.ParseAny(v); got != (id.Any{}) {
			t.Errorf("ParseAny(%s) = %v, want the id of nothing", name, got)
		}
	}
}

func TestGraphQL(t *testing.T) {
	post := id.NewPost(time.Now())
	var text strings.Builder
	post.MarshalGQL(&text)
	if want := `"` + post.String() + `"`; text.String() != want {
		t.Errorf("MarshalGQL() wrote %s, want %s", text.String(), want)
	}
	text.Reset()
	id.ParseAny(post.String()).MarshalGQL(&text)
	if want := `"` + post.String() + `"`; text.String() != want {
		t.Errorf("Any.MarshalGQL() wrote %s, want %s", text.String(), want)
	}

	got, user := id.Post{}, id.NewUser(time.Now())
	if err := got.UnmarshalGQL(post.String()); err != nil || got != post {
		t.Errorf("UnmarshalGQL(%v) = %v, %v, want it back", post, got, err)
	}
	if err := got.UnmarshalGQL(user.String()); err != nil || got != (id.Post{}) {
		t.Errorf("UnmarshalGQL(%v) = %v, %v, want the id of nothing", user, got, err)
	}
	if err := user.UnmarshalGQL(5); err != nil || user != (id.User{}) {
		t.Errorf("UnmarshalGQL(5) = %v, %v, want the id of nothing", user, err)
	}
	var session id.Session
	if err := session.UnmarshalGQL(id.NewSession(time.Now()).String()); err != nil || session == (id.Session{}) {
		t.Errorf("UnmarshalGQL(a session) = %v, %v, want it", session, err)
	}
	var event id.Event
	if err := event.UnmarshalGQL(id.NewEvent(time.Now()).String()); err != nil || event == (id.Event{}) {
		t.Errorf("UnmarshalGQL(an event) = %v, %v, want it", event, err)
	}
	var one id.Any
	if err := one.UnmarshalGQL(post.String()); err != nil || one.Post() != post {
		t.Errorf("UnmarshalGQL(%v) = %v, %v, want it back", post, one, err)
	}
}

// FuzzParseAny checks that what is read as an id is written as it came, and is of one type.
func FuzzParseAny(f *testing.F) {
	for _, v := range vectors {
		f.Add("post_" + v.suffix)
		f.Add("user_" + v.suffix)
		f.Add(v.uuid)
	}
	f.Add("session_01h455vb4pex5vsknk084sn02q")
	f.Add("event_01h455vb4pex5vsknk084sn02q")
	f.Add("_")
	f.Fuzz(func(t *testing.T, text string) {
		parsed := id.ParseAny(text)
		if parsed == (id.Any{}) {
			return
		}
		types := 0
		for typed, nothing := range map[interface{ String() string }]bool{
			parsed.User():    parsed.User() == (id.User{}),
			parsed.Session(): parsed.Session() == (id.Session{}),
			parsed.Post():    parsed.Post() == (id.Post{}),
			parsed.Event():   parsed.Event() == (id.Event{}),
		} {
			if nothing {
				continue
			}
			types++
			if typed.String() != text {
				t.Errorf("ParseAny(%q) = %v, want it as it came", text, typed)
			}
		}
		if types != 1 && parsed.UUID != uuid.Nil {
			t.Errorf("ParseAny(%q) is of %d types, want 1", text, types)
		}
	})
}
