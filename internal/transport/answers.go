package transport

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"io"
	"math"
	"net/http"
	"sync/atomic"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
)

// Freshness tells whether what anybody may read has changed.
type Freshness interface {
	// Generation is another number, which there never was before, as soon as anybody could have read a change. It is not known
	// while that cannot be told.
	Generation(ctx context.Context) (generation uint64, known bool)
}

// Answers keeps answers to queries of nobody in particular, as they go over the wire, for whoever asks the very same, letter by
// letter: who gets one is spared everything but reading the request. A nil *Answers keeps none.
//
// None is older than what could be read when it was asked for, by what its Freshness tells: it is kept only if nothing changed
// while it was made, and of no use once something has.
type Answers struct {
	fresh Freshness
	most  int // bytes of one answer
	cache *cache[*representation]
	last  atomic.Uint64         // the generation of what is kept
	asked [1 << 9]atomic.Uint64 // two marks each, of what was asked last
}

// NewAnswers returns Answers that take so many bytes of memory at most, of which one answer may take a sixteenth; nil for none.
func NewAnswers(most int, fresh Freshness) *Answers {
	if most == 0 {
		return nil
	}
	return &Answers{
		fresh: fresh,
		most:  most / 16,
		cache: newCache[*representation](Bounds{Entries: math.MaxInt, Bytes: most}),
	}
}

// question is what was asked, and when.
type question struct {
	key        [sha256.Size]byte // also of the generation
	generation uint64
	public     bool   // the answer may be kept
	body       []byte // as it was read, if it was
}

// find finds the answer to a request whose body has no more than most bytes, if there is one. If not, the body is the question's, or
// the request has another one that says the same.
func (a *Answers) find(r *http.Request, most int64) (q question, kept *representation) {
	if a == nil || !mayBePublic(r, min(most, longest)) {
		return q, nil
	}
	room := rooms.Get().(*[]byte)
	written, body, err := writeQuestion((*room)[:0], r)
	defer leave(room, written)
	if err == nil { // only now, as a client may take its time to send a body
		q.generation, q.public = a.fresh.Generation(r.Context())
	}
	if q.public {
		binary.BigEndian.PutUint64(written, q.generation)
		q.key = sha256.Sum256(written)
		if kept, known := a.cache.get(string(q.key[:])); known {
			return q, kept
		}
	}
	if err == nil {
		q.body = bytes.Clone(body)
	} else { // it is read again, for whoever says what is wrong with it
		r.Body = &rewound{io.MultiReader(bytes.NewReader(bytes.Clone(body)), r.Body), r.Body}
	}
	return q, nil
}

// rewound is a body of which some was read before.
type rewound struct {
	io.Reader
	io.Closer
}

// longest is how long a body may be of which a question is made, or that is read in one piece, in bytes.
const longest = 32 << 10

// mayBePublic tells whether a request comes from nobody in particular, and says how long it is: most bytes at most.
func mayBePublic(r *http.Request, most int64) bool {
	if _, given := r.Header["Authorization"]; given {
		return false
	}
	switch r.Method {
	case http.MethodGet, http.MethodHead:
		return r.ContentLength == 0
	case http.MethodPost:
		return r.ContentLength > 0 && r.ContentLength <= most
	default:
		return false
	}
}

// writeQuestion appends room for the generation, and all else that an answer to nobody in particular depends on: the headers,
// whether it is sent by POST, and the body or the URL's query.
func writeQuestion(text []byte, r *http.Request) (written, body []byte, err error) {
	text = append(text, make([]byte, 8)...)
	for _, name := range []string{"Accept", "Accept-Encoding", "Content-Encoding", "Content-Type", "Graphql-Cost"} {
		values := r.Header[name]
		text = binary.AppendUvarint(text, uint64(len(values)))
		for _, value := range values {
			text = append(binary.AppendUvarint(text, uint64(len(value))), value...)
		}
	}
	if r.Method != http.MethodPost { // HEAD is answered as GET is
		text = append(text, http.MethodGet...)
		return append(text, r.URL.RawQuery...), nil, nil
	}
	text = append(text, http.MethodPost...)
	start := len(text)
	text = append(text, make([]byte, r.ContentLength)...)
	n, err := io.ReadFull(r.Body, text[start:])
	return text, text[start : start+n], err
}

// overhead is about how much memory an answer takes beside its body, in bytes.
const overhead = 768

// again tells whether the question was asked a little while ago, which is about as many others as there are marks: whoever reads a whole
// list leaves answers that nobody asks for any more, and would have those forgotten that many do. A place has two marks, for two that
// are asked in turn. Two who change one at the same time may lose a mark, and the answer is kept a turn later.
func (a *Answers) again(q question) bool {
	place := &a.asked[binary.BigEndian.Uint16(q.key[:])%uint16(len(a.asked))]
	mark, marks := uint64(binary.BigEndian.Uint32(q.key[4:])), place.Load()
	if marks&math.MaxUint32 == mark || marks>>32 == mark {
		return true
	}
	place.Store(marks<<32 | mark)
	return false
}

// keep keeps the answer to a question, unless anything has changed since that was asked, or it was asked for the first time.
func (a *Answers) keep(ctx context.Context, q question, answer *representation) {
	if !a.again(q) {
		return
	}
	answer.encode()
	if generation, known := a.fresh.Generation(ctx); !known || generation != q.generation || overhead+len(answer.body) > a.most {
		return
	}
	if a.last.Swap(q.generation) != q.generation {
		a.cache.clear()
	}
	answer.body = bytes.Clone(answer.body) // its room is used again, or is more than it needs
	a.cache.put(string(q.key[:]), answer, overhead+cap(answer.body))
}

// public tells whether a response is the same for everybody and says nothing wrong.
func public(operation *graphql.OperationContext, response *graphql.Response) bool {
	return operation.Operation.Operation == ast.Query && len(response.Errors) == 0
}
