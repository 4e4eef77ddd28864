package transport

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/99designs/gqlgen/graphql"
)

// read decodes a request (section 5 of the specification), strictly. What it answers quotes nothing of the request.
func (h HTTP) read(w http.ResponseWriter, r *http.Request) (*graphql.RawParams, *refused) {
	start := graphql.Now()
	var params *graphql.RawParams
	var why *refused
	switch r.Method {
	case http.MethodGet, http.MethodHead:
		params, why = h.readURL(r.URL)
	case http.MethodPost:
		params, why = h.readBody(w, r)
	default:
		why = refusal(http.StatusMethodNotAllowed, "requests are sent by GET or POST")
		why.allow = "GET, HEAD, POST"
	}
	if why != nil {
		return nil, why
	}
	params.Headers = r.Header
	params.ReadTime = graphql.TraceTiming{Start: start, End: graphql.Now()}
	return params, nil
}

// parameters are the members that a request may have.
func parameters() []string {
	return []string{"query", "operationName", "variables", "extensions", "documentId"}
}

func (h HTTP) readURL(u *url.URL) (*graphql.RawParams, *refused) {
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return nil, refusal(http.StatusBadRequest, "the URL's query is malformed")
	}
	body := make(map[string]json.RawMessage)
	for _, name := range parameters() {
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
	return decode(encoded, h.Variables)
}

func (h HTTP) readBody(w http.ResponseWriter, r *http.Request) (*graphql.RawParams, *refused) {
	if len(r.Header.Values("Content-Type")) > 1 { // whoever reads the other one reads another request
		return nil, refusal(http.StatusUnsupportedMediaType, "Content-Type is given twice")
	}
	media, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if charset, given := params["charset"]; err != nil || media != mediaJSON || given && !strings.EqualFold(charset, "utf-8") {
		return nil, refusal(http.StatusUnsupportedMediaType, "the body must be application/json in UTF-8")
	}
	if r.Header.Get("Content-Encoding") != "" {
		return nil, refusal(http.StatusUnsupportedMediaType, "the body must not be compressed")
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, h.MaxBody))
	if _, tooLong := errors.AsType[*http.MaxBytesError](err); tooLong {
		return nil, refusal(http.StatusRequestEntityTooLarge, "the body has more than %d bytes", h.MaxBody)
	}
	if err != nil {
		return nil, refusal(http.StatusBadRequest, "the body could not be read")
	}
	return decode(body, h.Variables)
}

// decode reads the parameters of a request, of which the variables and the extensions have no more than they may. An own
// document id is the same as a persisted query's hash.
func decode(body []byte, most Shape) (*graphql.RawParams, *refused) {
	given, why := split(body)
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
	for _, name := range parameters() {
		if value, ok := given[name]; ok && unmarshal(value, into[name]) != nil {
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

// mostMembers are how many members a request may have: there are five, and some that only others know.
const mostMembers = 100

// split takes a request apart without decoding what is in it, which may be much. Names are those of the specification, letter
// by letter, and once each: otherwise whoever looks at requests before us, as a firewall does, could see another request.
func split(body []byte) (map[string][]byte, *refused) {
	if !utf8.Valid(body) {
		return nil, refusal(http.StatusBadRequest, "the request is not valid UTF-8")
	}
	if trimmed := bytes.TrimLeft(body, " \t\r\n"); len(trimmed) > 0 && trimmed[0] == '[' {
		return nil, refusal(http.StatusBadRequest, "one request is sent at a time: the body must be an object, not an array")
	} else if len(trimmed) == 0 || trimmed[0] != '{' || !json.Valid(body) {
		return nil, refusal(http.StatusBadRequest, `the request must be a JSON object: {"query": "…", "variables": {…}}`)
	}
	given := make(map[string][]byte)
	count := 0
	for quoted, value := range members(body) {
		if count++; count > mostMembers {
			return nil, refusal(http.StatusBadRequest, "the request has more than %d members", mostMembers)
		}
		var name string
		if json.Unmarshal(quoted, &name) != nil || !slices.Contains(parameters(), name) {
			continue
		}
		if _, twice := given[name]; twice {
			return nil, refusal(http.StatusBadRequest, "%s is given twice", name)
		}
		given[name] = value
	}
	return given, nil
}

// unmarshal leaves numbers as they are written.
func unmarshal(value []byte, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(value))
	decoder.UseNumber()
	return decoder.Decode(into)
}
