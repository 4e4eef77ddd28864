package transport

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"sync"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// answer writes a response.
type answer struct {
	w     http.ResponseWriter
	r     *http.Request
	media string
	keep  func(*representation) // unless it is nil
}

// statusOf is the status of an answer to a request that could not be executed (section 6.4 of the specification): whoever
// takes application/json alone may be a client that takes any status but 200 for a broken server.
func (a answer) statusOf(errs gqlerror.List) int {
	if a.media == mediaJSON {
		return http.StatusOK
	}
	for _, err := range errs {
		if err.Extensions["code"] == codeNotFound { // the client asks again, which is no error
			return http.StatusOK
		}
	}
	return http.StatusBadRequest
}

// send writes the response in one piece. Data that was never asked for is left out; data that came to nothing is null.
func (a answer) send(status int, response *graphql.Response) {
	room := rooms.Get().(*[]byte)
	body, err := appendResponse((*room)[:0], response)
	if err != nil {
		http.Error(a.w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
		return
	}
	defer leave(room, body)
	whole := newRepresentation(a.r, status, body)
	whole.contentType = line{contentTypeOf(a.media)}
	whole.cacheControl = line{"no-store"}
	if a.shared(status, response) {
		whole.etag = line{`"` + tag(body, a.media+whole.coding) + `"`}
		whole.cacheControl = line{"public, no-cache"} // keep it, but ask whether it still holds
	}
	if a.keep != nil {
		a.keep(whole)
	}
	whole.write(a.w, a.r)
}

func contentTypeOf(media string) string {
	if media == mediaGraphQL {
		return mediaGraphQL + "; charset=utf-8"
	}
	return mediaJSON + "; charset=utf-8"
}

// shared tells whether the answer is the same for everybody and says nothing wrong.
func (a answer) shared(status int, response *graphql.Response) bool {
	return status == http.StatusOK && a.r.Method != http.MethodPost && len(a.r.Header.Values("Authorization")) == 0 && len(response.Errors) == 0
}

// rooms are of *[]byte, to write in what nobody keeps: questions to look up, and answers.
//
//nolint:gochecknoglobals // a pool serves all
var rooms = sync.Pool{New: func() any { return new([]byte) }}

// leave gives a room back, as it is after a text was written in it.
func leave(room *[]byte, text []byte) {
	const most = 64 << 10 // what has grown to more is not kept for texts that are shorter
	if cap(text) <= most {
		*room = text
		rooms.Put(room)
	}
}

// appendResponse puts the parts together; the executor's bytes stay as they are.
func appendResponse(text []byte, response *graphql.Response) ([]byte, error) {
	start := len(text)
	part := func(name string, value []byte) {
		text = append(append(append(text, ','), name...), value...)
	}
	if len(response.Errors) > 0 {
		errs, err := json.Marshal(response.Errors)
		if err != nil {
			return nil, err
		}
		part(`"errors":`, errs)
	}
	if response.Data != nil {
		part(`"data":`, response.Data)
	}
	if len(response.Extensions) > 0 {
		extensions, err := json.Marshal(response.Extensions)
		if err != nil {
			return nil, err
		}
		part(`"extensions":`, extensions)
	}
	if len(text) == start {
		text = append(text, ',')
	}
	text[start] = '{'
	return append(text, '}'), nil
}

// tag is short for an answer's content in one representation.
func tag(body []byte, representation string) string {
	hash := sha256.New()
	hash.Write([]byte(representation))
	hash.Write(body)
	return base64.RawURLEncoding.EncodeToString(hash.Sum(nil)[:15])
}

// matches tells whether a client has what the tag stands for (RFC 9110, section 13.1.2); a proxy that compresses may have
// made the tag weak.
func matches(header []string, etag string) bool {
	for candidate := range strings.SplitSeq(strings.Join(header, ","), ",") {
		candidate = strings.TrimSpace(candidate)
		if candidate == "*" || strings.TrimPrefix(candidate, "W/") == etag {
			return true
		}
	}
	return false
}
