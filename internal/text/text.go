// Package text knows what a text of a user's may be, and makes names for addresses out of it. Lengths are counted in
// characters: Unicode code points. What is allowed is kept exactly as it came.
//
// It imports nothing of ours but fault.
package text

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"postern/internal/fault"
)

// Line checks a text of one line that is not blank and has at most so many characters. The fault, if any, is Invalid and
// calls the text by the given name.
func Line(name, s string, most int) error {
	if err := Block(name, s, most); err != nil {
		return err
	}
	if strings.ContainsFunc(s, breaksLine) {
		return fault.New(fault.Invalid, "The %s must be one line, without control characters.", name)
	}
	return nil
}

// Block checks a text of any number of lines that is not blank and has at most so many characters. The fault, if any, is
// Invalid and calls the text by the given name.
func Block(name, s string, most int) error {
	switch {
	case !utf8.ValidString(s):
		return fault.New(fault.Invalid, "The %s is not valid UTF-8.", name)
	case strings.ContainsRune(s, 0):
		return fault.New(fault.Invalid, "The %s must not contain a NUL character.", name)
	case utf8.RuneCountInString(s) > most:
		return fault.New(fault.Invalid, "The %s must have at most %d characters; it has %d.", name, most, utf8.RuneCountInString(s))
	case !strings.ContainsFunc(s, visible):
		return fault.New(fault.Invalid, "The %s must not be blank.", name)
	}
	return nil
}

// visible tells whether a character leaves a mark on the page.
func visible(r rune) bool {
	return !unicode.IsSpace(r) &&
		!unicode.In(r, unicode.C, unicode.Z, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector)
}

// breaksLine tells whether a character is a control character, or ends a line or a paragraph.
func breaksLine(r rune) bool {
	return unicode.In(r, unicode.Cc, unicode.Zl, unicode.Zp)
}
