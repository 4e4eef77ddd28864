package auth_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strings"
)

// badTokens are tokens that nobody may be let in with, by what is wrong with them.
func badTokens() map[string]string {
	bad := make(map[string]string)
	for _, s := range rings()[0].signers() {
		for _, tokens := range []map[string]string{badHeaders(s), badNames(s), badClaims(s), badTexts(s), strangers(s)} {
			for name, token := range tokens {
				bad[s.alg+": "+name] = token
			}
		}
	}
	maps.Copy(bad, confusions(rings()[0]))
	maps.Copy(bad, badSignatures(rings()[0]))
	return bad
}

// badHeaders are well signed, but their headers are not ours.
func badHeaders(s signer) map[string]string {
	bad := make(map[string]string)
	put := func(name string, value any) {
		bad[fmt.Sprintf("%s %#v", name, value)] = s.forge(s.header().with(object{name: value}).String(), goodClaims.String())
	}
	for _, alg := range []any{
		nil, "", "none", "None", "NONE", "nOnE", " none", "HS256", "hs256", "HS384", "HS512", "RS256", "rs256", "RS384", "RS512", "PS256", "ES256",
		"es256", "ES256K", "ES384", "ES512", "EdDSA", "EDDSA", "Ed25519", "dir", "A128KW", s.alg + " ", s.alg + "\x00", 256, true,
		[]string{s.alg},
		object{"alg": s.alg},
		json.RawMessage("null"),
	} {
		if alg != s.alg {
			put("alg", alg)
		}
	}
	for _, kid := range []any{
		nil, "", "ed", "ec", "rsa", "gone", "nobody", "ED", " ed", "ec ", "rsa\x00", "../../../../dev/null", "/dev/null", "file:///proc/self/environ",
		"' OR '1'='1", "ed' UNION SELECT 'k", "ed;--", "$(id)", "{{7*7}}", "https://evil.example/keys.json", strings.Repeat("k", 1000),
		0, 1.5, true,
		[]string{"ed"},
		object{"kid": "ed"},
		json.RawMessage("null"),
	} {
		if kid != s.kid && (kid != nil || s.kid != "") {
			put("kid", kid)
		}
	}
	for _, typ := range []any{
		nil, "", "JWT", "jwt", "JOSE", "AT+JWT", "at+JWT", "at+jwt ", "at+jwt;v=1", "application/jwt", "application/AT+JWT", "id+jwt", "dpop+jwt",
		"logout+jwt", 1, true,
		[]string{"at+jwt"},
		object{},
		json.RawMessage("null"),
	} {
		put("typ", typ)
	}
	for _, crit := range []any{[]string{}, []string{"exp"}, []string{"b64"}, "", "exp", false, 0, object{}, json.RawMessage("null")} {
		put("crit", crit)
	}
	unencoded := s.header().with(object{"b64": false, "crit": []string{"b64"}}).String()
	text := encode([]byte(unencoded)) + "." + goodClaims.String() // RFC 7797
	bad["b64"] = text + "." + encode(s.sign(text))
	for _, header := range []string{
		``, ` `, `null`, `true`, `1`, `"at+jwt"`, `[]`, `{}`, `{`, `[` + s.header().String() + `]`, s.header().String() + `{}`, s.header().String() + `,`,
		"\ufeff" + s.header().String(), s.header().String() + "\x00", strings.ReplaceAll(s.header().String(), `"`, `'`),
		strings.TrimSuffix(s.header().String(), "}"), strings.Repeat("[", 2000), strings.Repeat(`{"a":`, 500),
	} {
		bad[fmt.Sprintf("the header %.40q of %d bytes", header, len(header))] = s.forge(header, goodClaims.String())
	}
	return bad
}

