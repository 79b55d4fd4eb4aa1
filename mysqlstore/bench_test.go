package mysqlstore_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// BenchmarkWrite compares writes with what a careful engineer sends by hand:
// without the library, and with a fence and a change record of their own.
func BenchmarkWrite(b *testing.B) {
	const byHand = "INSERT INTO crossfade_change SELECT grp, 'Stock', ?, floor + 1, 1, UTC_TIMESTAMP(6) FROM crossfade_fence" +
		" WHERE grp = 'default' AND epoch = ? AND state = 'open' LOCK IN SHARE MODE" +
		" ON DUPLICATE KEY UPDATE version = version + 1, dirty = 1"
	run := func(name string, bare bool, prepare func(f *fixture) func(n int)) {
		b.Run(name, func(b *testing.B) {
			f := newFixture(b, setting{bare: bare})
			f.write(f.create(f.shelf("p", 0, 0)))
			write := prepare(f)
			for n := 1; b.Loop(); n++ {
				write(n)
			}
		})
	}
	create := func(f *fixture) func(int) {
		return func(n int) { f.write(f.create(f.shelf("p", uint64(n), 1))) }
	}
	update := func(f *fixture) func(int) {
		m := f.increment(f.shelf("p", 0, 0))
		return func(int) { f.write(m) }
	}
	transaction := func(f *fixture, change bool) func(int) {
		db, _ := openHooked(b, f.dsn)
		return func(int) {
			tx, err := db.Beginx()
			require.NoError(b, err)
			if change {
				tx.MustExec(byHand, "p/0", f.at.Epoch)
			}
			var quantity int
			require.NoError(b, tx.Get(&quantity, "SELECT quantity FROM stock WHERE place = ? AND item = ? FOR UPDATE", "p", 0))
			tx.MustExec("UPDATE stock SET quantity = ? WHERE place = ? AND item = ?", quantity+1, "p", 0)
			require.NoError(b, tx.Commit())
		}
	}
	run("create/by hand", true, func(f *fixture) func(int) {
		db, _ := openHooked(b, f.dsn)
		return func(n int) { db.MustExec("INSERT INTO stock (place, item, quantity) VALUES (?, ?, ?)", "p", n, 1) }
	})
	run("create/bare", true, create)
	run("create/captured", false, create)
	run("update/by hand", true, func(f *fixture) func(int) { return transaction(f, false) })
	run("update/bare", true, update)
	run("update/by hand with change record", false, func(f *fixture) func(int) { return transaction(f, true) })
	run("update/captured", false, update)
}

// BenchmarkGet compares reads with the plain SELECT.
func BenchmarkGet(b *testing.B) {
	f := newFixture(b, setting{})
	rec := f.shelf("p", 1, 1)
	f.write(f.create(rec))
	key := f.key(rec)
	b.Run("by hand", func(b *testing.B) {
		db, _ := openHooked(b, f.dsn)
		var place, shelf, label *string
		var item, quantity int
		for b.Loop() {
			row := db.QueryRow("SELECT place, item, quantity, shelf, label FROM stock WHERE place = ? AND item = ?", "p", 1)
			require.NoError(b, row.Scan(&place, &item, &quantity, &shelf, &label))
		}
	})
	for name, at := range map[string]store.At{"without fence": {}, "bare": {Epoch: f.at.Epoch}, "captured": f.at} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				_, err := f.store.Get(f.ctx, at, key)
				require.NoError(b, err)
			}
		})
	}
}

// BenchmarkBareRead measures what the look at the fence adds to a read without
// capture. Both kinds are sent in turn; ratio is the one's time over the
// other's.
func BenchmarkBareRead(b *testing.B) {
	f := newFixture(b, setting{bare: true})
	values := make([]string, 1000)
	for i := range values {
		values[i] = fmt.Sprintf("('p%d', %d, 1, 'top', 'l%d')", i%50, i, i)
	}
	f.db.MustExec("INSERT INTO stock (place, item, quantity, shelf, label) VALUES " + strings.Join(values, ","))
	key := f.key(f.shelf("p7", 7, 1))
	for name, read := range map[string]func(store.At) error{
		"get": func(at store.At) error { _, err := f.store.Get(f.ctx, at, key); return err },
		"query of 20": func(at store.At) error {
			_, err := f.store.Query(f.ctx, at, store.Query{Entity: f.stock, Index: "QuantityIndex", Equal: transform.TextValue("top"), Limit: 20})
			return err
		},
		"scan of 100": func(at store.At) error {
			_, err := f.store.Scan(f.ctx, at, store.Range{Entity: f.stock, After: "p3/3", Limit: 100})
			return err
		},
	} {
		b.Run(name, func(b *testing.B) {
			var with, without time.Duration
			for b.Loop() {
				for _, side := range []struct {
					at  store.At
					sum *time.Duration
				}{{store.At{}, &without}, {f.at, &with}} {
					began := time.Now()
					require.NoError(b, read(side.at))
					*side.sum += time.Since(began)
				}
			}
			b.ReportMetric(float64(with)/float64(without), "ratio")
		})
	}
}

// BenchmarkPut compares a refresh of a row that is there with the same
// statements sent by hand.
func BenchmarkPut(b *testing.B) {
	f := newFollower(b, setting{})
	rec := f.shelf("p", 1, 1)
	f.follow(f.live(rec, 1))
	b.Run("by hand", func(b *testing.B) {
		db, _ := openHooked(b, f.dsn)
		for n := 2; b.Loop(); n++ {
			tx, err := db.Beginx()
			require.NoError(b, err)
			tx.MustExec("UPDATE crossfade_change SET version = ? WHERE grp = 'default' AND entity = 'Stock' AND id = 'p/1' AND version < ?", n, n)
			tx.MustExec("UPDATE stock SET quantity = ?, shelf = NULL, label = NULL WHERE place = 'p' AND item = 1", n)
			require.NoError(b, tx.Commit())
		}
	})
	b.Run("put", func(b *testing.B) {
		base := store.Version(1 << 50)
		for n := store.Version(1); b.Loop(); n++ {
			rec := f.shelf("p", 1, int64(n%1000))
			f.follow(f.live(rec, base+n))
		}
	})
}
