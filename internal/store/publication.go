package store

import (
	"context"
	"fmt"

	"postern/internal/blog"
)

// Position implements blog.Store.
func (s *Store) Position(ctx context.Context) (position int64, err error) {
	if err = s.reader.one(ctx, `SELECT position FROM feed`, nil, &position); err != nil {
		return 0, fmt.Errorf("read the feed's position: %w", err)
	}
	return position, nil
}

// Published implements blog.Store. A trigger of the schema has given the posts their positions.
func (s *Store) Published(ctx context.Context, after int64, limit int) ([]blog.Publication, error) {
	published, err := all(ctx, s.reader, scanPublication, `
		SELECT n.position, `+postColumns+` FROM publications n JOIN `+postTable+` ON p.id = n.post_id`+s.dialect.author+`
		WHERE n.position > $1 ORDER BY n.position LIMIT $2`, after, limit)
	if err != nil {
		return nil, fmt.Errorf("read publications: %w", err)
	}
	return published, nil
}

func scanPublication(r row) (blog.Publication, error) {
	n := blog.Publication{Post: new(blog.Post)}
	return n, r.Scan(postDest([]any{&n.Position}, n.Post)...)
}
