package migrationctl_test

import (
	"context"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal"
	"github.com/crossfade-go/crossfade/dal/faultstore"
	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/dal/storetest"
	"github.com/crossfade-go/crossfade/migrationctl"
	"github.com/crossfade-go/crossfade/transform"
)

// spoilCopy leaves an old copy in a basket's item, and nothing that says so.
func (m *mall) spoilCopy(t *testing.T, basket, line int64) {
	t.Helper()
	ctx := context.Background()
	key, err := m.w.contract.Entity("Baskets").KeyOf(basket, line)
	require.NoError(t, err)
	r, err := m.Phase(ctx)
	require.NoError(t, err)
	from := store.Store(m.w.dynamo)
	if !r.Phase.DynamoDBLeads() {
		from = m.w.mysql
		require.NoError(t, from.Bump(ctx, []transform.Key{key}))
	}
	row, err := from.Get(ctx, store.At{Captured: true}, key)
	require.NoError(t, err)
	rows, err := dal.WithCopies(ctx, from, row)
	require.NoError(t, err)
	require.NoError(t, rows[0].Record.Set("ware_name", transform.TextValue("spoilt")))
	clean := change(key, row.Version)
	if r.Phase.DynamoDBLeads() {
		rows[0].Version++
	}
	applied, err := m.w.dynamo.Put(ctx, store.At{Captured: true}, rows[0])
	require.NoError(t, err)
	require.True(t, applied)
	if !r.Phase.DynamoDBLeads() {
		require.NoError(t, from.Clean(ctx, clean))
	}
}

// TestVerifyComparesCopies: a copy that is old, of which nothing says that it is on its
// way, is named and mended, whichever store leads; one that is on its way is no
// difference.
func TestVerifyComparesCopies(t *testing.T) {
	for _, phase := range []store.Phase{2, 3, 4, 5} {
		t.Run(phase.String(), func(t *testing.T) {
			eachMall(t, 12, func(t *testing.T, w *world) {
				m := w.openMall(t, idle())
				m.arrive(t, phase)
				m.rename(t)
				baskets := func(opts migrationctl.VerifyOptions) migrationctl.VerifyReport {
					t.Helper()
					opts.Entity, opts.Settle = "Baskets", time.Millisecond
					reports, err := m.Verify(t.Context(), opts)
					require.NoError(t, err)
					require.True(t, reports[0].Done)
					return reports[0]
				}
				for _, few := range []int{0, 5} {
					r := baskets(migrationctl.VerifyOptions{}.InDoubt(few))
					require.EqualValues(t, 12, r.Unsettled, "a mark waits")
					require.Zero(t, r.Differences)
				}
				_, err := m.Drain(t.Context(), nil)
				require.NoError(t, err)
				require.True(t, baskets(migrationctl.VerifyOptions{}).Clean())

				m.spoilCopy(t, 0, 3)
				r := baskets(migrationctl.VerifyOptions{})
				require.EqualValues(t, 1, r.Differences)
				require.EqualValues(t, 12, r.Compared)
				require.Equal(t, []string{"copy ware_name is old"}, r.Named[0].Beside)
				require.False(t, r.Clean())
				r = baskets(migrationctl.VerifyOptions{Repair: true})
				require.EqualValues(t, 1, r.Repaired)
				require.True(t, r.Clean())
				w.requireCopies(t, "repaired")
				require.True(t, baskets(migrationctl.VerifyOptions{}).Clean())
			})
		})
	}
}

// TestRepairRenewsCopies: a key that is repaired has its item's copies made anew, whichever
// store leads.
func TestRepairRenewsCopies(t *testing.T) {
	for _, phase := range []store.Phase{2, 3, 4} {
		t.Run(phase.String(), func(t *testing.T) {
			eachMall(t, 4, func(t *testing.T, w *world) {
				m := w.openMall(t, idle())
				m.arrive(t, phase)
				_, err := m.Drain(t.Context(), nil)
				require.NoError(t, err)
				m.spoilCopy(t, 0, 3)
				key, err := w.contract.Entity("Baskets").KeyOf(int64(0), int64(3))
				require.NoError(t, err)
				require.NoError(t, m.Repair(t.Context(), key))
				reports, err := m.Verify(t.Context(), migrationctl.VerifyOptions{Entity: "Baskets", Settle: time.Millisecond})
				require.NoError(t, err)
				require.True(t, reports[0].Clean(), "%+v", reports[0])
			})
		})
	}
}

// TestVerifyOfCopiesGuardsPhase4: a step to phase 4 wants a verify that found no old copy.
func TestVerifyOfCopiesGuardsPhase4(t *testing.T) {
	eachMall(t, 3, func(t *testing.T, w *world) {
		m := w.openMall(t, idle())
		m.arrive(t, store.Validate)
		m.spoilCopy(t, 0, 1)
		_, err := m.Verify(t.Context(), migrationctl.VerifyOptions{})
		require.NoError(t, err)
		var refused *migrationctl.RefusedError
		require.ErrorAs(t, m.SetPhase(t.Context(), store.DynamoDBPrimary, migrationctl.Change{Force: true}), &refused)
		require.Len(t, refused.Unmet, 1)
		require.Contains(t, refused.Unmet[0].Reason, "Baskets")
	})
}

// TestVerifyOfCopiesInPhase1: nobody carries out a mark there, and so nobody waits for it.
func TestVerifyOfCopiesInPhase1(t *testing.T) {
	eachMall(t, 3, func(t *testing.T, w *world) {
		m := w.openMall(t, idle())
		m.arrive(t, store.DualWrite)
		m.step(t, store.MySQLOnly)
		m.rename(t)
		reports, err := m.Verify(t.Context(), migrationctl.VerifyOptions{Entity: "Baskets"})
		require.NoError(t, err)
		require.EqualValues(t, 3, reports[0].Waiting)
		require.Zero(t, reports[0].Unsettled+reports[0].Differences)
	})
}

