package store

import (
	"context"
	"fmt"

	"postern/internal/page"
)

// list is what can be paged: rows of a table that have an id. Its conditions start at placeholder $6.
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

// paged looks up a window of a list in one statement, whatever its size. Every row tells, too, whether the list has
// anything before the window and after it; only when there is no row at all, a second statement asks for that.
func paged[T any](ctx context.Context, q querier, l list[T], w page.Window) (page.Page[T], error) {
	condition := ""
	if l.where != "" {
		condition = " AND " + l.where
	}
	id := l.alias + ".id"
	// One bound on each side, and the order of the index: else either database may read the whole table to find one row.
	exists := func(bounds, order string) string {
		return `(SELECT 1 FROM ` + l.table + ` WHERE ` + bounds + condition + ` ORDER BY ` + id + order + ` LIMIT 1) IS NOT NULL`
	}
	// The list lies strictly between $1 and $2; the window between $3 and $4, which lie within.
	flags := exists(id+` >= $4 AND `+id+` < $2`, ``) + `, ` + exists(id+` > $1 AND `+id+` <= $3`, ` DESC`)
	order := "DESC"
	if w.FromEnd {
		order = "ASC"
	}
	args := append([]any{w.List.Over, w.List.Under, w.Span.Over, w.Span.Under, w.Limit + 1}, l.args...)
	var before, after bool
	var dest []any
	found, err := all(ctx, q, func(r row) (item T, err error) {
		item, dest = l.item(dest[:0])
		dest = append(dest, &before, &after)
		return item, r.Scan(dest...)
	}, `SELECT `+l.columns+`, `+flags+` FROM `+l.table+l.join+` WHERE `+id+` > $3 AND `+id+` < $4`+condition+`
		ORDER BY `+id+` `+order+` LIMIT $5`, args...)
	if err != nil {
		return page.Page[T]{}, fmt.Errorf("page: %w", err)
	}
	if len(found) == 0 && w.Span != w.List {
		if err := q.one(ctx, `SELECT `+flags+` WHERE $5 > 0`, args, &before, &after); err != nil {
			return page.Page[T]{}, fmt.Errorf("look around an empty page: %w", err)
		}
	}
	return page.Cut(w, found, before, after), nil
}
