package text_test

import (
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"postern/internal/text"
)

var slugs = []struct{ name, in, want string }{
	{"English", "Notes on the Analytical Engine", "notes-on-the-analytical-engine"},
	{"German", "Größe & Straße: Übermaß", "größe-straße-übermaß"},
	{"German in capitals", "GROẞ", "groß"},
	{"French", "L’été, c'est « déjà » fini…", "lété-cest-déjà-fini"},
	{"Russian", "Привет, мир!", "привет-мир"},
	{"Greek", "Ὀδυσσεύς ΣΊΣΥΦΟΣ", "ὀδυσσεύς-σίσυφοσ"},
	{"Chinese", "你好,世界。", "你好-世界"},
	{"Japanese", "カタカナ「ひらがな」ﾊﾝｶｸ", "カタカナ-ひらがな-ハンカク"},
	{"Korean", "안녕 세상", "안녕-세상"},
	{"Arabic", "مرحبًا بالعالم", "مرحبًا-بالعالم"},
	{"Hebrew", "שָׁלוֹם עולם", "שָׁלוֹם-עולם"},
	{"Persian with a joiner", "می\u200cخواهم", "میخواهم"},
	{"Hindi", "नमस्ते दुनिया", "नमस्ते-दुनिया"},
	{"Hindi with a joiner", "क्\u200dष", "क्ष"},
	{"Thai", "สวัสดีชาวโลก ครับ", "สวัสดีชาวโลก-ครับ"},
	{"Vietnamese", "Tiếng Việt", "tiếng-việt"},
	{"Turkish", "İstanbul IĞDIR ılık", "istanbul-iğdir-ılık"},
	{"Turkish, decomposed", "I\u0307stanbul", "istanbul"},
	{"a ligature", "eﬃcient", "efficient"},
	{"full width", "ＦＵＬＬ　ｗｉｄｔｈ", "full-width"},
	{"decomposed", "Cafe\u0301 A\u030angstro\u0308m", "café-ångström"},
	{"mathematical letters", "𝔾𝕠 𝗉𝗅𝖺𝗒", "go-play"},
	{"digits", "42 ٤٢ ४२ Ⅳ ½ x²", "42-٤٢-४२-iv-1-2-x2"},
	{"hyphens and dashes", "--a--b – c_d.e/f\\g", "a-b-c-d-e-f-g"},
	{"emoji only", "👩‍👩‍👧 ❤️ 🏳️‍🌈", ""},
	{"an emoji between", "I ❤️ Go", "i-go"},
	{"marks only", "\u0301\u0302", ""},
	{"a mark after a gap", "a \u0301b", "a-b"},
	{"a mark after an apostrophe", "e'\u0301", "é"},
	{"a mark after a joiner", "e\u200d\u0301", "é"},
	{"marks in another order", "a\u0301\u200d\u0323", "ạ\u0301"},
	{"Hangul with a joiner", "\u1100\u200d\u1161", "가"},
	{"punctuation only", "?!…—'’", ""},
	{"nothing", "", ""},
	{"invalid UTF-8", "a\xff\xfeb", "a-b"},
	{"NUL", "a\x00b", "a-b"},
	{"line breaks", "a\r\n\u2028b", "a-b"},
	{"a byte order mark", "\ufeffa", "a"},
	{"directions", "\u202ea\u202cb", "ab"},
}

func TestSlug(t *testing.T) {
	for _, test := range slugs {
		if got := text.Slug(test.in, 100); got != test.want {
			t.Errorf("Slug(%s, %q) = %q, want %q", test.name, test.in, got, test.want)
		}
	}
}

func TestSlugIsCutBetweenWords(t *testing.T) {
	for _, test := range []struct {
		in   string
		most int
		want string
	}{
		{"one two three", 13, "one-two-three"},
		{"one two three", 12, "one-two"},
		{"one two three", 8, "one-two"},
		{"one two three", 7, "one-two"},
		{"one two three", 6, "one-tw"}, // more than half of it is kept
		{"a longwordindeed", 8, "a-longwo"},
		{"longwordindeed", 4, "long"},
		{"größe übermaß", 9, "größe"},
		{"你好 世界", 4, "你好"},
		{"word", 0, ""},
		{"a b", 1, "a"},
	} {
		if got := text.Slug(test.in, test.most); got != test.want {
			t.Errorf("Slug(%q, %d) = %q, want %q", test.in, test.most, got, test.want)
		}
	}
}