// TestVerifyOfCopiesMeetsTheSameTwice: between the two looks of a verify a copy is renewed,
// and old again in the same way at the second one, after the marks were read. Only the
// versions tell.
func TestVerifyOfCopiesMeetsTheSameTwice(t *testing.T) {
	for _, phase := range []store.Phase{3, 4} {
		t.Run(phase.String(), func(t *testing.T) {
			eachMall(t, 3, func(t *testing.T, w *world) {
				m := w.openMall(t, idle())
				m.arrive(t, phase)
				from, epoch := store.Store(w.mysql), w.settled(t).Epoch
				if phase.DynamoDBLeads() {
					from = w.dynamo
				}
				name := func(n int) { m.last = n - 1; m.write(t, from, epoch) }
				drain := func() {
					_, err := w.operator(t).Drain(context.Background(), nil)
					require.NoError(t, err)
				}
				name(1)
				drain()
				name(2)
				looks := 0
				w.faults.On(func(c faultstore.Call) bool {
					switch {
					case c.Method == "FanOuts" && looks == 0:
						looks = 1
						drain()
						name(1)
						drain()
					case c.Method == "GetMany" && c.Store == from.Name() && looks == 1:
						looks = 2
						name(2)
					}
					return false
				}, faultstore.Before)
				reports, err := m.Verify(t.Context(), migrationctl.VerifyOptions{Entity: "Baskets", Settle: time.Nanosecond})
				require.NoError(t, err)
				require.Equal(t, 2, looks)
				require.Zero(t, reports[0].Differences)
				require.EqualValues(t, 3, reports[0].Unsettled)
			})
		})
	}
}

// TestVerifyOfCopiesBesideRenames: a name that goes forth and back all the time, and the
// marks of it carried out all the time, are no difference.
func TestVerifyOfCopiesBesideRenames(t *testing.T) {
	w := newMemoryWorldOf(t, storetest.CopyContract(t), faultstore.New())
	w.stock(t, 40)
	m := w.openMall(t, &migrationctl.Options{MinPrimary: time.Nanosecond, RelayPoll: time.Millisecond})
	require.NoError(t, m.CaptureOn(t.Context(), migrationctl.Change{}))
	for _, to := range []store.Phase{2, 3, 4, 5} {
		m.step(t, to)
		if to == store.DualWrite {
			require.NoError(t, m.Backfill(t.Context(), migrationctl.BackfillOptions{}))
		}
		var stop atomic.Bool
		ended := make(chan error, 1)
		go func() {
			var err error
			for n := 0; !stop.Load() && err == nil; n++ {
				err = m.wares.Update(context.Background(), m.wares.Key("s", 1), func(x *Ware) error {
					x.Name = [...]string{"forth", "back"}[n%2]
					return nil
				})
			}
			ended <- err
		}()
		for range 8 {
			reports, err := m.Verify(t.Context(), migrationctl.VerifyOptions{Entity: "Baskets", Settle: 5 * time.Millisecond})
			require.NoError(t, err)
			require.Zero(t, reports[0].Differences, "phase %d: %v", to, reports[0].Named)
		}
		stop.Store(true)
		require.NoError(t, <-ended)
		m.fannedOut(t)
	}
}

// TestVerifyOfCopiesWithoutRoom: an item that has no room for its copies has none, and that
// is no difference.
func TestVerifyOfCopiesWithoutRoom(t *testing.T) {
	data, err := os.ReadFile("../dal/storetest/testdata/copies.json")
	require.NoError(t, err)
	text := strings.Replace(string(data), `{"name": "quantity", "type": "int"}`,
		`{"name": "quantity", "type": "int"}, {"name": "note", "type": "mediumtext", "collation": "utf8mb4_bin", "null": true}`, 1)
	text = strings.Replace(text, `{"name": "quantity", "type": "N", "source_column": "quantity"}`,
		`{"name": "quantity", "type": "N", "source_column": "quantity"}, {"name": "note", "type": "S", "source_column": "note"}`, 1)
	c, err := transform.Load([]byte(text))
	require.NoError(t, err)
	record := func(entity string, values map[string]string) store.Row {
		rec := c.Entity(entity).NewRecord()
		for name, text := range values {
			i := rec.Entity().ColumnIndex(name)
			v, err := rec.Entity().Columns[i].Parse(text)
			require.NoError(t, err)
			rec.SetAt(i, v)
		}
		key, err := rec.Key()
		require.NoError(t, err)
		return store.Row{Key: key, Live: true, Record: rec}
	}
	ware := record("Wares", map[string]string{"shop": "s", "number": "1", "name": "pen", "sold_out": "0", "stock": "1"})
	shown := map[transform.Key]store.Row{ware.Key: ware}
	nothing := c.Entity("Baskets").NewRecord()
	line := func(note int) store.Row {
		return record("Baskets", map[string]string{"basket_id": "1", "line": "1", "shop": "s", "number": "1", "quantity": "1", "note": strings.Repeat("x", note)})
	}
	require.Len(t, migrationctl.OldCopies(line(10), nothing, shown), 2)
	full := 400 << 10
	for {
		if l := line(full); l.Record.Fit() == nil {
			if _, err := l.Record.Entity().Item(l.Record); err == nil {
				break
			}
		}
		full--
	}
	require.Empty(t, migrationctl.OldCopies(line(full), nothing, shown))
}
