package text

import (
	"crypto/rand"
	"iter"
	"strconv"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// Slug makes a name for addresses out of a text in any script: its letters, marks and digits, in lower case and NFKC, and a
// hyphen for whatever stands between. It has at most so many characters, and none if the text has no letter and no digit.
// Slug(Slug(s)) is Slug(s).
func Slug(s string, most int) string {
	s = norm.NFKC.String(strings.ToLower(norm.NFKC.String(s)))
	var slug strings.Builder
	gap := false
	for _, r := range s {
		switch {
		case unicode.IsLetter(r), unicode.IsNumber(r), unicode.IsMark(r) && slug.Len() > 0 && !gap:
			if gap && slug.Len() > 0 {
				slug.WriteByte('-')
			}
			slug.WriteRune(r)
			gap = false
		case unicode.Is(unicode.Cf, r), r == '\'', r == '’': // inside a word: don’t, and joiners
		default:
			gap = true
		}
	}
	return shorten(norm.NFKC.String(slug.String()), most) // without what stood inside a word, its characters may combine
}

// Handle makes a name for addresses of ASCII letters, digits and hyphens out of a text; letters of other scripts that are
// no ASCII letters with marks are left out.
func Handle(s string, most int) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsMark(r):
			return -1
		case r > unicode.MaxASCII:
			return ' '
		default:
			return r
		}
	}, norm.NFKD.String(s))
	return Slug(s, most)
}

// shorten cuts a slug to so many characters, between words if it can.
func shorten(slug string, most int) string {
	runes := []rune(slug)
	if len(runes) <= most {
		return slug
	}
	cut := string(runes[:most])
	if runes[most] != '-' {
		if i := strings.LastIndexByte(cut, '-'); i > len(cut)/2 {
			cut = cut[:i]
		}
	}
	return strings.TrimRight(cut, "-")
}

// Candidates are names to try in turn until one is free: the name itself, then with a number, then with something random.
func Candidates(name string, most int) iter.Seq[string] {
	const numbered, attempts = 4, 5
	return func(yield func(string) bool) {
		for attempt := range attempts {
			suffix := ""
			switch {
			case attempt >= numbered:
				suffix = "-" + strings.ToLower(rand.Text()[:8])
			case attempt > 0:
				suffix = "-" + strconv.Itoa(attempt+1)
			}
			candidate := shorten(name, most-len(suffix)) + suffix
			if attempt > 0 && candidate == name { // it ends in that number, and has no room for another
				continue
			}
			if !yield(candidate) {
				return
			}
		}
	}
}