func TestHandle(t *testing.T) {
	for _, test := range []struct{ name, in, want string }{
		{"a name", "Ada Lovelace", "ada-lovelace"},
		{"marks", "Zoë Saldaña Ångström", "zoe-saldana-angstrom"},
		{"decomposed", "Zoe\u0308", "zoe"},
		{"an apostrophe", "O'Hara", "ohara"},
		{"a ligature", "ﬃ", "ffi"},
		{"Turkish", "İnci", "inci"},
		{"other scripts", "Ада 你好", ""},
		{"some of it", "Ада Lovelace", "lovelace"},
		{"digits", "R2-D2 ²", "r2-d2-2"},
		{"nothing", "", ""},
		{"hyphens", "-a--b-", "a-b"},
	} {
		if got := text.Handle(test.in, 32); got != test.want {
			t.Errorf("Handle(%s, %q) = %q, want %q", test.name, test.in, got, test.want)
		}
	}
}

func TestCandidates(t *testing.T) {
	const most = 12
	for _, name := range []string{
		"a", "notes", "notes-2", "exactlytwelv", "one-two-four", "ten-chars-2", "twelvechar-2", "twelve-abc-3", "你好你好你好你好你好你好",
	} {
		seen := make(map[string]bool)
		first := ""
		for candidate := range text.Candidates(name, most) {
			if first == "" {
				first = candidate
			}
			if seen[candidate] {
				t.Errorf("Candidates(%q) has %q twice", name, candidate)
			}
			seen[candidate] = true
			if n := utf8.RuneCountInString(candidate); n > most || text.Slug(candidate, most) != candidate {
				t.Errorf("Candidates(%q) has %q of %d characters, want a slug of at most %d", name, candidate, n, most)
			}
		}
		if want := text.Slug(name, most); first != want || len(seen) < 4 {
			t.Errorf("Candidates(%q) are %d from %q on, want more from %q on", name, len(seen), first, want)
		}
	}
	for range text.Candidates("stops", most) {
		break
	}
}

var handle = regexp.MustCompile(`^([a-z0-9]+(-[a-z0-9]+)*)?$`)

// checkSlug checks what is promised of every slug and every handle.
func checkSlug(t *testing.T, s string, most int) {
	t.Helper()
	slug := text.Slug(s, most)
	if again := text.Slug(slug, most); again != slug {
		t.Errorf("Slug(Slug(%+q, %d)) = %+q, want %+q", s, most, again, slug)
	}
	switch {
	case utf8.RuneCountInString(slug) > most:
		t.Errorf("Slug(%+q, %d) = %+q, want it no longer", s, most, slug)
	case !norm.NFKC.IsNormalString(slug), strings.ToLower(slug) != slug:
		t.Errorf("Slug(%+q, %d) = %+q, want lower case in NFKC", s, most, slug)
	case strings.HasPrefix(slug, "-"), strings.HasSuffix(slug, "-"), strings.Contains(slug, "--"):
		t.Errorf("Slug(%+q, %d) = %+q, want single hyphens in between", s, most, slug)
	case strings.ContainsFunc(slug, func(r rune) bool { return r != '-' && !unicode.In(r, unicode.L, unicode.M, unicode.N) }):
		t.Errorf("Slug(%+q, %d) = %+q, want letters, marks, digits and hyphens", s, most, slug)
	}
	name := text.Handle(s, most)
	if again := text.Handle(name, most); again != name {
		t.Errorf("Handle(Handle(%+q, %d)) = %+q, want %+q", s, most, again, name)
	}
	if !handle.MatchString(name) || len(name) > most {
		t.Errorf("Handle(%+q, %d) = %+q, want ASCII letters, digits and single hyphens, and no more", s, most, name)
	}
}

// TestSlugOfAnything strings together characters that change when they meet others, are folded or are taken apart.
func TestSlugOfAnything(t *testing.T) {
	tricky := []rune("aIiıİſßẞΣσςﬃǅŉʼ½²Ⅳ①´'’- _\u0301\u0307\u0323\u0345\u034f\u00ad\u200b\u200c\u200d\ufe0f\ufeff" +
		"\u1100\u1161\u11a8가\u0915\u093c\u094d\u0e33\u0644\u0627\ufefb\u05e9\u05bcｶﾞか\u3099❤👩𝔾𠮷")
	random := rand.New(rand.NewPCG(20260314, uint64(len(tricky))))
	for range 5000 {
		var s strings.Builder
		for range 1 + random.IntN(7) {
			s.WriteRune(tricky[random.IntN(len(tricky))])
		}
		for _, most := range []int{0, 1, 2, 5, 100} {
			checkSlug(t, s.String(), most)
		}
	}
}

func FuzzSlug(f *testing.F) {
	for _, test := range slugs {
		f.Add(test.in, 100)
		f.Add(test.in, 3)
	}
	f.Fuzz(func(t *testing.T, s string, most int) {
		if most >= 0 {
			checkSlug(t, s, most)
		}
	})
}
