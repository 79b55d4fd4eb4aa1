package dal

import (
	"context"
	"iter"
	"slices"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// queryPage is how many records Query reads at once.
const queryPage = 100

// Query returns the records the query asks for, page by page as they are
// consumed. An error is the last pair. Each page is a read of its own: a
// record that is written meanwhile may or may not be seen.
func (r *Repository[T]) Query(ctx context.Context, q Query, options ...ReadOption) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		fresh(options)
		var from transform.Record
		for left := q.limit; ; {
			size := queryPage
			if q.limit > 0 {
				size = min(size, left)
			}
			items, next, err := r.part(ctx, q, from, size, options)
			if err != nil {
				var zero T
				yield(zero, err)
				return
			}
			for _, v := range items {
				if !yield(v, nil) {
					return
				}
			}
			left -= len(items)
			if from = next; from.IsZero() || q.limit > 0 && left <= 0 {
				return
			}
		}
	}
}

// part reads size records of the query after one.
func (r *Repository[T]) part(ctx context.Context, q Query, after transform.Record, size int, options []ReadOption) (items []T, next transform.Record, err error) {
	defer r.router.observe("query", r.entity.Name, r.router.clock(), &err)
	rq, err := q.resolve(r.entity)
	if err != nil {
		return nil, next, err
	}
	rq.After = after
	found, err := r.router.fill(ctx, rq, size, r.lookup(), options)
	if err != nil {
		return nil, next, err
	}
	items, err = r.items(found)
	return items, found.next.Record, err
}

// A Page is part of the answer to a query.
type Page[T any] struct {
	Items []T
	// Next is where the next page begins, "" after the last one: an opaque text for
	// URLs, of at most 16 KB, mostly of 60 bytes and the length of a key. It names
	// no store: a cursor taken in one phase goes on in another. The key and the sort
	// key of a record can be read in it.
	Next string
}

// Page returns up to size records from the cursor on, "" to begin. The query
// has no Limit of its own. The size may change from page to page; everything else
// of the query must stay: a cursor of another query, one that is damaged and one of
// a version that this release does not know are ErrInvalid.
//
// A page of a query without Where is full unless it is the last. With Where a page
// looks through at most 10,000 records, each read of a thousand at most: it may then
// hold fewer records than size, or none, and Next says that there may be more.
func (r *Repository[T]) Page(ctx context.Context, q Query, cursor string, size int, options ...ReadOption) (page Page[T], err error) {
	defer r.router.observe("query", r.entity.Name, r.router.clock(), &err)
	fresh(options)
	if q.limit != 0 {
		return page, queryFault(r.entity, "", "a page has a size; Limit is for Query")
	}
	if size < 1 {
		return page, queryFault(r.entity, "", "the page size is not positive")
	}
	rq, err := q.resolve(r.entity)
	if err != nil {
		return page, err
	}
	if cursor != "" {
		if rq.After, err = rq.decodeCursor(cursor); err != nil {
			return page, err
		}
	}
	found, err := r.router.fill(ctx, rq, size, r.lookup(), options)
	if err != nil {
		return page, err
	}
	if !found.next.Record.IsZero() {
		if page.Next, err = rq.encodeCursor(found.next); err != nil {
			return Page[T]{}, err
		}
	}
	if page.Items, err = r.items(found); err != nil {
		return Page[T]{}, err
	}
	return page, nil
}

// items converts the rows of a page.
func (r *Repository[T]) items(f *filling) ([]T, error) {
	items := make([]T, len(f.rows))
	for i, row := range f.rows {
		if err := r.fill("query", row.Record, f.joined[i], &items[i]); err != nil {
			return nil, err
		}
	}
	return items, nil
}

// What one page reads.
const (
	maxRead = 1000   // records at once
	minRead = 100    // records at once where filters leave some out
	maxSeen = 10_000 // records in all where filters leave some out
)

// A filling is a page on its way.
type filling struct {
	query *resolved
	size  int
	also  *lookup
	rows  []store.Row
	// joined has what each of rows is joined with, as it was read with it: a record
	// that one read did not find may be there for those of the next.
	joined []targets
	seen   int
	last   store.Row // that was looked at
	next   store.Row // after which the next page begins, the zero Row after the last
}

// fill reads on until there is one record more than the page takes, which tells
// that there is a next page.
func (r *Router) fill(ctx context.Context, q *resolved, size int, also *lookup, options []ReadOption) (*filling, error) {
	f := &filling{query: q, size: size, also: also}
	if also != nil {
		also.wanted = f.wanted
	}
	sq := q.Query
	for {
		sq.Limit = f.ask()
		rows, from, err := r.query(ctx, sq, also, options)
		if err != nil {
			return nil, err
		}
		r.tellLag(q, from, options)
		if f.add(rows) || len(rows) < sq.Limit {
			return f, nil
		}
		if len(q.filters) > 0 && f.seen >= maxSeen {
			f.next = f.last
			return f, nil
		}
		sq.After = f.last.Record
	}
}

// ask returns how many records to read next. Where few pass, more are read at once.
func (f *filling) ask() int {
	n := f.size - len(f.rows)
	if len(f.query.filters) > 0 {
		n = min(max(n, f.seen, minRead), maxSeen-f.seen-1)
	}
	return min(n, maxRead-1) + 1
}

// add takes the records that pass, and reports whether the page is done.
func (f *filling) add(rows []store.Row) bool {
	for _, row := range rows {
		f.seen++
		f.last = row
		if !f.passes(row) {
			continue
		}
		if len(f.rows) == f.size {
			f.next = f.rows[f.size-1]
			return true
		}
		f.rows, f.joined = append(f.rows, row), append(f.joined, f.also.targets())
	}
	return false
}

// passes reports whether a record meets the query's conditions.
func (f *filling) passes(row store.Row) bool {
	return !slices.ContainsFunc(f.query.filters, func(c store.Filter) bool { return !c.Passes(row.Record) })
}

// wanted returns those of the rows that add will take.
func (f *filling) wanted(rows []store.Row) []store.Row {
	var all []store.Row
	for _, row := range rows {
		if len(f.rows)+len(all) < f.size && f.passes(row) {
			all = append(all, row)
		}
	}
	return all
}
