package dal

import (
	"context"
	"testing"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// A noStore answers at once and does nothing.
type noStore struct {
	store.Authority
	store.Follower
}

func (noStore) Name() string                  { return "none" }
func (noStore) Contract() *transform.Contract { return nil }
func (noStore) Get(context.Context, store.At, transform.Key) (store.Row, error) {
	return store.Row{Live: true}, nil
}
func (noStore) GetMany(context.Context, store.At, []transform.Key) ([]store.Row, error) {
	return nil, nil
}
func (noStore) Query(context.Context, store.At, store.Query) ([]store.Row, error) { return nil, nil }
func (noStore) Scan(context.Context, store.At, store.Range) (store.Page, error) {
	return store.Page{}, nil
}
func (noStore) Write(context.Context, store.At, store.Write) (store.Written, error) {
	return store.Written{}, nil
}

// BenchmarkRouted compares a routed read and a routed write over a store that
// does nothing with calling that store. What is between the two is routing.
func BenchmarkRouted(b *testing.B) {
	var none store.Authority = noStore{}
	ctx := context.Background()
	key := transform.Key{Entity: "Users", ID: "101"}
	at := store.At{Epoch: 7, Captured: true}
	router := NewRouter(nil, none, nil, Snapshot{Phase: DualWrite, Capture: true, Epoch: 7}, nil)
	b.Run("read/store", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_, _ = none.Get(ctx, at, key)
		}
	})
	b.Run("read/routed", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_, _ = router.get(ctx, key)
		}
	})
	var w write
	w.Mutations = []store.Mutation{{Op: store.Delete, Key: key}}
	b.Run("write/store", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_, _ = none.Write(ctx, at, w.Write)
		}
	})
	b.Run("write/routed", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_ = router.write(ctx, &w, nil)
		}
	})
}