// badNames are well signed, but some read other members in them than others do.
func badNames(s signer) map[string]string {
	bad := make(map[string]string)
	for _, part := range []struct {
		what string
		good object
		make func(text string) string
	}{
		{"header", s.header(), func(text string) string { return s.forge(text, goodClaims.String()) }},
		{"claims", goodClaims, func(text string) string { return s.forge(s.header().String(), text) }},
	} {
		body := strings.TrimSuffix(part.good.String(), "}")
		for name, value := range part.good {
			member, err := json.Marshal(value)
			if err != nil {
				panic(err)
			}
			escaped := fmt.Sprintf(`\u%04x%s`, name[0], name[1:])
			for _, other := range []string{name, strings.ToUpper(name), strings.ToUpper(name[:1]) + name[1:], escaped} {
				for _, put := range []string{string(member), `"x"`, `null`} {
					bad[fmt.Sprintf("%s with another %s: %s, at the end", part.what, other, put)] = part.make(body + `,"` + other + `":` + put + `}`)
					bad[fmt.Sprintf("%s with another %s: %s, at the beginning", part.what, other, put)] = part.make(`{"` + other + `":` + put + `,` + body[1:] + `}`)
				}
				if other != name {
					bad[fmt.Sprintf("%s with %s for %s", part.what, other, name)] = part.make(strings.Replace(part.good.String(), `"`+name+`"`, `"`+other+`"`, 1))
				}
			}
		}
		bad[part.what+" with a long s"] = part.make(body + `,"ſub":"x"}`)
		bad[part.what+" with too many members"] = part.make(body + strings.Join(numbered(40), "") + `}`)
	}
	return bad
}

func numbered(n int) (members []string) {
	for i := range n {
		members = append(members, fmt.Sprintf(`,"m%d":0`, i))
	}
	return members
}

// badClaims are well signed, but do not claim what they must.
func badClaims(s signer) map[string]string {
	bad := make(map[string]string)
	put := func(name string, value any) {
		bad[fmt.Sprintf("%s %#v", name, value)] = s.forge(s.header().String(), goodClaims.with(object{name: value}).String())
	}
	for name := range goodClaims {
		for _, value := range []any{nil, json.RawMessage("null"), "", true, object{}, []any{}, []any{nil}, []any{1}} {
			put(name, value)
		}
	}
	for _, name := range []string{"iss", "aud", "sub", "sid", "jti", "client_id"} {
		put(name, 1)
	}
	for _, name := range []string{"iat", "nbf", "exp"} {
		for _, value := range []any{"1769846400", "now", -1, 0, json.Number("1769846400.5"), json.Number("1e300"), json.Number("-1e300"), json.Number("9223372036854775808")} {
			put(name, value)
		}
	}
	for _, iss := range []any{"https://blog.example.com", "https://blog.example.org/", "HTTPS://blog.example.org", []string{"https://blog.example.org"}} {
		put("iss", iss)
	}
	for _, aud := range []any{"postern", "Postern-API", "postern-api ", []string{"another"}, []any{"postern-api", 1}, object{"postern-api": true}} {
		put("aud", aud)
	}
	for _, user := range []any{
		session.String(), jane.UUID.String(), strings.ToUpper(jane.String()), jane.String() + "0", " " + jane.String(),
		"user_00000000000000000000000000", "user_zzzzzzzzzzzzzzzzzzzzzzzzzz", "' OR '1'='1", "admin",
	} {
		put("sub", user)
	}
	for _, sid := range []any{jane.String(), session.UUID.String(), strings.ToUpper(session.String()), "session_00000000000000000000000000", "x"} {
		put("sid", sid)
	}
	now := signedAt.Unix()
	for name, times := range map[string]object{
		"nbf to come":              {"nbf": now + 6},
		"iat to come":              {"iat": now + 6, "exp": now + 600},
		"all to come":              {"iat": now + 60, "nbf": now + 60, "exp": now + 660},
		"a second too long a life": {"exp": now + 601},
		"a day's life":             {"exp": now + 86400},
		"a life of aeons":          {"exp": int64(253402300799)},
		"exp before iat":           {"exp": now - 1},
		"expired at the border":    {"iat": now - 605, "nbf": now - 605, "exp": now - 5},
		"expired long ago":         {"iat": 1, "nbf": 1, "exp": 601},
		"expired, too long a life": {"iat": 1, "nbf": 1, "exp": now - 60},
	} {
		bad[name] = s.forge(s.header().String(), goodClaims.with(times).String())
	}
	for _, claims := range []string{``, `null`, `1`, `"x"`, `[]`, `{}`, `{`, `[` + goodClaims.String() + `]`, goodClaims.String() + `{}`, goodClaims.String() + "\x00"} {
		bad[fmt.Sprintf("the claims %.20q of %d bytes", claims, len(claims))] = s.forge(s.header().String(), claims)
	}
	return bad
}

