package migrationctl_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal"
	"github.com/crossfade-go/crossfade/dal/faultstore"
	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/internal/enginetest"
	"github.com/crossfade-go/crossfade/migrationctl"
	"github.com/crossfade-go/crossfade/transform"
)

// A depot is a stockroom whose items have numbers, under a process.
type depot struct {
	*mall
	*stockroom
}

// newDepot has two shelves, and three goods on the first.
func newDepot(t *testing.T, w *world, opts *migrationctl.Options, phase store.Phase) *depot {
	t.Helper()
	bare := dal.Standalone(w.contract, w.mysql)
	s := newStockroom(1)
	s.use(t, bare)
	for id := range int64(2) {
		require.NoError(t, s.shelves.Create(t.Context(), &Shelf{ID: 1 + id}))
	}
	for n := range int64(3) {
		require.NoError(t, s.goods.Create(t.Context(), &Good{Shop: "s", Number: n, Shelf: number(1)}))
	}
	bare.Close()
	p := w.open(t, opts)
	s.use(t, p)
	d := &depot{&mall{w: w, process: p}, s}
	d.arrive(t, phase)
	return d
}

// eachDepot plays in memory, and where DynamoDB leads and MySQL follows on engines too.
func eachDepot(t *testing.T, phases []store.Phase, opts *migrationctl.Options, play func(t *testing.T, d *depot, phase store.Phase)) {
	for _, phase := range phases {
		t.Run(phase.String(), func(t *testing.T) {
			t.Run("memory", func(t *testing.T) {
				play(t, newDepot(t, newMemoryWorldOf(t, numbered(t), faultstore.New()), opts, phase), phase)
			})
			if phase != store.DynamoDBPrimary {
				return
			}
			t.Run("engines", func(t *testing.T) {
				e := enginetest.DynamoDBEngines(t)[0]
				play(t, newDepot(t, newEngineWorldOf(t, e, numbered(t), faultstore.New()), opts, phase), phase)
			})
		})
	}
}

func (d *depot) verify(t *testing.T, opts migrationctl.VerifyOptions) migrationctl.VerifyReport {
	t.Helper()
	opts.Entity, opts.Settle = "Shelves", time.Millisecond
	reports, err := d.process.Verify(t.Context(), opts)
	require.NoError(t, err)
	require.True(t, reports[0].Done)
	return reports[0]
}

// spoil leaves a wrong number in the first shelf's item, and nothing that says so.
func (d *depot) spoil(t *testing.T, phase store.Phase) {
	t.Helper()
	plain, err := d.w.contract.Entity("Shelves").KeyOf(int64(1))
	require.NoError(t, err)
	from := store.Store(d.w.mysql)
	if phase.DynamoDBLeads() {
		from = d.w.dynamo
	} else {
		require.NoError(t, from.Bump(t.Context(), []transform.Key{plain}))
	}
	row, err := from.Get(t.Context(), store.At{Captured: true}, plain)
	require.NoError(t, err)
	clean := change(plain, row.Version)
	row.Record = row.Record.Clone()
	for _, h := range row.Record.Entity().Copies() {
		row.Record.SetAt(h.Column, transform.IntValue(77))
	}
	if phase.DynamoDBLeads() {
		row.Version++
	}
	applied, err := d.w.dynamo.Put(t.Context(), store.At{Captured: true}, row)
	require.NoError(t, err)
	require.True(t, applied)
	if !phase.DynamoDBLeads() {
		require.NoError(t, from.Clean(t.Context(), clean))
	}
}

