package account

import (
	"net/mail"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"
	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"

	"postern/internal/fault"
)

// How long an email may be, in characters, and what stands before its @, in bytes: what fits a path in SMTP (RFC 5321,
// section 4.5.3.1).
const (
	maxEmail = 254
	maxLocal = 64
)

// parseEmail checks an email. It returns it as it is to be shown and written to, and the key that is the same for all
// spellings of it: case folded, in NFC, its domain in ASCII (RFC 5891).
func parseEmail(input string) (email, key string, err error) {
	email = norm.NFC.String(strings.TrimSpace(input))
	if utf8.RuneCountInString(email) > maxEmail {
		return "", "", fault.New(fault.Invalid, "An email has at most %d characters.", maxEmail)
	}
	invalid := fault.New(fault.Invalid, "That is no email address.")
	at := strings.LastIndexByte(email, '@')
	if at < 0 || at > maxLocal || !utf8.ValidString(input) || strings.ContainsFunc(email, unprintable) {
		return "", "", invalid
	}
	local, domain := email[:at], email[at+1:]
	ascii, err := idna.New(idna.MapForLookup(), idna.BidiRule(), idna.VerifyDNSLength(true)).ToASCII(domain)
	if err != nil || !strings.Contains(ascii, ".") && ascii != "localhost" {
		return "", "", invalid.Because(err)
	}
	// The parser reads whole header fields; quoted local parts and comments are refused here, as nobody has such an address.
	parsed, err := mail.ParseAddress(local + "@" + ascii)
	if err != nil || parsed.Address != local+"@"+ascii || strings.ContainsAny(local, "\"\\<>() ") {
		return "", "", invalid.Because(err)
	}
	return email, norm.NFC.String(cases.Fold().String(local)) + "@" + ascii, nil
}

// unprintable tells whether nobody could see a character: two emails would look alike that are not.
func unprintable(r rune) bool { return !unicode.IsPrint(r) }