// badTexts are a good token that is written otherwise.
func badTexts(s signer) map[string]string {
	good := s.good()
	parts := strings.Split(good, ".")
	header, claims, signature := parts[0], parts[1], parts[2]
	text := header + "." + claims
	sign := func(text string) string { return text + "." + encode(s.sign(text)) }
	bad := map[string]string{
		"nothing of it": "", "dots": "..", "more dots": "....", "one part": header, "two parts": text, "unsigned": text + ".",
		"no claims": sign(header + "."), "no header": sign("." + claims), "four parts": good + "." + signature, "a JWE's parts": good + "." + claims + "." + signature,
		"a dot behind": good + ".", "a dot before": "." + good, "twice": good + good, "two tokens": good + "." + good, "a list": good + "," + good,
		"in quotes": `"` + good + `"`, "in brackets": "<" + good + ">", "with its scheme": "Bearer " + good, "escaped": strings.ReplaceAll(good, ".", "%2E"),
		"another dot": strings.Replace(good, ".", "。", 1), "as JSON": object{"protected": header, "payload": claims, "signature": signature}.String(),
		"padding":                          good + "=",
		"padding in the header":            sign(header + "=." + claims),
		"padding in the claims":            sign(header + "." + claims + "=="),
		"parts in another order":           claims + "." + header + "." + signature,
		"the signature of others":          text + "." + encode(s.sign(header+"."+claims+"A")),
		"the signature in hex":             text + "." + hex.EncodeToString(s.sign(text)),
		"the signature encoded twice":      text + "." + encode([]byte(signature)),
		"the signature with a byte more":   text + "." + encode(append(s.sign(text), 0)),
		"the signature with a byte before": text + "." + encode(append([]byte{0}, s.sign(text)...)),
		"the signature with a byte less":   text + "." + encode(s.sign(text)[1:]),
		"the signature cut":                good[:len(good)-1],
		"the signature twice":              text + "." + encode(slices.Repeat(s.sign(text), 2)),
		"a signature of zeros":             text + "." + encode(make([]byte, len(s.sign(text)))),
		"a signature of ones":              text + "." + encode([]byte(strings.Repeat("\xff", len(s.sign(text))))),
		"loose bits":                       text + "." + loosen(signature),
		"loose bits in the claims":         sign(header + "." + loosen(encode([]byte(goodClaims.with(object{"jti": "22"}).String())))),
		"standard base64":                  sign(base64.RawStdEncoding.EncodeToString([]byte(s.header().with(object{"a": "???>>>"}).String())) + "." + claims),
		"longer than it may be":            s.forge(s.header().String(), goodClaims.with(object{"padding": strings.Repeat("a", 4096)}).String()),
		"a megabyte":                       s.forge(s.header().String(), goodClaims.with(object{"padding": strings.Repeat("a", 1<<20)}).String()),
		"a megabyte of header":             s.forge(s.header().with(object{"padding": strings.Repeat("a", 1<<20)}).String(), goodClaims.String()),
		"a megabyte of dots":               strings.Repeat(".", 1<<20),
		"lower case":                       strings.ToLower(good),
		"swapped case":                     strings.ToUpper(good),
	}
	for _, space := range []string{" ", "\t", "\n", "\r\n", "\x00", "\v", "\u00a0", "\u200b", "\ufeff"} {
		bad[fmt.Sprintf("%q before", space)] = space + good
		bad[fmt.Sprintf("%q behind", space)] = good + space
		bad[fmt.Sprintf("%q in the header", space)] = sign(header[:5] + space + header[5:] + "." + claims)
		bad[fmt.Sprintf("%q in the claims", space)] = sign(header + "." + claims[:5] + space + claims[5:])
		bad[fmt.Sprintf("%q in the signature", space)] = text + "." + signature[:5] + space + signature[5:]
	}
	return bad
}

// loosen sets a bit at the end of base64 that means nothing. Where there is none, it adds a letter, which is as wrong.
func loosen(text string) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	if len(text)%4 == 0 {
		return text + "A"
	}
	last := strings.IndexByte(alphabet, text[len(text)-1])
	return text[:len(text)-1] + alphabet[last+1:last+2]
}

