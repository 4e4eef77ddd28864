package transport

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/99designs/gqlgen/graphql"
)

// FuzzDecode compares what a request is read as with what encoding/json reads it as, of whatever is sent.
func FuzzDecode(f *testing.F) {
	for _, body := range bodies() {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		most := Shape{Depth: 4, Items: 10}
		got, refused := decode(body, most)
		want, wanted := decodeByReflection(body, most)
		if !reflect.DeepEqual(got, want) || !reflect.DeepEqual(refused, wanted) {
			t.Errorf("decode(%q) = %#v, %+v, want %#v, %+v", body, got, refused, want, wanted)
		}
	})
}

// FuzzURL does so with requests by GET.
func FuzzURL(f *testing.F) {
	for _, query := range []string{
		"", "query={a}", "query=%7Ba%7D&operationName=b&variables={}&extensions=%7B%7D&documentId=c", "query=%zz", "query=a;b", "query=a&query=b",
		"query=%ff&operationName=%00%0a%22%5c%3c%26", "query=a&variables=", "query=a&variables=null&extensions=null", "query=a&variables=1",
		"query=a&variables=%7B%22a%22:%22%ff%22%7D", "query=a&extensions=%7B%22%ff%22:1%7D", "query=a&variables=[]", "query=a&variables=%20%7B%7D%20",
		"query=a&variables={%22%5cu0061%22:[1,{}],%22a%22:%22%3c%e2%80%a8%22}", "variables=%7B%22%ff%22:1%7D&extensions=x", "documentId=a&documentId=b",
		"query=a&variables=[[[[[[[]]]]]]]", "query=a&extensions={%22a%22:[[[[[[[]]]]]]]}", "extensions={%22persistedQuery%22:{%22sha256Hash%22:%22A%22}}",
	} {
		f.Add(query)
	}
	f.Fuzz(func(t *testing.T, query string) {
		most := Shape{Depth: 4, Items: 10}
		got, refused := HTTP{Variables: most}.readURL(&url.URL{RawQuery: query})
		want, wanted := readURLByReflection(&url.URL{RawQuery: query}, most)
		if !reflect.DeepEqual(got, want) || !reflect.DeepEqual(refused, wanted) {
			t.Errorf("readURL(%q) = %#v, %+v, want %#v, %+v", query, got, refused, want, wanted)
		}
	})
}

// BenchmarkDecode reads what clients send: documents as they are written by hand, and one as clients print it, over several lines.
func BenchmarkDecode(b *testing.B) {
	const document = `query($id: ID!) { post(by: {id: $id}) { id title content createdAt author { id name } } }`
	const printed = `query Post($id: ID!) {\n  post(by: {id: $id}) {\n    id\n    title\n    content\n    author {\n      name\n    }\n  }\n}\n`
	for name, body := range map[string]string{
		"a document":     `{"query":"{ posts(first: 20) { nodes { id title createdAt author { id name } } } }"}`,
		"with variables": `{"query":"` + document + `","variables":{"id":"UG9zdDowMTkwYzM3ZS1kOGY0LTdhYjMtOWM0ZS0yZjE1YTZiN2M4ZDk"}}`,
		"printed": `{"operationName":"Post","variables":{"id":"post_01jd7c8w9hf2vs9z3b6m5n4k2a"},"extensions":{"clientLibrary":` +
			`{"name":"@apollo/client","version":"4.0.9"}},"query":"` + printed + `"}`,
	} {
		b.Run(name, func(b *testing.B) {
			text := []byte(body)
			b.ReportAllocs()
			for b.Loop() {
				if _, refused := decode(text, Shape{Depth: 8, Items: 250}); refused != nil {
					b.Fatal(refused.err)
				}
			}
		})
	}
}

