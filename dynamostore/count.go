package dynamostore

import (
	"context"
	"slices"
	"sync"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// countsAtOnce is how many keys are counted for at the same time.
const countsAtOnce = 8

// Count returns how many records refer to each key: how many edges it has, by a
// consistent query for each key. An edge is put and deleted in the transaction of its
// record's item, so that the number is that of the items, marks and tombstones aside. A
// query reads, and pays for, all edges of the key, a megabyte a call.
func (s *Store) Count(ctx context.Context, at store.At, c store.Count) ([]int64, error) {
	return leased(s, at, "count", c.By.Of().Name, func() ([]int64, error) { return s.count(ctx, c) })
}

func (s *Store) count(ctx context.Context, c store.Count) ([]int64, error) {
	return ofEachKey(s, "count", c, func(to transform.Key) (int64, error) { return s.countEdges(ctx, c.By, to, c.Except) })
}

// ofEachKey asks for each key of a count, for several at the same time.
func ofEachKey[T any](s *Store, op string, c store.Count, ask func(to transform.Key) (T, error)) ([]T, error) {
	if _, err := s.place(op, c.By.Of().Name, store.NoWrite); err != nil {
		return nil, err
	}
	var (
		all   = make([]T, len(c.Keys))
		errs  = make([]error, len(c.Keys))
		slots = make(chan struct{}, countsAtOnce)
		wg    sync.WaitGroup
	)
	for i, key := range c.Keys {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			all[i], errs[i] = ask(key)
		})
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	return all, nil
}

// countEdges counts the edges of a key. Which of them are excepted only the edges
// themselves tell.
func (s *Store) countEdges(ctx context.Context, f *transform.Reference, to transform.Key, except []transform.Key) (n int64, err error) {
	q := libraryQuery{partition: s.edgePartition(f, to)}
	if len(except) > 0 {
		q.only = []string{attrEntity, attrKey}
		for it, err := range s.libraryAll(ctx, "count", q) {
			if err != nil {
				return 0, err
			}
			if !slices.Contains(except, owner(it)) {
				n++
			}
		}
		return n, nil
	}
	return s.libraryCount(ctx, "count", q)
}
