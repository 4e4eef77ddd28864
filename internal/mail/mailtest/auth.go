package mailtest

import (
	"bytes"
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"strings"

	"github.com/emersion/go-smtp"
)

// loginServer is the server's side of LOGIN, which asks for the name and then for the password.
type loginServer struct {
	check func(user, password string) error
	step  int
	user  string
}

// Next implements sasl.Server.
func (l *loginServer) Next(response []byte) (challenge []byte, done bool, err error) {
	l.step++
	switch {
	case l.step == 1 && response == nil:
		return []byte("Username:"), false, nil
	case l.step <= 2 && l.user == "":
		l.user = string(response)
		return []byte("Password:"), false, nil
	default:
		return nil, true, l.check(l.user, string(response))
	}
}

const (
	scramSHA256     = "SCRAM-SHA-256"
	scramIterations = 4096
)

// scramServer is the server's side of SCRAM-SHA-256 (RFC 7677), for names without commas and equals signs.
type scramServer struct {
	user, password string
	done           func()

	clientFirst, serverFirst, nonce string
	salted                          []byte
	proved                          bool
}

// Next implements sasl.Server.
func (s *scramServer) Next(response []byte) (challenge []byte, done bool, err error) {
	switch {
	case s.proved: // the client has seen the server's proof
		s.done()
		return nil, true, nil
	case s.serverFirst == "" && len(response) == 0:
		return nil, false, nil
	case s.serverFirst == "":
		return s.first(string(response))
	default:
		return s.final(string(response))
	}
}

func (s *scramServer) first(message string) ([]byte, bool, error) {
	bare, ok := strings.CutPrefix(message, "n,,")
	name, clientNonce, found := strings.Cut(bare, ",r=")
	if !ok || !found || name != "n="+s.user {
		return nil, false, smtp.ErrAuthFailed
	}
	salt := []byte(rand.Text())
	salted, err := pbkdf2.Key(sha256.New, s.password, salt, scramIterations, sha256.Size)
	if err != nil {
		return nil, false, err
	}
	s.salted, s.clientFirst, s.nonce = salted, bare, clientNonce+rand.Text()
	s.serverFirst = fmt.Sprintf("r=%s,s=%s,i=%d", s.nonce, base64.StdEncoding.EncodeToString(salt), scramIterations)
	return []byte(s.serverFirst), false, nil
}

func (s *scramServer) final(message string) ([]byte, bool, error) {
	bare, encoded, _ := strings.Cut(message, ",p=")
	proof, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil || bare != "c=biws,r="+s.nonce || len(proof) != sha256.Size {
		return nil, false, smtp.ErrAuthFailed
	}
	signed := s.clientFirst + "," + s.serverFirst + "," + bare
	clientKey := mac(s.salted, "Client Key")
	stored := sha256.Sum256(clientKey)
	signature := mac(stored[:], signed)
	claimed := make([]byte, sha256.Size)
	subtle.XORBytes(claimed, proof, signature)
	if !bytes.Equal(claimed, clientKey) {
		return nil, false, smtp.ErrAuthFailed
	}
	s.proved = true
	return []byte("v=" + base64.StdEncoding.EncodeToString(mac(mac(s.salted, "Server Key"), signed))), false, nil
}

func mac(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return h.Sum(nil)
}
