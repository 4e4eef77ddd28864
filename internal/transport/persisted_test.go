package transport_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"postern/internal/limit"
	"postern/internal/transport"
)

func hashOf(document string) string {
	sum := sha256.Sum256([]byte(document))
	return hex.EncodeToString(sum[:])
}

func persisted(query, hash string) string {
	return fmt.Sprintf(`{"query":%q,"extensions":{"persistedQuery":{"version":1,"sha256Hash":%q}}}`, query, hash)
}

func TestAutomaticPersistedQueries(t *testing.T) {
	t.Parallel()
	server := newServer(transport.NewDocuments(transport.Bounds{Entries: 10, Bytes: 1000}))
	const document = "{ __typename }"
	hash := hashOf(document)

	miss := post(t, server, persisted("", hash), "Accept: application/graphql-response+json")
	if message, code := firstError(t, miss); miss.Code != http.StatusOK || message != "PersistedQueryNotFound" ||
		code != "PERSISTED_QUERY_NOT_FOUND" || miss.Header().Get("Cache-Control") != "no-store" {
		t.Errorf("an unknown hash = %d %s %v", miss.Code, miss.Body, miss.Header())
	}
	if wrong := post(t, server, persisted("{ a: __typename }", hash)); wrong.Body.String() == answered {
		t.Error("a document was taken for another's hash")
	}
	if sent := post(t, server, persisted(document, strings.ToUpper(hash))); sent.Body.String() != answered {
		t.Errorf("the document with its hash = %s", sent.Body)
	}
	for name, body := range map[string]string{
		"the hash alone": persisted("", hash), "a document id": `{"documentId":"sha256:` + hash + `"}`,
	} {
		if hit := post(t, server, body); hit.Body.String() != answered {
			t.Errorf("%s = %s, want %s", name, hit.Body, answered)
		}
	}
	if hit := ask(t, server, http.MethodGet, `/graphql?extensions={"persistedQuery":{"version":1,"sha256Hash":"`+hash+`"}}`, ""); hit.Body.String() != answered {
		t.Errorf("the hash alone by GET = %s, want %s", hit.Body, answered)
	}
}

func TestPersistedQueriesAreBounded(t *testing.T) {
	t.Parallel()
	for name, bounds := range map[string]transport.Bounds{
		"entries": {Entries: 5, Bytes: 1 << 20}, "bytes": {Entries: 1 << 20, Bytes: 5 * len("{ a00: __typename }")},
	} {
		server := newServer(transport.NewDocuments(bounds))
		document := func(i int) string { return fmt.Sprintf("{ a%02d: __typename }", i) }
		var group sync.WaitGroup
		for i := range 50 {
			group.Go(func() { post(t, server, persisted(document(i), hashOf(document(i)))) })
		}
		group.Wait()
		kept := 0
		for i := range 50 {
			if strings.Contains(post(t, server, persisted("", hashOf(document(i)))).Body.String(), "Query") &&
				!strings.Contains(post(t, server, persisted("", hashOf(document(i)))).Body.String(), "NotFound") {
				kept++
			}
		}
		if kept != 5 {
			t.Errorf("bounded in %s, %d documents are kept, want 5", name, kept)
		}
	}
}

// TestRefusedDocumentsAreForgotten: what does not fit the schema, or costs too much, does not push out what was good.
func TestRefusedDocumentsAreForgotten(t *testing.T) {
	t.Parallel()
	limits := limit.Default()
	limits.DocumentLength, limits.Cost = 100, 1
	documents := transport.NewDocuments(transport.Bounds{Entries: 2, Bytes: 1000})
	server := newServer(documents, limit.NewExtension(limits, transport.NewDocumentCache(transport.Bounds{})))
	const good = "{ __typename }"
	post(t, server, persisted(good, hashOf(good)))
	for _, document := range []string{
		"{ nothing }", "{", "{ __typename } # " + strings.Repeat("x", 500), "{ posts { totalCount } }", "subscription { postPublished { id } }",
	} {
		firstError(t, post(t, server, persisted(document, hashOf(document))))
		if _, code := firstError(t, post(t, server, persisted("", hashOf(document)))); code != "PERSISTED_QUERY_NOT_FOUND" {
			t.Errorf("%.30s by its hash = %s, want it not to be known", document, code)
		}
	}
	if kept := post(t, server, persisted("", hashOf(good))); kept.Body.String() != answered {
		t.Errorf("the good document by its hash = %s, want %s", kept.Body, answered)
	}
}

func TestDocumentsOfAFile(t *testing.T) {
	t.Parallel()
	const document, other = "query A { __typename }", "{ __typename }"
	path := filepath.Join(t.TempDir(), "documents.json")
	// As graphql-codegen writes it, and in capitals.
	if err := os.WriteFile(path, fmt.Appendf(nil, `{"sha256:%s": %q}`, strings.ToUpper(hashOf(document)), document), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, only := range []bool{false, true} {
		documents, err := transport.LoadDocuments(path, only, transport.Bounds{Entries: 10, Bytes: 1000})
		if err != nil {
			t.Fatal(err)
		}
		server := newServer(documents)
		for name, body := range map[string]string{
			"its hash": persisted("", hashOf(document)), "its hash as codegen spells it": persisted("", "sha256:"+hashOf(document)),
			"a document id": `{"documentId":"sha256:` + hashOf(document) + `"}`,
		} {
			if got := post(t, server, body); got.Body.String() != answered {
				t.Errorf("only=%t: a known document by %s = %s, want %s", only, name, got.Body, answered)
			}
		}
		for name, body := range map[string]string{
			"without a hash": `{"query":"` + other + `"}`, "with its hash": persisted(other, hashOf(other)),
			"with a known hash": persisted(other, hashOf(document)),
		} {
			passed := post(t, server, body).Body.String() == answered
			if want := !only && name != "with a known hash"; passed != want {
				t.Errorf("only=%t: another document %s passes: %t, want %t", only, name, passed, want)
			}
		}
	}
	for name, text := range map[string]string{"nothing": "", "a list": "[]", "numbers": `{"a": 1}`} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := transport.LoadDocuments(path, false, transport.Bounds{}); err == nil {
			t.Errorf("LoadDocuments(%s) = nil, want an error", name)
		}
	}
}
