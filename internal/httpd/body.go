package httpd

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"unicode/utf8"
)

// gqlError is an error of a GraphQL response (GraphQL, section 7.1.2).
type gqlError struct {
	Message    string         `json:"message"`
	Extensions map[string]any `json:"extensions"`
}

// writeError answers a request that never reached GraphQL.
func writeError(w http.ResponseWriter, status int, e gqlError) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string][]gqlError{"errors": {e}})
}

func badRequest(w http.ResponseWriter, status int, message string) {
	writeError(w, status, gqlError{Message: message, Extensions: map[string]any{"code": "BAD_REQUEST"}})
}

// jsonBody lets POST requests pass whose body is one JSON object in UTF-8 and not too long; what it answers for the others
// quotes nothing of them.
func jsonBody(most int64) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method != http.MethodPost {
				next.ServeHTTP(w, r)
				return
			}
			if media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || media != "application/json" {
				badRequest(w, http.StatusUnsupportedMediaType, "the body must be application/json")
				return
			}
			body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, most))
			if _, tooLong := errors.AsType[*http.MaxBytesError](err); tooLong {
				badRequest(w, http.StatusRequestEntityTooLarge, "the body is longer than 1 MB")
				return
			}
			if err != nil {
				badRequest(w, http.StatusBadRequest, "the body could not be read")
				return
			}
			if problem := whatIsWrong(body); problem != "" {
				badRequest(w, http.StatusBadRequest, problem)
				return
			}
			r.Body = io.NopCloser(bytes.NewReader(body))
			next.ServeHTTP(w, r)
		})
	}
}

// whatIsWrong says why a body is no GraphQL request (GraphQL over HTTP, section 5.3.1); "" if it is one.
func whatIsWrong(body []byte) string {
	var request struct {
		Query         *string        `json:"query"`
		OperationName *string        `json:"operationName"`
		Variables     map[string]any `json:"variables"`
		Extensions    map[string]any `json:"extensions"`
	}
	switch {
	case !utf8.Valid(body):
		return "the body is not valid UTF-8"
	case !json.Valid(body):
		return "the body is not valid JSON"
	case json.Unmarshal(body, &request) != nil:
		return `the body must be an object: {"query": "…", "variables": {…}, "operationName": "…"}`
	case request.Query == nil || *request.Query == "":
		return "the body has no query"
	}
	return ""
}