// strangers are tokens by keys that are not ours, some of which bring them along.
func strangers(s signer) map[string]string {
	stranger := rings()[1].signers()[slices.IndexFunc(rings()[1].signers(), func(o signer) bool { return o.alg == s.alg })]
	if s.alg == "HS256" {
		stranger.sign = hs256([]byte(strings.Repeat("l", 32)), sha256.New)
	}
	jwk := object{"kty": "OKP", "crv": "Ed25519", "x": encode(rings()[1].ed[32:]), "alg": s.alg, "kid": s.kid}
	der, err := x509.MarshalPKIXPublicKey(rings()[1].rsa.Public())
	if err != nil {
		panic(err)
	}
	bad := make(map[string]string)
	for name, members := range map[string]object{
		"a stranger's":     nil,
		"with a jwk":       {"jwk": jwk},
		"with a jku":       {"jku": "https://evil.example/jwks.json"},
		"with a local jku": {"jku": "http://127.0.0.1:8080/.well-known/jwks.json"},
		"with an x5u":      {"x5u": "https://evil.example/cert.pem"},
		"with an x5c":      {"x5c": []string{base64.StdEncoding.EncodeToString(der)}},
		"with all of them": {"jwk": jwk, "jku": "https://evil.example", "x5u": "https://evil.example", "x5c": []string{"MII="}},
		"with a k":         {"k": encode([]byte("k")), "kty": "oct"},
	} {
		bad[name] = stranger.forge(s.header().with(members).String(), goodClaims.String())
	}
	return bad
}

// confusions take what is public, or nothing, for a secret (RFC 8725, section 2.1).
func confusions(r ring) map[string]string {
	bad := make(map[string]string)
	point, err := r.ec.PublicKey.Bytes()
	if err != nil {
		panic(err)
	}
	known := map[string][]byte{
		"nothing": nil, "a zero": {0}, "zeros": make([]byte, 32), "x": r.ed[32:], "x in base64": []byte(encode(r.ed[32:])), "a point": point,
		"n": r.rsa.N.Bytes(), "n in base64": []byte(encode(r.rsa.N.Bytes())), "PKCS 1": x509.MarshalPKCS1PublicKey(&r.rsa.PublicKey),
		"a kid": []byte("rsa"), "half the secret": secret[:16], "the secret and more": append(slices.Clone(secret), 'k'),
		"the secret in base64": []byte(encode(secret)), "the secret in hex": fmt.Appendf(nil, "%x", secret), "an expired key": []byte("gone"),
	}
	for name, public := range map[string]crypto.PublicKey{"Ed25519": r.ed.Public(), "P-256": r.ec.Public(), "RSA": r.rsa.Public()} {
		der, err := x509.MarshalPKIXPublicKey(public)
		if err != nil {
			panic(err)
		}
		known[name+" as DER"] = der
		known[name+" as PEM"] = pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
		known[name+" as PEM without its end"] = []byte(strings.TrimSpace(string(known[name+" as PEM"])))
	}
	for name, key := range known {
		for _, kid := range []string{"", "ed", "ec", "rsa", "gone"} {
			bad["HS256 with "+name+" as the secret, kid "+kid] = signer{"HS256", kid, hs256(key, sha256.New)}.good()
		}
	}
	for _, kid := range []string{"", "ed", "ec", "rsa"} {
		bad["HS384 with the secret, kid "+kid] = signer{"HS384", kid, hs256(secret, sha512.New384)}.good()
		bad["HS512 with the secret, kid "+kid] = signer{"HS512", kid, hs256(secret, sha512.New)}.good()
		bad["HS512 by the name of HS256, kid "+kid] = signer{"HS256", kid, hs256(secret, sha512.New)}.good()
		if kid != "" {
			bad["HS256 with the secret, kid "+kid] = signer{"HS256", kid, hs256(secret, sha256.New)}.good()
		}
		for _, alg := range []string{"none", "None", "NONE", "nOnE"} {
			bad[alg+", kid "+kid] = signer{alg, kid, func(string) []byte { return nil }}.good()
		}
	}
	for _, s := range r.signers()[1:] {
		for _, other := range r.signers()[1:] {
			if s.kid != other.kid {
				bad[s.alg+" by the key of "+other.alg] = signer{s.alg, other.kid, s.sign}.good()
				bad[s.alg+" by the name of "+other.alg] = signer{other.alg, other.kid, s.sign}.good()
			}
		}
	}
	return bad
}

