package mail

import (
	"errors"
	"fmt"
	"net/mail"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"
)

// errAddress says that something is no address.
var errAddress = errors.New("that is no email address")

// parseAddress checks an address without a name, and returns it with its domain in ASCII.
func parseAddress(text string) (string, error) {
	at := strings.LastIndexByte(text, '@')
	if at < 1 || !utf8.ValidString(text) || strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsGraphic(r) }) ||
		strings.ContainsAny(text, "\"\\<>() ,;:") {
		return "", errAddress
	}
	domain, err := idna.New(idna.MapForLookup(), idna.BidiRule(), idna.VerifyDNSLength(true)).ToASCII(text[at+1:])
	if err != nil {
		return "", fmt.Errorf("%w: %w", errAddress, err)
	}
	address := text[:at] + "@" + domain
	parsed, err := mail.ParseAddress(address)
	if err != nil || parsed.Address != address {
		return "", errAddress
	}
	return address, nil
}

// parseSender checks who writes.
func parseSender(text string) (*mail.Address, error) {
	parsed, err := mail.ParseAddress(text)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errAddress, err)
	}
	if parsed.Address, err = parseAddress(parsed.Address); err != nil {
		return nil, err
	}
	if !ascii(parsed.Address) {
		return nil, fmt.Errorf("%w that every server takes: what stands before its @ is beyond ASCII", errAddress)
	}
	parsed.Name = headerText(parsed.Name)
	return parsed, nil
}

func ascii(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r > unicode.MaxASCII })
}
