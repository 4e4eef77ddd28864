package transport

import (
	"container/list"
	"context"
	"sync"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
)

// Bounds are how much a cache holds at most.
type Bounds struct {
	Entries int
	Bytes   int
}

// cache forgets what was not used for the longest time as soon as it holds more than it may.
type cache[T any] struct {
	bounds Bounds

	mu     sync.Mutex
	kept   map[string]*list.Element // of *entry[T]
	recent *list.List               // the last used in front
	bytes  int
}

type entry[T any] struct {
	key   string
	value T
	bytes int
}

func newCache[T any](bounds Bounds) *cache[T] {
	return &cache[T]{bounds: bounds, kept: make(map[string]*list.Element), recent: list.New()}
}

func (c *cache[T]) get(key string) (value T, known bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	element, known := c.kept[key]
	if !known {
		return value, false
	}
	c.recent.MoveToFront(element)
	return element.Value.(*entry[T]).value, true
}

// put keeps a value that counts as so many bytes, unless it alone is more than the cache may hold.
func (c *cache[T]) put(key string, value T, bytes int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, known := c.kept[key]; known || bytes > c.bounds.Bytes {
		return
	}
	c.kept[key] = c.recent.PushFront(&entry[T]{key, value, bytes})
	c.bytes += bytes
	for len(c.kept) > c.bounds.Entries || c.bytes > c.bounds.Bytes {
		oldest := c.recent.Remove(c.recent.Back()).(*entry[T])
		delete(c.kept, oldest.key)
		c.bytes -= oldest.bytes
	}
}

// clear forgets everything.
func (c *cache[T]) clear() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.kept, c.recent, c.bytes = make(map[string]*list.Element), list.New(), 0
}

// parsed is about how many bytes of memory a byte of a document takes once it is parsed and validated, where it is most
// expensive: a field of two letters.
const parsed = 100

// documentCache keeps parsed documents.
type documentCache struct{ cache *cache[*ast.QueryDocument] }

// NewDocumentCache returns a cache of parsed documents that is bounded by the memory that they take, not by their length.
func NewDocumentCache(bounds Bounds) graphql.Cache[*ast.QueryDocument] {
	return documentCache{newCache[*ast.QueryDocument](bounds)}
}

// Get implements graphql.Cache.
func (c documentCache) Get(_ context.Context, text string) (*ast.QueryDocument, bool) {
	return c.cache.get(text)
}

// Add implements graphql.Cache.
func (c documentCache) Add(_ context.Context, text string, document *ast.QueryDocument) {
	c.cache.put(text, document, parsed*len(text))
}
