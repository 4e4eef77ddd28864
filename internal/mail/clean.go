package mail

import (
	"regexp"
	"strings"
	"unicode"
)

// oneLine is a text in one line, without what nobody sees: control characters become spaces, what turns the direction of writing is
// left out, and of spaces one is left.
func oneLine(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.Is(unicode.Bidi_Control, r), r == unicode.ReplacementChar:
			return -1
		case unicode.IsControl(r), unicode.IsSpace(r):
			return ' '
		default:
			return r
		}
	}, s)
	return strings.Join(strings.Fields(s), " ")
}

// shortened has at most so many characters.
func shortened(s string, most int) string {
	runes := []rune(s)
	if len(runes) <= most {
		return s
	}
	return string(runes[:most-1]) + "…"
}

// linkLike is a word that programs for reading mail may make a link of. Emoji are in domains, too, marks in those of India, and
// there are four full stops (RFC 3490, section 3.1).
var linkLike = regexp.MustCompile(`\S*(?:://|@|(?i:www\.)|[^\s.][.。．｡][\p{L}\p{M}]{2})\S*`)

// unlinked has no word that a program makes a link of: whoever names themselves so would have our mails lead to them.
func unlinked(s string) string { return linkLike.ReplaceAllString(s, "…") }
