package auth

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
)

// wholePayload has all that a token claims.
const wholePayload = `{"iss":"i","aud":["a","b"],"client_id":"c","sub":"s","sid":"d","jti":"j",` +
	`"iat":1,"nbf":-2,"exp":9223372036854775807}`

// payloads are texts that claims are read from, and such that they are not.
func payloads() (readable, unreadable []string) {
	readable = []string{
		wholePayload, `{}`, " \t\r\n{ } ", "{\n\"iss\"\t:\r\"i\" , \"iat\" : 1 }\n", `{"":0}`, "{\"\x7f\":0}", `{` + members(32) + `}`,
		`{"iss":""}`, `{"iss":"\"\\\/\b\f\n\r\t\u00e9"}`, `{"iss":"\ud83d\ude00 ä"}`, `{"iss":"\ud800"}`,
		"{\"iss\":\"\xff\"}", `{"iss":"\\"}`,
		`{"iss":"\"},{"}`, `{"iss":"\\\"","sub":"}"}`, `{"iss":"null","sub":"[{:,"}`,
		`{"aud":"a"}`, `{"aud":[]}`, `{"aud":[ ]}`, `{"aud":[ "a" , "b" ]}`, `{"aud":["a\u002cb","]"]}`,
		`{"iat":0,"nbf":-0,"exp":-9223372036854775808}`,
		`{"x":{"iss":null,"ISS":[{"a":null,"a":null}],"\u0061":"}"},"iss":"i"}`, `{"x":[null,[[]],{},"\"]"],"y":true,"z":-1.5e+3}`,
	}
	unreadable = []string{
		`null`, ` null `, `[]`, `1`, `"iss"`, `[{}]`, `[` + wholePayload + `]`, `{` + members(33) + `}`,
		`{"iss":1}`, `{"iss":true}`, `{"iss":["i"]}`, `{"iss":{}}`, `{"jti":0}`,
		`{"aud":1}`, `{"aud":{}}`, `{"aud":{"a":"a"}}`, `{"aud":[1]}`, `{"aud":["a",null]}`, `{"aud":[["a"]]}`,
		`{"iat":"1"}`, `{"iat":1.0}`, `{"iat":1e0}`, `{"exp":9223372036854775808}`, `{"nbf":[1]}`, `{"nbf":false}`,
		`{"x":null}`, "{\"x\": \nnull\t}", `{"x":0,"x":0}`, `{"x":{},"y":"\"x\":","x":[]}`, "{\"x\":0,\n \"x\" :0}", `{"":0,"":0}`,
		`{"X":0}`, `{"xY":0}`, `{"ſub":"s"}`, `{"é":0}`, `{"\u0078":0}`, `{"\n":0}`, `{"\\":0}`, `{"\"":0}`, "{\"\xff\":0}",
	}
	for _, name := range []string{"iss", "aud", "client_id", "sub", "sid", "jti", "iat", "nbf", "exp"} {
		escaped := fmt.Sprintf(`\u%04x%s`, name[0], name[1:])
		for _, other := range []string{name, strings.ToUpper(name), strings.ToUpper(name[:1]) + name[1:], escaped} {
			unreadable = append(unreadable, `{"`+other+`":1,`+wholePayload[1:], strings.TrimSuffix(wholePayload, "}")+`,"`+other+`":"x"}`)
		}
		unreadable = append(unreadable, `{"`+name+`":null}`)
	}
	return readable, unreadable
}

// members are so many, each by another name.
func members(n int) string {
	var all []string
	for i := range n {
		all = append(all, fmt.Sprintf(`"m%d":%d`, i, i))
	}
	return strings.Join(all, ",")
}

func TestPayload(t *testing.T) {
	t.Parallel()
	readable, unreadable := payloads()
	for i, text := range append(readable, unreadable...) {
		var p payload
		if err := p.UnmarshalJSON([]byte(text)); (err == nil) != (i < len(readable)) {
			t.Errorf("UnmarshalJSON(%s) = %v, want it read: %v", text, err, i < len(readable))
		}
		compareWithReflection(t, []byte(text))
	}
}

// FuzzPayload looks for claims in which other things are read than encoding/json reads, or that are read, but ambiguous.
func FuzzPayload(f *testing.F) {
	readable, unreadable := payloads()
	for _, text := range append(readable, unreadable...) {
		f.Add([]byte(text))
	}
	f.Fuzz(compareWithReflection)
}

// compareWithReflection has JSON read in both ways, if it is any.
func compareWithReflection(t *testing.T, text []byte) {
	t.Helper()
	if !json.Valid(text) {
		return
	}
	agreed := unambiguous(text)
	if err := eachMember(text, func(_, _ []byte) error { return nil }); (err == nil) != agreed {
		t.Errorf("eachMember(%s) = %v, want it to be unambiguous: %v", text, err, agreed)
	}
	type reflected payload // has no UnmarshalJSON
	var got payload
	var want reflected
	gotErr, wantErr := got.UnmarshalJSON(text), json.Unmarshal(text, &want)
	if agreed && wantErr == nil {
		if gotErr != nil || !reflect.DeepEqual(got, payload(want)) {
			t.Errorf("UnmarshalJSON(%s) = %+v, %v, want %+v", text, got, gotErr, want)
		}
	} else if gotErr == nil {
		t.Errorf("UnmarshalJSON(%s) = %+v, want an error: it is unambiguous: %v, and read by reflection: %v", text, got, agreed, wantErr)
	}
}

// unambiguous does what eachMember does, by a decoder.
func unambiguous(text []byte) bool {
	d := json.NewDecoder(bytes.NewReader(text))
	if start, _ := d.Token(); start != json.Delim('{') {
		return false
	}
	known := make(map[string]bool)
	for d.More() {
		before := d.InputOffset()
		token, _ := d.Token()
		name, _ := token.(string)
		written := bytes.TrimLeft(text[before:d.InputOffset()], ", \t\r\n")
		special := func(r rune) bool { return r > 0x7f || r >= 'A' && r <= 'Z' }
		var value json.RawMessage
		if d.Decode(&value) != nil || known[name] || string(written) != `"`+name+`"` || strings.ContainsFunc(name, special) ||
			string(value) == "null" {
			return false
		}
		known[name] = true
	}
	return len(known) <= 32
}
