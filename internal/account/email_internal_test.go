package account

import (
	"strings"
	"testing"

	"postern/internal/fault"
)

func TestParseEmail(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ input, email, key string }{
		{"jane@example.org", "jane@example.org", "jane@example.org"},
		{" \t\nJane@Example.ORG\r\n\u00a0", "Jane@Example.ORG", "jane@example.org"},
		{"jane.doe+blog@mail.example.org", "jane.doe+blog@mail.example.org", "jane.doe+blog@mail.example.org"},
		{"!#$%&'*+-/=?^_`{|}~@example.org", "!#$%&'*+-/=?^_`{|}~@example.org", "!#$%&'*+-/=?^_`{|}~@example.org"},
		{"jane@localhost", "jane@localhost", "jane@localhost"},
		{"JANÉ@example.org", "JANÉ@example.org", "jané@example.org"},
		{"jane\u0301@example.org", "jané@example.org", "jané@example.org"}, // decomposed
		{"STRASSE@example.org", "STRASSE@example.org", "strasse@example.org"},
		{"straße@example.org", "straße@example.org", "strasse@example.org"},
		{"ΑΣ@example.org", "ΑΣ@example.org", "ασ@example.org"},
		{"ας@example.org", "ας@example.org", "ασ@example.org"}, // a final sigma
		{"иван@пример.рф", "иван@пример.рф", "иван@xn--e1afmkfd.xn--p1ai"},
		{"jane@BÜCHER.example", "jane@BÜCHER.example", "jane@xn--bcher-kva.example"},
		{"jane@bu\u0308cher.example", "jane@bücher.example", "jane@xn--bcher-kva.example"},
		{"jane@xn--bcher-kva.example", "jane@xn--bcher-kva.example", "jane@xn--bcher-kva.example"},
		{"jane@faß.example", "jane@faß.example", "jane@xn--fa-hia.example"}, // not fass: two domains since 2010
		{"jane@example。org", "jane@example。org", "jane@example.org"},
		{"jane@ｅｘample.org", "jane@ｅｘample.org", "jane@example.org"},
		{strings.Repeat("a", 64) + "@example.org", strings.Repeat("a", 64) + "@example.org", strings.Repeat("a", 64) + "@example.org"},
	} {
		email, key, err := parseEmail(test.input)
		if email != test.email || key != test.key || err != nil {
			t.Errorf("parseEmail(%q) = %q, %q, %v, want %q, %q", test.input, email, key, err, test.email, test.key)
		}
		if _, again, err := parseEmail(email); again != key || err != nil {
			t.Errorf("parseEmail(%q) = %q, %v, want the key %q: what is shown can be typed", email, again, err, key)
		}
		if _, again, err := parseEmail(key); again != key || err != nil {
			t.Errorf("parseEmail(%q) = %q, %v, want the key itself", key, again, err)
		}
	}
}

func TestParseEmailRefuses(t *testing.T) {
	t.Parallel()
	for name, emails := range map[string][]string{
		"no @":         {"", " ", "jane", "jane.example.org", "jane example.org"},
		"nothing by @": {"@", "jane@", "@example.org", "jane@ ", "@@"},
		"two @":        {"jane@doe@example.org", "jane@@example.org", "jane@example.org@"},
		"dots":         {".jane@example.org", "jane.@example.org", "ja..ne@example.org", "jane@.org", "jane@example..org", "jane@example.org."},
		"no domain":    {"jane@example", "jane@org", "jane@-example.org", "jane@example-.org", "jane@exa_mple.org", "jane@exa mple.org"},
		"an address":   {"jane@[203.0.113.9]", "jane@[IPv6:::1]", "jane@2001:db8::1"},
		"bad IDN":      {"jane@xn--.example", "jane@xn--a.example", "jane@xn--\u00e9.example", "jane@\u0301a.example"},
		"quoted":       {`"jane"@example.org`, `"jane doe"@example.org`, `"jane\@doe"@example.org`, `jane"doe@example.org`, `jane\doe@example.org`},
		"a header": {
			"Jane <jane@example.org>", "<jane@example.org>", "jane(Jane)@example.org", "jane@example.org(Jane)",
			"jane@example.org, eve@example.org", "jane@example.org;eve@example.org", "friends:jane@example.org;",
			"jane,eve@example.org", "jane:eve@example.org", "jane[eve@example.org",
		},
		"line ends": {
			"jane@example.org\r\nBcc: eve@example.org", "jane\r\n@example.org", "jane\r\n @example.org", "jane@\r\n example.org",
			"ja\nne@example.org", "ja\rne@example.org", "jane@example\n.org", "ja\u2028ne@example.org", "ja\u0085ne@example.org",
		},
		"controls":  {"ja\x00ne@example.org", "jane@exam\x00ple.org", "jane@example.org\x00", "ja\x1bne@example.org", "ja\tne@example.org", "ja\x7fne@example.org"},
		"spaces":    {"ja ne@example.org", "jane @example.org", "jane@ example.org", "ja\u00a0ne@example.org", "ja\u3000ne@example.org"},
		"invisible": {"ja\u200bne@example.org", "ja\u00adne@example.org", "\ufeffjane@example.org", "\u202ejane@example.org", "jane@exam\u200bple.org"},
		"no UTF-8":  {"ja\xffne@example.org", "jane@exam\xc3ple.org", "\xed\xa0\x80@example.org"},
		"too long": {
			strings.Repeat("a", 65) + "@example.org", strings.Repeat("é", 33) + "@example.org",
			"jane@" + strings.Repeat("a", 64) + ".org", "jane@" + strings.Repeat("a.", 126) + "org",
			"jane@" + strings.Repeat("é", 60) + ".org", strings.Repeat("jane@example.org", 1<<16),
		},
	} {
		for _, input := range emails {
			if email, key, err := parseEmail(input); email != "" || key != "" || fault.CodeOf(err) != fault.Invalid {
				t.Errorf("parseEmail(%.60q), %s = %q, %q, %v, want INVALID", input, name, email, key, err)
			}
		}
	}
}

func TestParseEmailQuotesNothing(t *testing.T) {
	t.Parallel()
	for _, input := range []string{"secretword", "secretword@", "secretword@example", strings.Repeat("secretword", 30)} {
		faults := fault.All(second(parseEmail(input)))
		if len(faults) != 1 || strings.Contains(faults[0].Message, "secretword") {
			t.Errorf("parseEmail(%q) says %v, want one sentence that does not quote it", input, faults)
		}
	}
}

// second is the error of what also returns two texts.
func second(_, _ string, err error) error { return err }

// FuzzParseEmail looks for an email that somebody could not type again, or that hides what it is.
func FuzzParseEmail(f *testing.F) {
	for _, seed := range []string{"jane@example.org", "иван@пример.рф", `"a"@b.c`, "Jane <jane@example.org>", "a@b\r\nc: d", "ß@ß.example"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, input string) {
		email, key, err := parseEmail(input)
		if err != nil {
			return
		}
		if strings.ContainsFunc(email+key, unprintable) || strings.Count(key, "@") != 1 || strings.ContainsAny(key, " <>\"\\") {
			t.Errorf("parseEmail(%q) = %q, %q, want something that is safe to show and to send to", input, email, key)
		}
		for _, again := range []string{email, key} {
			if _, got, err := parseEmail(again); err == nil && got != key {
				t.Errorf("parseEmail(%q) has the key %q, but that of %q is %q", input, key, again, got)
			}
		}
	})
}
