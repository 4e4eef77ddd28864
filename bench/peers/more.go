package main

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"

	"github.com/google/uuid"
)

// posternAgain is Postern with more posts, and on more processors, to be compared with itself.
func (b *bench) posternAgain(ctx context.Context) (found []peer, err error) {
	if b.cluster != nil {
		return nil, nil
	}
	if chosen(b.workloads, "processors") {
		p, err := b.variant(ctx, "Postern on 2 processors")
		if err != nil {
			return nil, err
		}
		p.only, p.cores = []string{"processors"}, serving+","+asking
		found = append(found, p)
	}
	if chosen(b.workloads, "size") {
		p, err := b.variant(ctx, fmt.Sprintf("Postern with %d posts", b.more))
		if err != nil {
			return nil, err
		}
		p.only = []string{"size"}
		_, _ = fmt.Fprintf(b.progress, "%d more posts, by SQL\n", b.more-b.posts)
		if p.blog, err = b.lengthen(ctx, p); err != nil {
			return nil, fmt.Errorf("add posts: %w", err)
		}
		found = append(found, p)
	}
	return found, nil
}

// variant is Postern with a copy of its database.
func (b *bench) variant(ctx context.Context, name string) (peer, error) {
	p, err := b.posternPeer(ctx, name)
	if err != nil {
		return peer{}, err
	}
	data, err := os.ReadFile(b.peers[0].counted)
	if err != nil {
		return peer{}, err
	}
	return p, os.WriteFile(p.counted, data, 0o600) //nolint:gosec // the name is from our own list
}

// lengthen adds older posts until there are enough, and reads some of all of them.
func (b *bench) lengthen(ctx context.Context, p peer) (_ *blog, err error) {
	db, err := open(p.counted)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return nil, err
	}
	defer func() { _ = tx.Rollback() }() // after a commit it does nothing
	insert, err := tx.PrepareContext(ctx, `INSERT INTO posts (id, author_id, slug, title, content, created_at, updated_at, version)
		SELECT $1, author_id, $2, $3, content, $4, $4, 1 FROM posts WHERE slug = $5`)
	if err != nil {
		return nil, err
	}
	defer func() { _ = insert.Close() }() // with the transaction
	older := make([]uuid.UUID, b.more-b.posts)
	for i := range older {
		const start, apart, inMicroseconds = 1_600_000_000_000, 60_000, 1000 // milliseconds
		at := start + i*apart
		older[i] = idAt(at)
		like := fmt.Sprintf("post-%05d", i%b.posts)
		if _, err := insert.ExecContext(ctx, older[i], fmt.Sprintf("older-%d", i), fmt.Sprintf("Older %d", i), at*inMicroseconds, like); err != nil {
			return nil, err
		}
	}
	if err := tx.Commit(); err != nil {
		return nil, err
	}
	return b.samples(ctx, p, older[pageOfAll:])
}

// idAt is an id as Postern makes them: a UUID of version 7.
func idAt(milliseconds int) (id uuid.UUID) {
	id = uuid.New()
	const version, timeBits = 7 << 4, 16
	binary.BigEndian.PutUint64(id[:8], uint64(milliseconds)<<timeBits|uint64(binary.BigEndian.Uint16(id[6:8]))) //nolint:gosec // it is not negative
	id[6] = id[6]&0x0f | version
	return id
}

// samples are runs of posts, from wherever there are any.
func (b *bench) samples(ctx context.Context, p peer, from []uuid.UUID) (*blog, error) {
	s, err := b.start(ctx, p, serving+","+asking)
	if err != nil {
		return nil, err
	}
	defer s.stop()
	const runs = 200
	found := &blog{run: pageOfAll, users: b.blog.users}
	for range runs {
		id := from[rand.IntN(len(from))] //nolint:gosec // whichever
		cursor := base64.RawURLEncoding.EncodeToString(append([]byte{'p'}, id[:]...))
		posts, err := read(ctx, s.origin, &cursor)
		if err == nil && len(posts) < pageOfAll {
			err = fmt.Errorf("only %d posts follow %s", len(posts), id)
		}
		if err != nil {
			return nil, err
		}
		found.posts = append(found.posts, posts...)
	}
	return found, nil
}
