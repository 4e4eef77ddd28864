//go:build tools

// Package tools pins what the project is built with, so that everybody builds with the same. The command itself runs as
// `go tool gqlgen`; see the go:generate line in graph/resolver.go.
package tools

import _ "github.com/99designs/gqlgen"
