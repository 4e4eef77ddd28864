package transport

import (
	"bytes"
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

// read decodes a request (section 5 of the specification), strictly. What it answers quotes nothing of the request.
func (h HTTP) read(w http.ResponseWriter, r *http.Request) (*graphql.RawParams, *refused) {
	start := graphql.Now()
	var params *graphql.RawParams
	var why *refused
	switch r.Method {
	case http.MethodGet, http.MethodHead:
		params, why = readURL(r.URL)
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

func readURL(u *url.URL) (*graphql.RawParams, *refused) {
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return nil, refusal(http.StatusBadRequest, "the URL's query is malformed")
	}
	body := make(map[string]json.RawMessage, len(query))
	for name, values := range query {
		if len(values) > 1 {
			return nil, refusal(http.StatusBadRequest, "the URL gives a parameter twice")
		}
		switch name {
		case "variables", "extensions":
			if !json.Valid([]byte(values[0])) {
				return nil, refusal(http.StatusBadRequest, "%s must be JSON", name)
			}
			body[name] = json.RawMessage(values[0])
		default:
			body[name], _ = json.Marshal(values[0]) // a string always can be
		}
	}
	encoded, err := json.Marshal(body)
	if err != nil {
		return nil, refusal(http.StatusBadRequest, "the URL's query is malformed")
	}
	return decode(encoded)
}

func (h HTTP) readBody(w http.ResponseWriter, r *http.Request) (*graphql.RawParams, *refused) {
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
	return decode(body)
}

// decode reads the parameters of a request. An own document id is the same as a persisted query's hash.
func decode(body []byte) (*graphql.RawParams, *refused) {
	var request struct {
		Query         *string        `json:"query"`
		OperationName *string        `json:"operationName"`
		Variables     map[string]any `json:"variables"`
		Extensions    map[string]any `json:"extensions"`
		DocumentID    *string        `json:"documentId"`
	}
	if !utf8.Valid(body) {
		return nil, refusal(http.StatusBadRequest, "the request is not valid UTF-8")
	}
	if len(bytes.TrimSpace(body)) > 0 && bytes.TrimSpace(body)[0] == '[' {
		return nil, refusal(http.StatusBadRequest, "one request is sent at a time: the body must be an object, not an array")
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	if err := decoder.Decode(&request); err != nil {
		if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok && wrong.Field != "" {
			return nil, refusal(http.StatusBadRequest, "%s is of the wrong type", knownField(wrong.Field))
		}
		return nil, refusal(http.StatusBadRequest, `the request must be a JSON object: {"query": "…", "variables": {…}}`)
	}
	if decoder.More() || len(bytes.TrimSpace(body[decoder.InputOffset():])) > 0 {
		return nil, refusal(http.StatusBadRequest, "something follows the request")
	}
	params := &graphql.RawParams{Variables: request.Variables, Extensions: request.Extensions}
	if request.Query != nil {
		params.Query = *request.Query
	}
	if request.OperationName != nil {
		params.OperationName = *request.OperationName
	}
	if request.DocumentID != nil {
		params.Extensions = withDocumentID(params.Extensions, *request.DocumentID)
	}
	if params.Query == "" && hashOf(params.Extensions) == "" {
		return nil, refusal(http.StatusBadRequest, "the request has no query")
	}
	return params, nil
}

// knownField is a parameter's name as a request may have it, never what a client made up.
func knownField(field string) string {
	name, _, _ := strings.Cut(field, ".")
	return name
}
