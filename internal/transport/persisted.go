package transport

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/errcode"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// The codes that clients of persisted documents know.
const (
	codeNotFound = "PERSISTED_QUERY_NOT_FOUND" // the hash is unknown: send the document with it
	codeOnly     = "PERSISTED_QUERY_REQUIRED"  // only documents that the server knows beforehand are executed
)

// Documents are known by their hash, the SHA-256 in hexadecimal digits, so that clients need not send them: those of a file, for
// good, and what clients sent with the hash before (Apollo's automatic persisted queries), for a while.
type Documents struct {
	file map[string]string
	only bool

	sent *cache[string] // by hash
}

// NewDocuments returns Documents that keep what clients send within the bounds.
func NewDocuments(maximum Bounds) *Documents {
	return &Documents{file: make(map[string]string), sent: newCache[string](maximum)}
}

// LoadDocuments returns Documents that know those of a file: a JSON object from hashes to documents, as graphql-codegen's
// client preset writes it. If only is set, they know no others, and let none pass.
func LoadDocuments(path string, only bool, maximum Bounds) (*Documents, error) {
	d := NewDocuments(maximum)
	d.only = only
	text, err := os.ReadFile(path) //nolint:gosec // the path is a setting
	if err != nil {
		return nil, err
	}
	var file map[string]string
	if err := json.Unmarshal(text, &file); err != nil {
		return nil, fmt.Errorf("%s is no JSON object from hashes to documents: %w", path, err)
	}
	for hash, document := range file {
		d.file[bare(hash)] = document
	}
	return d, nil
}

var _ interface {
	graphql.HandlerExtension
	graphql.OperationParameterMutator
	graphql.OperationInterceptor
} = (*Documents)(nil)

// ExtensionName implements graphql.HandlerExtension.
func (*Documents) ExtensionName() string { return "PersistedDocuments" }

// Validate implements graphql.HandlerExtension.
func (*Documents) Validate(graphql.ExecutableSchema) error { return nil }

// MutateOperationParameters implements graphql.OperationParameterMutator: it puts the document in the place of its hash.
func (d *Documents) MutateOperationParameters(_ context.Context, params *graphql.RawParams) *gqlerror.Error {
	hash := hashOf(params.Extensions)
	if text, known := d.file[hash]; known && (params.Query == "" || params.Query == text) {
		params.Query = text
		return nil
	}
	switch {
	case d.only:
		return coded(codeOnly, "only documents that the server knows beforehand are executed")
	case hash == "":
		return nil
	case params.Query == "":
		text, known := d.sent.get(hash)
		if !known {
			return coded(codeNotFound, "PersistedQueryNotFound")
		}
		params.Query = text
	case hashText(params.Query) != hash:
		return coded(codeBadRequest, "the hash is not the document's")
	}
	return nil
}

// InterceptOperation implements graphql.OperationInterceptor: it remembers what is executed, and so was found good by all who
// look at it. What is refused would push that out.
func (d *Documents) InterceptOperation(ctx context.Context, next graphql.OperationHandler) graphql.ResponseHandler {
	operation := graphql.GetOperationContext(ctx)
	hash := hashOf(operation.Extensions)
	if _, filed := d.file[hash]; hash != "" && !filed {
		d.sent.put(hash, operation.RawQuery, len(operation.RawQuery))
	}
	return next(ctx)
}

func coded(code, message string) *gqlerror.Error {
	err := gqlerror.Errorf("%s", message)
	errcode.Set(err, code)
	return err
}

// bare is a hash without the name of its kind, which graphql-codegen puts before it, in lower case.
func bare(hash string) string { return strings.ToLower(strings.TrimPrefix(hash, "sha256:")) }

// hashOf is the hash that a request names; "" if it names none.
func hashOf(extensions map[string]any) string {
	persisted, _ := extensions["persistedQuery"].(map[string]any)
	hash, _ := persisted["sha256Hash"].(string)
	return bare(hash)
}

// withDocumentID makes a document id (appendix A of the specification) the hash of a persisted query.
func withDocumentID(extensions map[string]any, id string) map[string]any {
	if extensions == nil {
		extensions = make(map[string]any, 1)
	}
	extensions["persistedQuery"] = map[string]any{"sha256Hash": id}
	return extensions
}

func hashText(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}
