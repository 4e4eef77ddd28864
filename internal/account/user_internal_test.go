package account

import (
	"strings"
	"testing"

	"postern/internal/fault"
)

func TestCheckHandle(t *testing.T) {
	t.Parallel()
	for _, handle := range []string{"jo", "jane", "jane-doe", "j-a-n-e", "42", "4-2", "jane2", strings.Repeat("a", 32)} {
		if err := checkHandle(handle); err != nil {
			t.Errorf("checkHandle(%q) = %v, want nil", handle, err)
		}
	}
	for _, handle := range []string{
		"", "j", "-", "--", "-jane", "jane-", "jane--doe", "xn--jane", "Jane", "JANE", "jane doe", " jane", "jane ", "jane_doe", "jane.doe",
		"jane@doe", "jane/doe", "jané", "ｊａｎｅ", "иван", "ja\u200dne", "jane\x00", "jane\n", "jane\xff", "../jane", "%2e", "jane'",
		strings.Repeat("a", 33), strings.Repeat("a", 1<<20), "🙂🙂",
	} {
		if err := checkHandle(handle); fault.CodeOf(err) != fault.Invalid {
			t.Errorf("checkHandle(%.40q) = %v, want INVALID", handle, err)
		}
	}
}

func TestHandleFor(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"Jane Doe":                "jane-doe",
		"  Jane   Doe!  ":         "jane-doe",
		"Jané Dœ":                 "jane-d",
		"Ｊａｎｅ":                    "jane",
		"O'Brien":                 "obrien",
		"Dr. Jane Doe, Jr.":       "dr-jane-doe-jr",
		"42":                      "42",
		"J":                       "author",
		"Иван":                    "author",
		"明":                       "author",
		"🙂":                       "author",
		"":                        "author",
		strings.Repeat("a", 80):   strings.Repeat("a", 32),
		strings.Repeat("ab ", 20): "ab-ab-ab-ab-ab-ab-ab-ab-ab-ab-ab",
	} {
		got := handleFor(name)
		if got != want {
			t.Errorf("handleFor(%q) = %q, want %q", name, got, want)
		}
		if err := checkHandle(got); err != nil {
			t.Errorf("checkHandle(handleFor(%q)) = %v, want nil", name, err)
		}
	}
}

func TestCheckName(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"J", "Jane Doe", "李小龍", "محمد", "👩‍👩‍👧 Doe", strings.Repeat("🙂", 80), " Jane "} {
		if err := checkName(name); err != nil {
			t.Errorf("checkName(%q) = %v, want nil", name, err)
		}
	}
	for _, name := range []string{"", " ", "\u3000\u200b", "Jane\nDoe", "Jane\x00", "Jane\x1b[31m", "Jane\u2028Doe", "Jane\xff", strings.Repeat("a", 81)} {
		if err := checkName(name); fault.CodeOf(err) != fault.Invalid {
			t.Errorf("checkName(%.40q) = %v, want INVALID", name, err)
		}
	}
}
