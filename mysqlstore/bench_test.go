package mysqlstore_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/store"
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
	for name, at := range map[string]store.At{"bare": {}, "captured": f.at} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				_, err := f.store.Get(f.ctx, at, key)
				require.NoError(b, err)
			}
		})
	}
}
