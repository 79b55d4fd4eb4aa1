package dal

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// A noStore answers at once and does nothing.
type noStore struct{ store.Control }

func (noStore) Token(context.Context, store.At, string) (*store.Token, error) { return nil, nil }
func (noStore) Bump(context.Context, []transform.Key) error                   { return nil }
func (noStore) Shards() int                                                   { return 1 }
func (noStore) Dirty(context.Context, store.DirtyRange) (store.DirtyPage, error) {
	return store.DirtyPage{}, nil
}
func (noStore) FanOuts(context.Context, store.DirtyRange) (store.FanOutPage, error) {
	return store.FanOutPage{}, nil
}
func (noStore) Dependents(context.Context, store.DependentsRange) (store.DependentsPage, error) {
	return store.DependentsPage{}, nil
}
func (noStore) Renew(context.Context, []transform.Key) error      { return nil }
func (noStore) Reach(context.Context, store.FanOut, string) error { return nil }
func (noStore) CleanFanOut(context.Context, store.FanOut) error   { return nil }
func (noStore) KeepsCopies() bool                                 { return false }
func (noStore) Copies(context.Context, []transform.Key) ([]transform.Record, error) {
	return nil, nil
}
func (noStore) Clean(context.Context, store.Change) error                { return nil }
func (noStore) Put(context.Context, store.At, store.Row) (bool, error)   { return true, nil }
func (noStore) PutTogether(context.Context, store.At, []store.Row) error { return nil }
func (noStore) Insert(context.Context, []store.Row) ([]error, error)     { return nil, nil }
func (noStore) Keep(context.Context, []store.Token) error                { return nil }
func (noStore) Check(context.Context) error                              { return nil }
func (noStore) Empty(context.Context, store.FanOut) error                { return nil }
func (noStore) Name() string                                             { return "none" }
func (noStore) Contract() *transform.Contract                            { return nil }
func (noStore) Get(context.Context, store.At, transform.Key) (store.Row, error) {
	return store.Row{Live: true}, nil
}
func (noStore) GetMany(context.Context, store.At, []transform.Key) ([]store.Row, error) {
	return nil, nil
}
func (noStore) Query(context.Context, store.At, store.Query) ([]store.Row, error) { return nil, nil }
func (noStore) Count(context.Context, store.At, store.Count) ([]int64, error)     { return nil, nil }
func (noStore) Totals(context.Context, store.At, store.Totals) ([]transform.Total, error) {
	return nil, nil
}
func (noStore) Scan(context.Context, store.At, store.Range) (store.Page, error) {
	return store.Page{}, nil
}
func (noStore) Write(context.Context, store.At, store.Write) (store.Written, error) {
	return store.Written{}, nil
}

// A leasedStore is a noStore that looks at the lease as DynamoDB's store does.
type leasedStore struct{ noStore }

var errNoLease = &Error{Kind: ErrWrongPhase}

func (leasedStore) Get(_ context.Context, at store.At, _ transform.Key) (store.Row, error) {
	if !at.Lease.Enter(at.Epoch) || !at.Lease.Leave(at.Epoch) {
		return store.Row{}, errNoLease
	}
	return store.Row{Live: true}, nil
}

func (leasedStore) Write(_ context.Context, at store.At, _ store.Write) (store.Written, error) {
	if !at.Lease.Enter(at.Epoch) || !at.Lease.Leave(at.Epoch) {
		return store.Written{}, errNoLease
	}
	return store.Written{}, nil
}

// BenchmarkRouted compares a routed read and a routed write over a store that
// does nothing with calling that store. What is between the two is routing, and
// in phase 4 the two looks at the lease as well.
func BenchmarkRouted(b *testing.B) {
	var none store.Store = noStore{}
	ctx := context.Background()
	key := transform.Key{Entity: "Users", ID: "101"}
	at := store.At{Epoch: 7, Captured: true}
	var w write
	w.Mutations = []store.Mutation{{Op: store.Delete, Key: key}}
	run := func(name string, do func()) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				do()
			}
		})
	}
	run("read/store", func() { _, _ = none.Get(ctx, at, key) })
	run("write/store", func() { _, _ = none.Write(ctx, at, w.Write) })
	lease := new(store.Lease)
	lease.Extend(7, time.Now(), time.Hour)
	for _, phase := range []Phase{DualWrite, DynamoDBPrimary} {
		router := NewRouter(nil, none, leasedStore{}, Snapshot{Phase: phase, Capture: true, Epoch: 7, Lease: lease},
			&RouterOptions{Policy: Async})
		run("read/"+phase.String(), func() {
			if _, _, err := router.get(ctx, key, nil, nil); err != nil {
				b.Fatal(err)
			}
		})
		run("write/"+phase.String(), func() {
			if err := router.write(ctx, &w, nil); err != nil {
				b.Fatal(err)
			}
		})
		router.Close()
	}
}

// TestRoutingAllocatesNothing: what is allocated on a read or a write belongs
// to the stores and the record.
func TestRoutingAllocatesNothing(t *testing.T) {
	ctx := context.Background()
	key := transform.Key{Entity: "Users", ID: "101"}
	lease := new(store.Lease)
	lease.Extend(7, time.Now(), time.Hour)
	for _, phase := range []Phase{MySQLOnly, DualWrite, DynamoDBPrimary, DynamoDBOnly} {
		router := NewRouter(nil, noStore{}, leasedStore{}, Snapshot{Phase: phase, Capture: true, Epoch: 7, Lease: lease},
			&RouterOptions{Policy: Async})
		defer router.Close()
		var w write
		w.Mutations = []store.Mutation{{Op: store.Delete, Key: key}}
		require.Zero(t, testing.AllocsPerRun(100, func() {
			_, _, err := router.get(ctx, key, nil, nil)
			require.NoError(t, err)
		}), "a read in %s", phase)
		require.Zero(t, testing.AllocsPerRun(100, func() { require.NoError(t, router.write(ctx, &w, nil)) }), "a write in %s", phase)
	}
}
