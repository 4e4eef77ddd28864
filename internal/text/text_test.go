package text_test

import (
	"strings"
	"testing"

	"postern/internal/fault"
	"postern/internal/text"
)

func TestLineAndBlock(t *testing.T) {
	const most = 10
	for name, test := range map[string]struct {
		s           string
		line, block bool
	}{
		"a word":                    {"word", true, true},
		"one character":             {"x", true, true},
		"spaces around":             {"  x  ", true, true},
		"as long as may be":         {strings.Repeat("x", most), true, true},
		"too long":                  {strings.Repeat("x", most+1), false, false},
		"code points, not bytes":    {strings.Repeat("𝄞", most), true, true},
		"too many code points":      {strings.Repeat("𝄞", most+1), false, false},
		"marks count":               {strings.Repeat("e\u0301", most/2), true, true},
		"too many marks":            {strings.Repeat("e\u0301", most/2) + "e", false, false},
		"empty":                     {"", false, false},
		"a space":                   {" ", false, false},
		"spaces of many kinds":      {"\u00a0\u2003\u3000\u1680", false, false},
		"line breaks only":          {"\r\n\u2028\u2029\u0085", false, false},
		"zero width only":           {"\u200b\u200c\u200d\u2060\ufeff", false, false},
		"directions only":           {"\u200e\u200f\u202a\u202c\u2066\u2069", false, false},
		"soft hyphens only":         {"\u00ad\u00ad", false, false},
		"Hangul fillers only":       {"\u115f\u1160\u3164\uffa0", false, false},
		"a grapheme joiner only":    {"\u034f", false, false},
		"variation selectors only":  {"\ufe0f\ufe00\U000e0100\u180b", false, false},
		"tags only":                 {"\U000e0041\U000e007f", false, false},
		"zero width around":         {"\u200bx\u200b", true, true},
		"an emoji":                  {"👩‍👩‍👧", true, true},
		"an emoji with a selector":  {"❤\ufe0f", true, true},
		"right to left":             {"שלום", true, true},
		"a mark alone":              {"\u0301", true, true},
		"U+FFFD":                    {"\ufffd", true, true},
		"NUL":                       {"a\x00b", false, false},
		"NUL alone":                 {"\x00", false, false},
		"invalid UTF-8":             {"a\xffb", false, false},
		"cut off UTF-8":             {"a\xe2\x82", false, false},
		"a surrogate":               {"a\xed\xa0\x80", false, false},
		"overlong":                  {"a\xc0\xaf", false, false},
		"a line break":              {"a\nb", false, true},
		"a line break at the end":   {"a\n", false, true},
		"a carriage return":         {"a\rb", false, true},
		"a line separator":          {"a\u2028b", false, true},
		"a paragraph separator":     {"a\u2029b", false, true},
		"the next line":             {"a\u0085b", false, true},
		"a vertical tab":            {"a\vb", false, true},
		"a tab":                     {"a\tb", false, true},
		"an escape":                 {"a\x1bb", false, true},
		"delete":                    {"a\x7fb", false, true},
		"a direction mark":          {"a\u202eb", true, true},
		"a no-break space in it":    {"a\u00a0b", true, true},
		"an ideographic space":      {"漢\u3000字", true, true},
		"a private character alone": {"\ue000", false, false},
	} {
		for call, got := range map[string]error{"Line": text.Line("title", test.s, most), "Block": text.Block("title", test.s, most)} {
			want := test.line && call == "Line" || test.block && call == "Block"
			switch {
			case want != (got == nil):
				t.Errorf("%s(%s, %q) = %v, want it allowed: %t", call, name, test.s, got, want)
			case got != nil && (fault.CodeOf(got) != fault.Invalid || !strings.Contains(got.Error(), "The title ")):
				t.Errorf("%s(%s, %q) = %v, want %s that speaks of the title", call, name, test.s, got, fault.Invalid)
			}
		}
	}
}

func TestLengthIsTold(t *testing.T) {
	err := text.Block("content", strings.Repeat("𝄞", 12), 11)
	if want := "INVALID: The content must have at most 11 characters; it has 12."; err == nil || err.Error() != want {
		t.Errorf("Block() = %v, want %s", err, want)
	}
}
