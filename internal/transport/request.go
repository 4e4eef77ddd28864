package transport

import (
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/99designs/gqlgen/graphql"
)

// read decodes a request (section 5 of the specification), strictly, of which the body may have been read before. What it answers
// quotes nothing of the request.
func (h HTTP) read(w http.ResponseWriter, r *http.Request, body []byte) (*graphql.RawParams, *refused) {
	var params *graphql.RawParams
	var why *refused
	switch r.Method {
	case http.MethodGet, http.MethodHead:
		params, why = h.readURL(r.URL)
	case http.MethodPost:
		params, why = h.readBody(w, r, body)
	default:
		why = refusal(http.StatusMethodNotAllowed, "requests are sent by GET or POST")
		why.allow = "GET, HEAD, POST"
	}
	if why != nil {
		return nil, why
	}
	params.Headers = r.Header
	return params, nil
}

// parameters are the members that a request may have, as they are written in JSON; nil are those that it has not.
type parameters struct {
	query, operationName, documentID, variables, extensions []byte
}

// member is where the parameter of a name is; nil if there is none of it.
func (p *parameters) member(name []byte) *[]byte {
	switch string(name) {
	case "query":
		return &p.query
	case "operationName":
		return &p.operationName
	case "documentId":
		return &p.documentID
	case "variables":
		return &p.variables
	case "extensions":
		return &p.extensions
	default:
		return nil
	}
}

func (h HTTP) readURL(u *url.URL) (*graphql.RawParams, *refused) {
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return nil, refusal(http.StatusBadRequest, "the URL's query is malformed")
	}
	var given parameters
	for _, name := range []string{"query", "operationName", "variables", "extensions", "documentId"} {
		values := query[name]
		switch {
		case len(values) == 0:
		case len(values) > 1:
			return nil, refusal(http.StatusBadRequest, "%s is given twice", name)
		case name != "variables" && name != "extensions":
			*given.member([]byte(name)), _ = json.Marshal(values[0]) // a string always can be
		case !valid([]byte(values[0])):
			return nil, refusal(http.StatusBadRequest, "%s must be JSON", name)
		default:
			*given.member([]byte(name)) = []byte(values[0])
		}
	}
	if !utf8.Valid(given.variables) || !utf8.Valid(given.extensions) {
		return nil, refuseEncoding()
	}
	return given.decode(h.Variables)
}

// readBody decodes the body, which may have been read before.
func (h HTTP) readBody(w http.ResponseWriter, r *http.Request, body []byte) (*graphql.RawParams, *refused) {
	if len(r.Header["Content-Type"]) > 1 { // whoever reads the other one reads another request
		return nil, refusal(http.StatusUnsupportedMediaType, "Content-Type is given twice")
	}
	if !isJSON(r.Header.Get("Content-Type")) {
		return nil, refusal(http.StatusUnsupportedMediaType, "the body must be application/json in UTF-8")
	}
	if r.Header.Get("Content-Encoding") != "" {
		return nil, refusal(http.StatusUnsupportedMediaType, "the body must not be compressed")
	}
	var err error
	switch {
	case body != nil:
	case 0 < r.ContentLength && r.ContentLength <= min(longest, h.MaxBody): // so little may be taken before it has come
		body = make([]byte, r.ContentLength)
		_, err = io.ReadFull(r.Body, body)
	default:
		body, err = io.ReadAll(http.MaxBytesReader(w, r.Body, h.MaxBody))
	}
	if _, tooLong := errors.AsType[*http.MaxBytesError](err); tooLong {
		return nil, refusal(http.StatusRequestEntityTooLarge, "the body has more than %d bytes", h.MaxBody)
	}
	if err != nil {
		return nil, refusal(http.StatusBadRequest, "the body could not be read")
	}
	return decode(body, h.Variables)
}

// isJSON tells whether a Content-Type is that of JSON in UTF-8.
func isJSON(contentType string) bool {
	if contentType == mediaJSON { // as nearly everybody writes it
		return true
	}
	media, params, err := mime.ParseMediaType(contentType)
	charset, given := params["charset"]
	return err == nil && media == mediaJSON && (!given || strings.EqualFold(charset, "utf-8"))
}

// decode reads the parameters of a request, of which the variables and the extensions have no more than they may.
func decode(body []byte, most Shape) (*graphql.RawParams, *refused) {
	given, why := split(body)
	if why != nil {
		return nil, why
	}
	return given.decode(most)
}

func (p *parameters) decode(most Shape) (*graphql.RawParams, *refused) {
	if why := most.checkVariables(p.variables); why != nil {
		return nil, why
	}
	if why := most.checkExtensions(p.extensions); why != nil {
		return nil, why
	}
	params, wrong := p.read()
	if wrong != "" {
		return nil, refusal(http.StatusBadRequest, "%s is of the wrong type", wrong)
	}
	if params.Query == "" && hashOf(params.Extensions) == "" {
		return nil, refusal(http.StatusBadRequest, "the request has no query")
	}
	return params, nil
}

// read reads the parameters, or says which one is of the wrong type. An own document id is the same as a persisted query's hash.
func (p *parameters) read() (params *graphql.RawParams, wrong string) {
	params = &graphql.RawParams{}
	var documentID string
	switch {
	case !readText(p.query, &params.Query):
		return nil, "query"
	case !readText(p.operationName, &params.OperationName):
		return nil, "operationName"
	case !readObject(p.variables, &params.Variables):
		return nil, "variables"
	case !readObject(p.extensions, &params.Extensions):
		return nil, "extensions"
	case !readText(p.documentID, &documentID):
		return nil, "documentId"
	case documentID != "":
		params.Extensions = withDocumentID(params.Extensions, documentID)
	}
	return params, ""
}

// mostMembers are how many members a request may have: there are five, and some that only others know.
const mostMembers = 100

// split takes a request apart without decoding what is in it, which may be much. Names are those of the specification, letter
// by letter, and once each: otherwise whoever looks at requests before us, as a firewall does, could see another request.
func split(body []byte) (given parameters, why *refused) {
	if !utf8.Valid(body) {
		return given, refuseEncoding()
	}
	if v := (validator{text: body}); v.next() == '[' {
		return given, refusal(http.StatusBadRequest, "one request is sent at a time: the body must be an object, not an array")
	}
	count := 0
	valid := members(body, func(quoted, value []byte) {
		count++
		if why == nil {
			why = given.take(quoted, value, count)
		}
	})
	if !valid {
		return given, refusal(http.StatusBadRequest, `the request must be a JSON object: {"query": "…", "variables": {…}}`)
	}
	return given, why
}

func (p *parameters) take(quoted, value []byte, count int) *refused {
	if count > mostMembers {
		return refusal(http.StatusBadRequest, "the request has more than %d members", mostMembers)
	}
	switch member := p.member(unquote(quoted)); {
	case member == nil:
	case *member != nil:
		return refusal(http.StatusBadRequest, "%s is given twice", unquote(quoted))
	default:
		*member = value
	}
	return nil
}

func refuseEncoding() *refused {
	return refusal(http.StatusBadRequest, "the request is not valid UTF-8")
}