// badSignatures are numbers and forms that verifiers have taken for signatures.
func badSignatures(r ring) map[string]string {
	bad := make(map[string]string)
	put := func(alg, kid, name string, sign func(string) []byte) {
		bad[alg+": "+name] = signer{alg, kid, sign}.good()
	}
	zero, one, order := new(big.Int), big.NewInt(1), elliptic.P256().Params().N
	for name, numbers := range map[string][2]*big.Int{
		"r = s = 0": {zero, zero}, "r = 0, s = 1": {zero, one}, "r = 1, s = 0": {one, zero}, "r = s = 1": {one, one},
		"r = n, s = 1": {order, one}, "r = 1, s = n": {one, order}, "r = s = n": {order, order}, "r = s = n - 1": {new(big.Int).Sub(order, one), new(big.Int).Sub(order, one)},
	} {
		put("ES256", "ec", name, func(string) []byte { return pair(numbers[0], numbers[1]) })
	}
	put("ES256", "ec", "r = 0", func(text string) []byte { _, s := r.rs(text); return pair(zero, s) })
	put("ES256", "ec", "s = 0", func(text string) []byte { a, _ := r.rs(text); return pair(a, zero) })
	put("ES256", "ec", "s before r", func(text string) []byte { a, s := r.rs(text); return pair(s, a) })
	put("ES256", "ec", "-r", func(text string) []byte { a, s := r.rs(text); return pair(new(big.Int).Sub(order, a), s) })
	put("ES256", "ec", "DER", func(text string) []byte {
		digest := sha256.Sum256([]byte(text))
		signature, err := ecdsa.SignASN1(rand.Reader, r.ec, digest[:])
		if err != nil {
			panic(err)
		}
		return signature
	})
	put("ES256", "ec", "of 48 bytes each", func(text string) []byte {
		a, s := r.rs(text)
		return append(a.FillBytes(make([]byte, 48)), s.FillBytes(make([]byte, 48))...)
	})
	put("ES256", "ec", "of the text, not its hash", func(text string) []byte {
		a, s, err := ecdsa.Sign(rand.Reader, r.ec, []byte(text)[:32])
		if err != nil {
			panic(err)
		}
		return pair(a, s)
	})
	for _, length := range []int{0, 1, 31, 32, 33, 63, 65, 96, 128} {
		put("EdDSA", "ed", fmt.Sprintf("of %d bytes", length), func(text string) []byte { return slices.Repeat(r.eddsa(text), 2)[:length] })
	}
	// The order of Ed25519's base point (RFC 8032, section 5.1): S + L would do where nobody looks whether S is below L.
	l, _ := new(big.Int).SetString("1000000000000000000000000000000014def9dea2f79cd65812631a5cf5d3ed", 16)
	put("EdDSA", "ed", "S + L", func(text string) []byte {
		signature := r.eddsa(text)
		slices.Reverse(signature[32:])
		new(big.Int).Add(new(big.Int).SetBytes(signature[32:]), l).FillBytes(signature[32:])
		slices.Reverse(signature[32:])
		return signature
	})
	put("EdDSA", "ed", "the neutral point", func(string) []byte { return append([]byte{1}, make([]byte, 63)...) })
	put("EdDSA", "ed", "with the hash signed", func(text string) []byte {
		sum := sha512.Sum512([]byte(text))
		signature, err := r.ed.Sign(nil, sum[:], crypto.SHA512)
		if err != nil {
			panic(err)
		}
		return signature
	})
	put("RS256", "rsa", "one", func(string) []byte { return append(make([]byte, 255), 1) })
	put("RS256", "rsa", "n", func(string) []byte { return r.rsa.N.Bytes() })
	put("RS256", "rsa", "PSS", func(text string) []byte {
		digest := sha256.Sum256([]byte(text))
		signature, err := rsa.SignPSS(rand.Reader, r.rsa, crypto.SHA256, digest[:], nil)
		if err != nil {
			panic(err)
		}
		return signature
	})
	put("RS256", "rsa", "by SHA-512", func(text string) []byte {
		digest := sha512.Sum512([]byte(text))
		signature, err := rsa.SignPKCS1v15(nil, r.rsa, crypto.SHA512, digest[:])
		if err != nil {
			panic(err)
		}
		return signature
	})
	put("RS256", "rsa", "without the hash's name", func(text string) []byte {
		digest := sha256.Sum256([]byte(text))
		signature, err := rsa.SignPKCS1v15(nil, r.rsa, 0, digest[:])
		if err != nil {
			panic(err)
		}
		return signature
	})
	return bad
}
