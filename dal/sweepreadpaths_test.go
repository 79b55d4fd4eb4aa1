package dal_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/crossfade-go/crossfade/dal"
	"github.com/crossfade-go/crossfade/dal/storetest"
	"github.com/crossfade-go/crossfade/transform"
)

// A readPath is one way to read records that show others.
type readPath struct {
	name     string
	contract func(testing.TB) *transform.Contract
	// write makes the records and what they show; again, it changes each of both.
	write func(ctx context.Context, g dal.Group, again bool) error
	read  read
	want  func(again bool) []any
	parts bool // read may answer with what came before its error
	unit  bool // it is a unit of work, which is committed
}

// A read answers with records in their order. Unless stale is nil it allows a stale answer,
// and says whether one was given.
type read func(ctx context.Context, g dal.Group, stale *bool) ([]any, error)

// A listing is records of one entity that a query lists, with what they show.
type listing[T any] struct {
	name     string
	contract func(testing.TB) *transform.Contract
	entity   string
	write    func(ctx context.Context, g dal.Group, size int, again bool) error
	key      func(id int64) []any
	first    int64 // id of the first record that the query lists
	query    dal.Query
	size     int // what the query is to list
	model    func(id int64, again bool) T
}

func readPaths() []readPath {
	lines := listing[cartLine]{
		name: "lines", contract: storetest.CartContract, entity: "Carts", write: writeLines,
		key: func(id int64) []any { return []any{1, id} }, query: dal.TableKey().Equal(1), size: 105, // Query reads 100 at once
		model: func(id int64, again bool) cartLine {
			l := line(id % 7)
			if l.Line, l.Category = id, ptr("tools"); again {
				l.Quantity, l.Product, l.Category = 2, ptr("other"), ptr("others")
			}
			return l
		},
	}
	shelves := listing[shelf]{
		name: "shelves", contract: storetest.CountContract, entity: "Shelves", write: writeShelves,
		key: func(id int64) []any { return []any{id} }, first: 2, query: dal.Index("AboveIndex").Equal(1), size: 3,
		model: func(id int64, again bool) shelf {
			s := shelf{ID: id, Above: ptr(int64(1)), Goods: 2, Extras: ptr(int32(0))}
			if again {
				s.Name, s.Goods = ptr("other"), 1
			}
			return s
		},
	}
	return append(lines.paths(), shelves.paths()...)
}

// writeLines writes lines of products 0 to 6, all in category 1.
func writeLines(ctx context.Context, g dal.Group, size int, again bool) error {
	c, quantity := category{ID: 1, Name: ptr("tools")}, int64(0)
	if again {
		c.Name, quantity = ptr("others"), 2
	}
	all := []error{put(ctx, g, "Categories", c)}
	for n := range int64(7) {
		p := product{Shop: "s", Number: n, Name: fmt.Sprint("product ", n), Price: ptr(fmt.Sprint(n, ".50")), SoldOut: n == 1, Category: ptr(int64(1))}
		if again {
			p.Name = "other"
		}
		all = append(all, put(ctx, g, "Products", p))
	}
	for n := range int64(size) {
		all = append(all, put(ctx, g, "Carts", cartLine{Cart: 1, Line: n, Shop: ptr("s"), Number: ptr(n % 7), Quantity: quantity}))
	}
	return errors.Join(all...)
}

// writeShelves writes shelves below shelf 1, each with two goods, and again, without one of
// the two.
func writeShelves(ctx context.Context, g dal.Group, size int, again bool) error {
	all := []error{put(ctx, g, "Shelves", plainShelf{ID: 1})}
	for id := int64(2); id < int64(size)+2; id++ {
		if again {
			goods := repositoryOf[good](g, "Goods")
			all = append(all, put(ctx, g, "Shelves", plainShelf{ID: id, Above: ptr(int64(1)), Name: ptr("other")}),
				goods.Delete(ctx, goods.Key("s", 10*id), dal.Follow(dal.Async)))
			continue
		}
		all = append(all, put(ctx, g, "Shelves", plainShelf{ID: id, Above: ptr(int64(1))}),
			put(ctx, g, "Goods", good{Shop: "s", Number: 10 * id, Shelf: &id}), put(ctx, g, "Goods", good{Shop: "s", Number: 10*id + 1, Shelf: &id}))
	}
	return errors.Join(all...)
}

