package store

import (
	"context"
	"fmt"
	"slices"

	"postern/internal/account"
	"postern/internal/blog"
	"postern/internal/fault"
	"postern/internal/id"
	"postern/internal/page"
	"postern/internal/throttle"
)

// CreatePost implements blog.Store.
func (s *Store) CreatePost(ctx context.Context, p *blog.Post, attempts ...throttle.Attempt) error {
	return s.write(ctx, func(q querier) error {
		var author account.User
		err := q.one(ctx, `SELECT `+userColumns+` FROM users u WHERE u.id = $1`+q.dialect.forShare, []any{p.Author.ID}, userDest(nil, &author)...)
		if err != nil {
			return notFound(err, "user")
		}
		if err := q.attempt(ctx, p.CreatedAt, attempts); err != nil {
			return err
		}
		created, err := q.exec(ctx, `
			INSERT INTO posts (id, author_id, slug, title, content, created_at, updated_at, version)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
			ON CONFLICT (slug) DO NOTHING`,
			p.ID, p.Author.ID, p.Slug, p.Title, p.Content, p.CreatedAt, p.UpdatedAt, p.Version)
		switch {
		case s.dialect.isForeign(err): // deleted since it was looked up
			return fault.New(fault.NotFound, "There is no such user.").Because(err)
		case err != nil:
			return fmt.Errorf("insert post: %w", err)
		case created == 0:
			return slugTaken()
		}
		p.Author = author
		return nil
	})
}

func slugTaken() error {
	return fault.New(fault.Taken, "Another post has this slug already.").At("input", "slug")
}

const (
	outlineColumns = `p.id, p.slug, p.title, p.created_at, p.updated_at, p.version, ` + userColumns
	postColumns    = outlineColumns + `, p.content`
	postTable      = `posts p`
	selectPost     = `SELECT ` + postColumns + ` FROM ` + postTable
)

// outlineDest appends where a post's columns go, but for the content.
func outlineDest(dest []any, p *blog.Post) []any {
	dest = slices.Grow(dest, 11) // with the content
	dest = append(dest, &p.ID, &p.Slug, &p.Title, moment{&p.CreatedAt}, moment{&p.UpdatedAt}, &p.Version)
	return userDest(dest, &p.Author)
}

// postDest appends where all of a post's columns go.
func postDest(dest []any, p *blog.Post) []any {
	return append(outlineDest(dest, p), &p.Content)
}

func scanPost(r row) (*blog.Post, error) {
	p := new(blog.Post)
	return p, r.Scan(postDest(nil, p)...)
}

// Post implements blog.Store.
func (s *Store) Post(ctx context.Context, by blog.PostLookup) (*blog.Post, error) {
	if by.ID != nil {
		return s.reader.post(ctx, s.dialect.postByID, *by.ID)
	}
	return s.reader.post(ctx, s.dialect.postBySlug, *by.Slug)
}

func (q querier) post(ctx context.Context, text string, value any) (*blog.Post, error) {
	p := new(blog.Post)
	err := q.one(ctx, text, []any{value}, postDest(nil, p)...)
	return p, notFound(err, "post")
}

// PostsByID implements blog.Store.
func (s *Store) PostsByID(ctx context.Context, ids []id.Post) ([]*blog.Post, error) {
	list, args := in(1, ids, id.Post{})
	return all(ctx, s.reader, scanPost, `SELECT `+postColumns+` FROM `+postTable+s.dialect.author+` WHERE p.id IN (`+list+`)`, args...)
}

// Posts implements blog.Store.
func (s *Store) Posts(
	ctx context.Context, w page.Window, author *id.User, detail blog.Detail,
) (page.Page[*blog.Post], error) {
	var room []blog.Post // for a page at a time: nobody keeps one of them for itself
	next := func() *blog.Post {
		if len(room) == 0 {
			room = make([]blog.Post, min(w.Limit+1, page.Default+1))
		}
		p := &room[0]
		room = room[1:]
		return p
	}
	posts := list[*blog.Post]{
		columns: postColumns,
		table:   postTable,
		join:    s.dialect.author,
		alias:   "p",
		item: func(dest []any) (*blog.Post, []any) {
			p := next()
			return p, postDest(dest, p)
		},
	}
	if detail == blog.Outline {
		posts.columns = outlineColumns
		posts.item = func(dest []any) (*blog.Post, []any) {
			p := next()
			p.Outlined = true
			return p, outlineDest(dest, p)
		}
	}
	if author != nil {
		posts.where, posts.args = `p.author_id = $4`, []any{*author}
	}
	return paged(ctx, s.reader, posts, w)
}

// CountPosts implements blog.Store.
func (s *Store) CountPosts(ctx context.Context, list page.Span, author *id.User) (count int, err error) {
	text, args := `SELECT count(*) FROM posts WHERE id > $1 AND id < $2`, []any{list.Over, list.Under}
	if author != nil {
		text, args = text+` AND author_id = $3`, append(args, *author)
	}
	err = s.reader.one(ctx, text, args, &count)
	return count, err
}

// UpdatePost implements blog.Store.
func (s *Store) UpdatePost(ctx context.Context, post id.Post, change func(*blog.Post) error) (*blog.Post, error) {
	var updated *blog.Post
	err := s.write(ctx, func(q querier) error {
		return q.unlessChanged(ctx, post, func(p *blog.Post) (touched int64, err error) {
			if err := change(p); err != nil {
				return 0, err
			}
			p.Version++
			updated = p
			touched, err = q.exec(ctx, `
				UPDATE posts SET slug = $3, title = $4, content = $5, updated_at = $6, version = version + 1
				WHERE id = $1 AND version = $2`,
				p.ID, p.Version-1, p.Slug, p.Title, p.Content, p.UpdatedAt)
			if s.dialect.isUnique(err) {
				return 0, slugTaken()
			}
			return touched, err
		})
	})
	if err != nil {
		return nil, err
	}
	return updated, nil
}

// DeletePost implements blog.Store.
func (s *Store) DeletePost(ctx context.Context, post id.Post, allowed func(*blog.Post) error) error {
	return s.write(ctx, func(q querier) error {
		return q.unlessChanged(ctx, post, func(p *blog.Post) (int64, error) {
			if err := allowed(p); err != nil {
				return 0, err
			}
			return q.exec(ctx, `DELETE FROM posts WHERE id = $1 AND version = $2`, p.ID, p.Version)
		})
	})
}

// unlessChanged calls write with a post until it touches the row, which it does not if somebody changed the post between
// its being read and being written.
func (q querier) unlessChanged(ctx context.Context, post id.Post, write func(*blog.Post) (touched int64, err error)) error {
	for {
		current, err := q.post(ctx, q.dialect.postByID, post)
		if err != nil {
			return err
		}
		touched, err := write(current)
		if err != nil {
			return err
		}
		if touched > 0 {
			return nil
		}
	}
}
