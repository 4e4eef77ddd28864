package account

import (
	"context"
	_ "embed"
	"errors"
	"slices"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"

	"postern/internal/auth"
	"postern/internal/fault"
)

// ChangePasswordInput is the password until now, and the next.
type ChangePasswordInput struct {
	CurrentPassword string
	NewPassword     string
}

// ChangePassword changes the viewer's password, and ends their other sessions. It answers InvalidCredentials, Invalid
// and RateLimited faults.
func (s *Service) ChangePassword(ctx context.Context, viewer auth.Viewer, in ChangePasswordInput) (*Account, error) {
	account, err := s.store.Account(ctx, viewer.UserID)
	if err != nil {
		return nil, ended(err)
	}
	password := normalizePassword(in.NewPassword)
	if err := s.checkPassword(password, account.words()...); err != nil {
		return nil, fault.Place(err, "input", "newPassword")
	}
	var hash string
	confirmed, err := s.confirm(ctx, viewer, in.CurrentPassword, "currentPassword", func(h auth.Hasher) { hash = h.Hash(password) })
	if err != nil {
		return nil, err
	}
	e := s.event(ctx, PasswordChanged, viewer.UserID).of(viewer.SessionID)
	e = e.told(s.mail(MailPasswordChanged, account, e))
	err = s.store.SetPassword(ctx, viewer.UserID, hash, confirmed.proof(viewer), e)
	return account, ended(s.changed(ctx, viewer.UserID, err))
}

// confirm checks that the viewer knows their password, and returns what they proved to have; field is where in the input it stands.
// Who guesses it is throttled as who logs in. If it is right, what has to be hashed then is hashed in the same turn.
func (s *Service) confirm(
	ctx context.Context, viewer auth.Viewer, password, field string, then func(h auth.Hasher),
) (*Credentials, error) {
	credentials, err := s.store.Credentials(ctx, viewer.UserID)
	if err != nil {
		return nil, ended(err)
	}
	attempts := s.failures(auth.Client{}, credentials.EmailKey)
	err = s.attempt(ctx, attempts, func(h auth.Hasher) error {
		ok, err := h.Verify(normalizePassword(password), credentials.PasswordHash)
		switch {
		case err != nil:
			return err
		case ok:
			then(h)
			return nil
		}
		return errors.Join(
			fault.New(fault.InvalidCredentials, "The password is wrong.").At("input", field),
			s.store.Record(ctx, s.event(ctx, ConfirmationFailed, viewer.UserID).of(viewer.SessionID)))
	})
	if err != nil {
		return nil, err
	}
	return credentials, s.store.Forgive(ctx, attempts...)
}

// words are what a password of this account must not be made of: its name, handle and email, and their parts.
func (a *Account) words() []string {
	local, domain, _ := strings.Cut(a.Email, "@")
	words := append([]string{a.Name, a.Handle, a.Email, local, domain}, strings.Fields(a.Name)...)
	return append(words, strings.FieldsFunc(a.Email+"-"+a.Handle, func(r rune) bool { return strings.ContainsRune("@.-_+", r) })...)
}

// What a password has in characters: where it is all that one proves to be oneself by, NIST SP 800-63B, section 3.1.1.2, asks for
// 15 at least.
const (
	minPassword = 15 // by default
	maxPassword = 128
)

// normalizePassword makes the same password of every way to type it (NIST SP 800-63B, section 3.1.1.2).
func normalizePassword(password string) string { return norm.NFC.String(password) }

// checkPassword checks a new password, given the words of the account that it must not be made of.
func (s *Service) checkPassword(password string, words ...string) error {
	length := utf8.RuneCountInString(password)
	switch {
	case !utf8.ValidString(password):
		return fault.New(fault.Invalid, "The password is not valid UTF-8.")
	case length < s.shortest || length > maxPassword:
		return fault.New(fault.Invalid, "A password has %d to %d characters; this one has %d.", s.shortest, maxPassword, length)
	case wellKnown(password, words) || repeats(password, s.shortest):
		return fault.New(fault.Invalid, "That password is too easy to guess: choose words that have nothing to do with each other.")
	}
	return nil
}

// maxPieces is of how many well-known words and runs a password may not consist.
const maxPieces = 3

// wellKnown tells whether a password consists of a few well-known words, words of its account, and runs like 1234 or aaaa,
// whatever stands between them.
func wellKnown(password string, words []string) bool {
	folded := significant(password)
	known := slices.Clone(commonWords())
	for _, word := range words {
		if word := []rune(letters(word)); len(word) > 2 {
			known = append(known, word)
		}
	}
	// least[i] is of how many pieces the first i characters consist.
	least := make([]int, len(folded)+1)
	for end := 1; end <= len(folded); end++ {
		least[end] = maxPieces + 1
		for _, word := range known {
			if start := end - len(word); start >= 0 && slices.Equal(folded[start:end], word) {
				least[end] = min(least[end], least[start]+1)
			}
		}
		for start := runStart(folded, end); start < end; start++ {
			least[end] = min(least[end], least[start]+1)
		}
	}
	return least[len(folded)] <= maxPieces
}

// repeats tells whether a password is one of less than so many characters, twice or more often.
func repeats(password string, least int) bool {
	s := significant(password)
	for length := 1; length < least && length <= len(s)/2; length++ {
		if slices.Equal(s[length:], s[:len(s)-length]) {
			return true
		}
	}
	return false
}

// runStart is where the longest run that ends before end begins: characters that all differ from the next by the same 0, 1
// or -1.
func runStart(s []rune, end int) int {
	start := end - 1
	for start > 0 {
		step := s[start] - s[start-1]
		if step < -1 || step > 1 || start < end-1 && step != s[start+1]-s[start] {
			break
		}
		start--
	}
	return start
}

// significant is what makes a password hard to guess: its letters and digits or, where there are none, its signs.
func significant(password string) []rune {
	if folded := letters(password); folded != "" {
		return []rune(folded)
	}
	return []rune(password)
}

// letters are the letters and digits of a text, case folded.
func letters(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsNumber(r) || unicode.IsMark(r) {
			return r
		}
		return -1
	}, cases.Fold().String(norm.NFKC.String(s)))
}

//go:embed common_passwords.txt
var commonPasswords string

// commonWords are what passwords are often made of, one on a line in common_passwords.txt.
//
//nolint:gochecknoglobals // computed once from a constant
var commonWords = sync.OnceValue(func() [][]rune {
	var words [][]rune
	for line := range strings.Lines(commonPasswords) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			words = append(words, []rune(letters(line)))
		}
	}
	return words
})