func bodies() []string {
	return []string{
		`{"query":"{ __typename }"}`, ` { "query" : "a" , "operationName" : "b" , "documentId" : "sha256:C" , "variables" : { } , "extensions" : { } } `,
		`{"query":null,"operationName":null,"documentId":null,"variables":null,"extensions":null}`, `{}`, ``, ` `, `[]`, ` [{}]`, `null`, `"query"`,
		`{"query":1}`, `{"query":"a","operationName":true}`, `{"query":"a","documentId":[]}`, `{"query":"a","variables":[]}`,
		`{"query":"a","variables":1,"extensions":"b"}`, `{"query":"a","variables":"{}"}`, `{"query":"a","extensions":-1e5}`,
		`{"query":"a","query":"b"}`, `{"query":"a","\u0071uery":"b"}`, `{"\u0071uery":"a"}`, `{"QUERY":"a"}`, `{"":"a","query\u0000":"b","query":"c"}`,
		`{"query":"\ud800 \udc00\ud83d\ude00 \" \\ \/ \b\f\n\r\t \u00e9é\u2028"}`, "{\"query\":\"\xff\"}", "{\"query\":\"\n\"}", `{"query":"\x"}`,
		"\ufeff{}", `{"query":"a"} x`, `{"query":"a",}`, `{"query":"a"`, `{"query" "a"}`, `{query:"a"}`, `{"query":"a"}{}`,
		`{"query":"a","variables":{"a":[ ],"b":[1 , -0.5e+10,true,false , null,"x",{"y":{}}],"c":12345678901234567890,"a":{"d":[[],{}]},"\u0061":1E9}}`,
		`{"query":"a","variables":{"a":{"a":{"a":{"a":{"a":{}}}}}}}`, `{"query":"a","variables":{"a":[1,2,3,4,5,6,7,8,9,10,11]}}`,
		`{"query":"a","extensions":{"a":[[[[[[]]]]]]}}`, `{"query":"a","variables":{"a":[0]},"extensions":{"persistedQuery":{"sha256Hash":"A","version":1}}}`,
		`{"extensions":{"persistedQuery":{"sha256Hash":"A"}}}`, `{"extensions":{"persistedQuery":1}}`, `{"documentId":"a","extensions":{"persistedQuery":{}}}`,
		"{" + strings.Repeat(`"a":1,`, mostMembers) + `"query":"a"}`, "{" + strings.Repeat(`"a":1,`, mostMembers-1) + `"query":"a"}`,
		`{"query":"a","variables":` + strings.Repeat("[", 10001) + strings.Repeat("]", 10001) + `}`,
		`{"a":` + nested("[", "]", mostLevels-1) + `,"query":"a"}`, `{"a":` + nested("[", "]", mostLevels) + `,"query":"a"}`,
		`{"query":"a","query":"b","a":[}`, "{" + strings.Repeat(`"a":1,`, mostMembers) + `"query":"a"`,
	}
}

// What follows decodes requests by encoding/json alone.

func readURLByReflection(u *url.URL, most Shape) (*graphql.RawParams, *refused) {
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return nil, refusal(http.StatusBadRequest, "the URL's query is malformed")
	}
	body := make(map[string]json.RawMessage)
	for _, name := range namesOfMembers() {
		values := query[name]
		switch {
		case len(values) == 0:
		case len(values) > 1:
			return nil, refusal(http.StatusBadRequest, "%s is given twice", name)
		case name != "variables" && name != "extensions":
			body[name], _ = json.Marshal(values[0]) // a string always can be
		case !json.Valid([]byte(values[0])):
			return nil, refusal(http.StatusBadRequest, "%s must be JSON", name)
		default:
			body[name] = json.RawMessage(values[0])
		}
	}
	encoded, err := json.Marshal(body)
	if err != nil {
		return nil, refusal(http.StatusBadRequest, "the URL's query is malformed")
	}
	return decodeByReflection(encoded, most)
}

func namesOfMembers() []string {
	return []string{"query", "operationName", "variables", "extensions", "documentId"}
}

func decodeByReflection(body []byte, most Shape) (*graphql.RawParams, *refused) {
	given, why := splitByReflection(body)
	if why != nil {
		return nil, why
	}
	if why := most.checkVariables(given["variables"]); why != nil {
		return nil, why
	}
	if why := most.checkExtensions(given["extensions"]); why != nil {
		return nil, why
	}
	params := &graphql.RawParams{}
	var documentID string
	into := map[string]any{
		"query": &params.Query, "operationName": &params.OperationName, "documentId": &documentID,
		"variables": &params.Variables, "extensions": &params.Extensions,
	}
	for _, name := range namesOfMembers() {
		if value, ok := given[name]; ok && unmarshalByReflection(value, into[name]) != nil {
			return nil, refusal(http.StatusBadRequest, "%s is of the wrong type", name)
		}
	}
	if documentID != "" {
		params.Extensions = withDocumentID(params.Extensions, documentID)
	}
	if params.Query == "" && hashOf(params.Extensions) == "" {
		return nil, refusal(http.StatusBadRequest, "the request has no query")
	}
	return params, nil
}

func splitByReflection(body []byte) (map[string][]byte, *refused) {
	if !utf8.Valid(body) {
		return nil, refusal(http.StatusBadRequest, "the request is not valid UTF-8")
	}
	if trimmed := bytes.TrimLeft(body, " \t\r\n"); len(trimmed) > 0 && trimmed[0] == '[' {
		return nil, refusal(http.StatusBadRequest, "one request is sent at a time: the body must be an object, not an array")
	} else if len(trimmed) == 0 || trimmed[0] != '{' || !json.Valid(body) {
		return nil, refusal(http.StatusBadRequest, `the request must be a JSON object: {"query": "…", "variables": {…}}`)
	}
	given := make(map[string][]byte)
	all, _ := membersByReflection(body)
	for i, member := range all {
		if i == mostMembers {
			return nil, refusal(http.StatusBadRequest, "the request has more than %d members", mostMembers)
		}
		if !slices.Contains(namesOfMembers(), member.name) {
			continue
		}
		if _, twice := given[member.name]; twice {
			return nil, refusal(http.StatusBadRequest, "%s is given twice", member.name)
		}
		given[member.name] = []byte(member.value)
	}
	return given, nil
}

func unmarshalByReflection(value []byte, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(value))
	decoder.UseNumber()
	return decoder.Decode(into)
}
