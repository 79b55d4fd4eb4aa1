package dal_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal"
	"github.com/crossfade-go/crossfade/dal/faultstore"
	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/dal/storetest"
	"github.com/crossfade-go/crossfade/transform"
)

type (
	pet struct {
		Owner  int64   `db:"owner_id"`
		Name   string  `db:"name"`
		Sitter *int64  `db:"sitter_id"`
		Chip   *string `db:"chip"`
	}
	deed struct {
		ID      int64  `db:"deed_id"`
		Holder  *int64 `db:"holder_id"`
		Witness *int64 `db:"witness_id"`
	}
	book struct {
		ID    int64   `db:"book_id"`
		Shelf string  `db:"shelf"`
		Slot  int64   `db:"slot"`
		Title *string `db:"title"`
	}
	parcel struct {
		Code  string  `db:"code"`
		Note  *string `db:"note"`
		Stops []stop  `db:"stops"`
	}
	stop struct {
		Parcel string  `db:"parcel"`
		Number int64   `db:"number"`
		Place  *string `db:"place"`
	}
)

// A manyPath is a write that changes more than the record it names, or an item that is more
// than its record, over what seed has left.
type manyPath struct {
	name     string
	contract func(testing.TB) *transform.Contract
	seed     func(context.Context, dal.Group) error
	write    func(context.Context, dal.Group, ...dal.WriteOption) error
}

func manyPaths() []manyPath {
	family := func(ctx context.Context, g dal.Group) error {
		one, two := int64(1), int64(2)
		return errors.Join(
			create(ctx, g, "People", relative{ID: 1}, relative{ID: 2, Parent: &one}, relative{ID: 3}),
			create(ctx, g, "Pets", pet{Owner: 2, Name: "rex", Chip: ptr("a")}, pet{Owner: 3, Name: "tom", Sitter: &two}),
			create(ctx, g, "Deeds", deed{ID: 1, Witness: &one}),
			create(ctx, g, "Homes", homestead{ID: 1, Address: "here", Owner: &two}, homestead{ID: 2, Address: "there", Guest: &one}))
	}
	books := func(ctx context.Context, g dal.Group) error {
		return create(ctx, g, "Books", book{ID: 1, Shelf: "a", Slot: 1}, book{ID: 2, Shelf: "b", Slot: 1})
	}
	parcels := func(ctx context.Context, g dal.Group) error {
		return create(ctx, g, "Parcels", parcel{Code: "p", Stops: []stop{{"p", 1, ptr("Rome")}, {"p", 2, ptr("Bern")}}})
	}
	return []manyPath{
		{"a delete that takes others along", storetest.FamilyContract, family,
			func(ctx context.Context, g dal.Group, o ...dal.WriteOption) error {
				people := repositoryOf[relative](g, "People")
				return people.Delete(ctx, people.Key(1), o...)
			}},
		{"an item that moves", storetest.PlaceContract, books,
			func(ctx context.Context, g dal.Group, o ...dal.WriteOption) error {
				all := repositoryOf[book](g, "Books")
				return all.Update(ctx, all.Key(1), func(b *book) error { b.Shelf, b.Slot = "c", 7; return nil }, o...)
			}},
		{"an item that moves to where another was", storetest.PlaceContract, books,
			func(ctx context.Context, g dal.Group, o ...dal.WriteOption) error {
				return g.Router().Atomically(ctx, func(ctx context.Context, tx *dal.Tx) error {
					all := repositoryOf[book](g, "Books")
					if err := all.In(tx).Delete(ctx, all.Key(2)); err != nil {
						return err
					}
					return all.In(tx).Update(ctx, all.Key(1), func(b *book) error { b.Shelf = "b"; return nil })
				}, o...)
			}},
		{"a new record with rows", storetest.OrderContract, parcels,
			func(ctx context.Context, g dal.Group, o ...dal.WriteOption) error {
				v := parcel{Code: "q", Note: ptr("new"), Stops: []stop{{"q", 1, ptr("Rome")}, {"q", 2, nil}}}
				return repositoryOf[parcel](g, "Parcels").Create(ctx, &v, o...)
			}},
		{"other rows of a record", storetest.OrderContract, parcels,
			func(ctx context.Context, g dal.Group, o ...dal.WriteOption) error {
				all := repositoryOf[parcel](g, "Parcels")
				return all.Update(ctx, all.Key("p"), func(p *parcel) error {
					p.Stops = []stop{{"p", 2, ptr("Oslo")}, {"p", 3, ptr("Rome")}}
					return nil
				}, o...)
			}},
		{"a record deleted with its rows", storetest.OrderContract, parcels,
			func(ctx context.Context, g dal.Group, o ...dal.WriteOption) error {
				all := repositoryOf[parcel](g, "Parcels")
				return all.Delete(ctx, all.Key("p"), o...)
			}},
	}
}

func repositoryOf[T any](g dal.Group, entity string) *dal.Repository[T] {
	all, err := dal.NewRepository[T](g, entity)
	if err != nil {
		panic(err)
	}
	return all
}

func create[T any](ctx context.Context, g dal.Group, entity string, values ...T) error {
	all := repositoryOf[T](g, entity)
	for _, v := range values {
		if err := all.Create(ctx, &v); err != nil {
			return err
		}
	}
	return nil
}

