package httpd

import (
	"encoding/json"
	"net/http"
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