// put stores a value and leaves its refresh to the relay.
func put[T any](ctx context.Context, g dal.Group, entity string, v T) error {
	return repositoryOf[T](g, entity).Put(ctx, &v, dal.Follow(dal.Async))
}

func (l listing[T]) paths() []readPath {
	const some, page = 7, 3
	one, three := []int64{l.first + 1}, []int64{l.first + 4, l.first, l.first + 2}
	listed := func(n int) (ids []int64) {
		for i := range n {
			ids = append(ids, l.first+int64(i))
		}
		return ids
	}
	return []readPath{
		l.path("get", some, one, l.get(one[0])),
		l.path("get many", some, three, l.getMany(three)),
		l.path("unit", some, append(one, three...), l.unit(one[0], three)),
		l.path("query", l.size, listed(l.size), l.all),
		l.path("pages", some, listed(some), l.pages(page)),
	}
}

func (l listing[T]) path(name string, size int, ids []int64, do read) readPath {
	return readPath{
		name: name + " of " + l.name, contract: l.contract, read: do,
		parts: name == "query" || name == "pages", unit: name == "unit",
		write: func(ctx context.Context, g dal.Group, again bool) error { return l.write(ctx, g, size, again) },
		want: func(again bool) (items []any) {
			for _, id := range ids {
				items = append(items, l.model(id, again))
			}
			return items
		},
	}
}

func (l listing[T]) in(g dal.Group) *dal.Repository[T] { return repositoryOf[T](g, l.entity) }

func allowing(stale *bool) []dal.ReadOption {
	if stale == nil {
		return nil
	}
	return []dal.ReadOption{dal.AllowStale(stale)}
}

func (l listing[T]) get(id int64) read {
	return func(ctx context.Context, g dal.Group, stale *bool) ([]any, error) {
		v, err := l.in(g).Get(ctx, l.in(g).Key(l.key(id)...), allowing(stale)...)
		if err != nil {
			return nil, err
		}
		return []any{v}, nil
	}
}

// asked are the keys, and one where nothing is.
func (l listing[T]) asked(g dal.Group, ids []int64) (keys []dal.Key) {
	for _, id := range ids {
		keys = append(keys, l.in(g).Key(l.key(id)...))
	}
	return append(keys, l.in(g).Key(l.key(999)...))
}

func inOrder[T any](keys []dal.Key, found map[dal.Key]T) (items []any) {
	for _, key := range keys {
		if v, there := found[key]; there {
			items = append(items, v)
		}
	}
	return items
}

func (l listing[T]) getMany(ids []int64) read {
	return func(ctx context.Context, g dal.Group, stale *bool) ([]any, error) {
		keys := l.asked(g, ids)
		found, err := l.in(g).GetMany(ctx, keys, allowing(stale)...)
		return inOrder(keys, found), err
	}
}

// unit reads within a unit of work, which may run again.
func (l listing[T]) unit(id int64, ids []int64) read {
	return func(ctx context.Context, g dal.Group, _ *bool) (items []any, err error) {
		err = g.Router().Atomically(ctx, func(ctx context.Context, tx *dal.Tx) error {
			keys := l.asked(g, ids)
			v, err := l.in(g).In(tx).Get(ctx, l.in(g).Key(l.key(id)...))
			if err != nil {
				return err
			}
			found, err := l.in(g).In(tx).GetMany(ctx, keys)
			items = append([]any{v}, inOrder(keys, found)...)
			return err
		})
		if err != nil {
			return nil, err
		}
		return items, nil
	}
}

func (l listing[T]) all(ctx context.Context, g dal.Group, stale *bool) (items []any, err error) {
	for v, err := range l.in(g).Query(ctx, l.query, allowing(stale)...) {
		if err != nil {
			return items, err
		}
		items = append(items, v)
	}
	return items, nil
}

func (l listing[T]) pages(size int) read {
	return func(ctx context.Context, g dal.Group, stale *bool) (items []any, err error) {
		next, last := "", false
		for !last {
			var this *bool
			if stale != nil {
				this = new(bool)
			}
			page, err := l.in(g).Page(ctx, l.query, next, size, allowing(this)...)
			for _, v := range page.Items { // none beside an error
				items = append(items, v)
			}
			if err != nil {
				return items, err
			}
			if this != nil && *this {
				*stale = true
			}
			next, last = page.Next, page.Next == ""
		}
		return items, nil
	}
}