// TestSweepManyWrites is TestSweepWrites for writes of more than one item: whatever fails,
// all of it is there or nothing.
func TestSweepManyWrites(t *testing.T) {
	for phase := dal.MySQLOnly; phase <= dal.DynamoDBOnly; phase++ {
		for _, path := range manyPaths() {
			t.Run(fmt.Sprintf("%s/%s", phase, path.name), func(t *testing.T) {
				f := newManyFixture(t, phase, path, faultstore.New())
				before := f.texts(f.lead())
				require.NoError(t, path.write(t.Context(), f.router, dal.Follow(dal.Async)))
				want := f.texts(f.lead())
				require.NotEqual(t, before, want)
				faultstore.Sweep(t, func(t *testing.T, faults *faultstore.Faults) {
					newManyFixture(t, phase, path, faults).sweep(path, want)
				})
			})
		}
	}
}

type manyFixture struct {
	*fixture
	*testing.T
}

func newManyFixture(t *testing.T, phase dal.Phase, path manyPath, faults *faultstore.Faults) manyFixture {
	t.Helper()
	f := newFixtureOf(t, path.contract(t), phase, dal.RouterOptions{PhaseWait: 50 * time.Millisecond}, faults)
	plain := f.plain(t)
	defer plain.Close()
	require.NoError(t, path.seed(t.Context(), plain))
	if phase.HasFollower() {
		f.drain(t)
	}
	return manyFixture{f, t}
}

// plain returns a router without faults.
func (f *fixture) plain(t *testing.T) *dal.Router {
	t.Helper()
	now, err := f.snapshot(t.Context())
	require.NoError(t, err)
	return dal.NewRouter(f.contract, f.mysql, f.dynamo, now, nil)
}

func (f manyFixture) lead() store.Authority {
	lead, _ := f.leads(f.Context())
	return lead
}

func (f manyFixture) sweep(path manyPath, want map[transform.Key]string) {
	f.Helper()
	phase := f.router.Snapshot().Phase
	before, versions := f.texts(f.lead()), f.versions()
	err := path.write(f.Context(), f.router, dal.Token("t"))
	now := f.texts(f.lead())
	switch {
	case err == nil, dal.OutcomeOf(err) == dal.Applied:
		require.Equal(f, want, now, "acknowledged, not there: %v", err)
	case dal.OutcomeOf(err) == dal.NotApplied:
		require.Equal(f, before, now, "said to be not applied, and there: %v", err)
	default:
		require.Equal(f, dal.Unknown, dal.OutcomeOf(err))
		require.Contains(f, []map[transform.Key]string{before, want}, now, "a part of it is there")
	}
	if phase != dal.MySQLOnly {
		f.requireAllRecorded(versions)
	}

	// The same call again: it applies now, or it had been applied.
	if err := path.write(f.Context(), f.router, dal.Token("t")); err != nil && !errors.Is(err, dal.ErrPending) {
		require.ErrorIs(f, err, dal.ErrUnavailable, "the second try met a fault of its own")
		require.NoError(f, path.write(f.Context(), f.router, dal.Token("t")))
	}
	require.Equal(f, want, f.texts(f.lead()))
	if !phase.HasFollower() {
		return
	}
	f.drain(f.T)
	f.requireEqualStores(f.T)
	if f.lead() == f.dynamo {
		f.handBack(f.T)
	} else {
		f.handOver(f.T)
	}
	versions = f.versions()
	plain := f.plain(f.T)
	defer plain.Close()
	require.NoError(f, path.write(f.Context(), plain, dal.Token("t")))
	require.Equal(f, versions, f.versions(), "the token was not known, and the write applied twice")
}

// requireAllRecorded holds that every key whose version has changed has a change record, or
// is in the follower as it is.
func (f manyFixture) requireAllRecorded(before map[transform.Key]store.Version) {
	f.Helper()
	dirty := map[transform.Key]bool{}
	lead, other := f.leads(f.Context())
	for shard := range lead.Shards() {
		page, err := lead.Dirty(f.Context(), store.DirtyRange{Shard: shard, Limit: 1000})
		require.NoError(f, err)
		for _, c := range page.Changes {
			for _, k := range c.Keys {
				dirty[k.Key] = true
			}
		}
	}
	for key, version := range f.versions() {
		if version == before[key] || dirty[key] {
			continue
		}
		row, err := other.Get(f.Context(), store.At{Captured: true}, key)
		require.NoError(f, err)
		require.Equal(f, version, row.Version, "%s is clean, and the follower does not have it", key)
	}
}

// versions returns those of every key that the authority or the follower knows.
func (f manyFixture) versions() map[transform.Key]store.Version {
	f.Helper()
	lead, other := f.leads(f.Context())
	all := map[transform.Key]store.Version{}
	for _, s := range []store.Reader{lead, other} {
		for key := range f.records(f.T, s) {
			row, err := lead.Get(f.Context(), store.At{Captured: true}, key)
			require.NoError(f, err)
			all[key] = row.Version
		}
	}
	return all
}

// texts returns the records of a store.
func (f manyFixture) texts(s store.Reader) map[transform.Key]string {
	f.Helper()
	all := map[transform.Key]string{}
	for key, rec := range f.records(f.T, s) {
		for i := range rec.Entity().Columns {
			v := rec.At(i)
			all[key] += fmt.Sprintf("%s=%s %q; ", rec.Entity().Columns[i].Name, v.Kind(), v.Text())
		}
	}
	return all
}
