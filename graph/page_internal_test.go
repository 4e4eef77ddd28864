package graph

import (
	"testing"

	"github.com/google/uuid"

	"postern/internal/fault"
)

// FuzzCursor reads whatever it likes: it is a cursor of the list exactly as the list writes it, or an Invalid fault.
func FuzzCursor(f *testing.F) {
	for _, text := range []string{"", "nonsense", postCursor.format(uuid.Max), sessionCursor.format(uuid.Nil), postCursor.format(uuid.Nil) + "=", "cA"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		cursor, err := postCursor.parse("after", &text)
		switch {
		case err != nil && fault.CodeOf(err) != fault.Invalid:
			t.Errorf("parse(%q) = %v, want an Invalid fault", text, err)
		case err == nil && postCursor.format(*cursor) != text:
			t.Errorf("parse(%q) = %s, which is written %q", text, cursor, postCursor.format(*cursor))
		}
	})
}