// TestVerifyComparesNumbers: a number that is wrong, of which nothing says that it is
// counted anew, is named and mended, whichever store leads; one that is on its way is no
// difference.
func TestVerifyComparesNumbers(t *testing.T) {
	eachDepot(t, []store.Phase{2, 3, 4, 5}, idle(), func(t *testing.T, d *depot, phase store.Phase) {
		require.True(t, d.verify(t, migrationctl.VerifyOptions{}).Clean())
		require.NoError(t, d.goods.Update(t.Context(), d.goods.Key("s", 1), func(g *Good) error { g.Shelf = number(2); return nil }))
		r := d.verify(t, migrationctl.VerifyOptions{})
		require.Zero(t, r.Differences)
		require.False(t, r.Clean(), "both shelves wait")
		_, err := d.w.operator(t).Drain(t.Context(), nil)
		require.NoError(t, err)
		require.True(t, d.verify(t, migrationctl.VerifyOptions{}).Clean())
		d.w.requireCopies(t, "drained")

		d.spoil(t, phase)
		r = d.verify(t, migrationctl.VerifyOptions{})
		require.EqualValues(t, 1, r.Differences)
		require.Equal(t, []string{"number shelves_below is old", "number goods is old", "number extras is old"}, r.Named[0].Beside)
		r = d.verify(t, migrationctl.VerifyOptions{Repair: true})
		require.EqualValues(t, 1, r.Repaired)
		d.w.requireCopies(t, "repaired")
		require.True(t, d.verify(t, migrationctl.VerifyOptions{}).Clean())
	})
}

// TestVerifyOfNumbersMeetsTheSameTwice: between the two looks of a verify a number is
// counted anew, and wrong again in the same way at the second one, after the marks were
// read. No version tells, only that the item was written.
func TestVerifyOfNumbersMeetsTheSameTwice(t *testing.T) {
	eachDepot(t, []store.Phase{4, 5}, idle(), func(t *testing.T, d *depot, _ store.Phase) {
		epoch := d.w.settled(t).Epoch
		key, err := d.w.contract.Entity("Goods").KeyOf("s", int64(1))
		require.NoError(t, err)
		move := func(shelf int64) {
			lease := new(store.Lease)
			lease.Extend(epoch, time.Now(), time.Hour)
			_, err := d.w.dynamo.Write(context.Background(), store.At{Epoch: epoch, Captured: true, Lease: lease}, store.Write{
				Mutations: []store.Mutation{{Op: store.Update, Key: key, Modify: func(r transform.Record) error {
					return r.Set("shelf_id", transform.IntValue(shelf))
				}}}})
			require.NoError(t, err)
		}
		drain := func() {
			_, err := d.w.operator(t).Drain(context.Background(), nil)
			require.NoError(t, err)
		}
		move(2) // shelf 1 has three, and counts two
		looks := 0
		d.w.faults.On(func(c faultstore.Call) bool {
			switch {
			case c.Method == "FanOuts" && looks == 0:
				looks = 1
				drain()
				move(1)
				drain()
				looks = 2
			case c.Method == "GetMany" && looks == 2:
				looks = 3
				move(2)
			}
			return false
		}, faultstore.Before)
		r := d.verify(t, migrationctl.VerifyOptions{})
		require.Equal(t, 3, looks)
		require.Zero(t, r.Differences, "%v", r.Named)
		require.NotZero(t, r.Unsettled)
	})
}

// TestVerifyLeavesFrozenCopies: what does not follow is no difference.
func TestVerifyLeavesFrozenCopies(t *testing.T) {
	w := newMemoryWorldOf(t, frozenShop(t), faultstore.New())
	w.stock(t, 3)
	m := w.openMall(t, idle())
	m.arrive(t, store.Validate)
	for _, phase := range []store.Phase{store.Validate, store.DynamoDBPrimary} {
		if phase != store.Validate {
			m.step(t, phase)
		}
		m.rename(t)
		_, err := m.Drain(t.Context(), nil)
		require.NoError(t, err)
		reports, err := m.Verify(t.Context(), migrationctl.VerifyOptions{Settle: time.Millisecond})
		require.NoError(t, err)
		for _, r := range reports {
			require.True(t, r.Clean(), "%s: %v", r.Entity, r.Named)
		}
		stored, want := w.storedCopies(t)
		require.NotEqual(t, want["Baskets 0/1 ware_name"], stored["Baskets 0/1 ware_name"], "it stays")
		require.Equal(t, want["Wares s/1 section_name"], stored["Wares s/1 section_name"])
	}
}
