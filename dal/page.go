package dal

import (
	"context"
	"iter"
)

// queryPage is how many records Query reads at once.
const queryPage = 100

// Query returns the records the query asks for, page by page as they are
// consumed. An error is the last pair. Each page is a read of its own: a
// record that is written meanwhile may or may not be seen.
func (r *Repository[T]) Query(ctx context.Context, q Query, options ...ReadOption) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		fresh(options)
		cursor, left := "", q.limit
		for {
			size := queryPage
			if q.limit > 0 {
				size = min(size, left)
			}
			page, err := r.page(ctx, q, cursor, size, options)
			if err != nil {
				var zero T
				yield(zero, err)
				return
			}
			for _, v := range page.Items {
				if !yield(v, nil) {
					return
				}
			}
			left -= len(page.Items)
			if cursor = page.Next; cursor == "" || (q.limit > 0 && left <= 0) {
				return
			}
		}
	}
}

// A Page is part of the answer to a query.
type Page[T any] struct {
	Items []T
	// Next is where the next page begins, "" after the last one. It names no
	// store: a cursor taken in one phase goes on in another.
	Next string
}

// Page returns up to size records from the cursor on, "" to begin. The query
// has no Limit of its own.
func (r *Repository[T]) Page(ctx context.Context, q Query, cursor string, size int, options ...ReadOption) (page Page[T], err error) {
	fresh(options)
	if q.limit != 0 {
		return page, queryFault(r.entity, "", "a page has a size; Limit is for Query")
	}
	return r.page(ctx, q, cursor, size, options)
}

func (r *Repository[T]) page(ctx context.Context, q Query, cursor string, size int, options []ReadOption) (page Page[T], err error) {
	defer r.router.observe("query", r.entity.Name, r.router.clock(), &err)
	sq, err := q.resolve(r.entity)
	if err != nil {
		return page, err
	}
	if size < 1 {
		return page, queryFault(r.entity, "", "the page size is not positive")
	}
	if cursor != "" {
		if sq.After, err = decodeCursor(sq, cursor); err != nil {
			return page, err
		}
	}
	// One row more tells whether there is a next page.
	sq.Limit = size + 1
	rows, err := r.router.query(ctx, sq, options)
	if err != nil {
		return page, err
	}
	if len(rows) > size {
		rows = rows[:size]
		page.Next = encodeCursor(sq, rows[size-1])
	}
	page.Items = make([]T, len(rows))
	for i, row := range rows {
		if err = r.into("query", row.Record, &page.Items[i]); err != nil {
			return Page[T]{}, err
		}
	}
	return page, nil
}
