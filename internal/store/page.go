package store

import (
	"context"
	"fmt"
	"strconv"

	"postern/internal/page"
)

// list is what can be paged: rows of a table that have an id. Its conditions start at placeholder $4.
type list[T any] struct {
	columns string
	table   string // whose id is paged, with its alias
	join    string // what else the columns come from
	alias   string
	where   string // "" for all
	args    []any
	// item is a new one, and where its columns go: appended to what others needed before.
	item func(dest []any) (T, []any)
}

// paged looks up a window of a list in one statement, whatever its size. If anybody asks for that, every row tells, too, whether the list
// has anything before the window and after it; only when there is no row at all, a second statement asks.
func paged[T any](ctx context.Context, q querier, l list[T], w page.Window) (page.Page[T], error) {
	condition := ""
	if l.where != "" {
		condition = " AND " + l.where
	}
	id := l.alias + ".id"
	order := "DESC"
	if w.FromEnd {
		order = "ASC"
	}
	columns, limit, flags := l.columns, w.Limit, ""
	if !w.Unflagged {
		limit++ // which tells whether there is more on that side
	}
	args := append([]any{w.Span.Over, w.Span.Under, limit}, l.args...)
	if !w.Unflagged {
		// The list lies strictly between the last two; the window between $1 and $2, which lie within. One bound on each side, and the
		// order of the index: else either database may read the whole table to find one row.
		exists := func(bounds, order string) string {
			return `(SELECT 1 FROM ` + l.table + ` WHERE ` + bounds + condition + ` ORDER BY ` + id + order + ` LIMIT 1) IS NOT NULL`
		}
		over, under := `$`+strconv.Itoa(len(args)+1), `$`+strconv.Itoa(len(args)+2)
		flags = exists(id+` >= $2 AND `+id+` < `+under, ``) + `, ` + exists(id+` > `+over+` AND `+id+` <= $1`, ` DESC`)
		columns += `, ` + flags
		args = append(args, w.List.Over, w.List.Under)
	}
	var before, after bool
	var dest []any
	found, err := all(ctx, q, func(r row) (item T, err error) {
		item, dest = l.item(dest[:0])
		if !w.Unflagged {
			dest = append(dest, &before, &after)
		}
		return item, r.Scan(dest...)
	}, `SELECT `+columns+` FROM `+l.table+l.join+` WHERE `+id+` > $1 AND `+id+` < $2`+condition+`
		ORDER BY `+id+` `+order+` LIMIT $3`, args...)
	if err != nil {
		return page.Page[T]{}, fmt.Errorf("page: %w", err)
	}
	if len(found) == 0 && w.Span != w.List && !w.Unflagged {
		if err := q.one(ctx, `SELECT `+flags+` WHERE $3 > 0`, args, &before, &after); err != nil {
			return page.Page[T]{}, fmt.Errorf("look around an empty page: %w", err)
		}
	}
	return page.Cut(w, found, before, after), nil
}
