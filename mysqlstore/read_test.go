package mysqlstore_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/internal/enginetest"
	"github.com/crossfade-go/crossfade/mysqlstore"
	"github.com/crossfade-go/crossfade/transform"
)

// fullThing has a value in every column that has an edge: the largest, the
// most precise, the longest.
const fullThing = `INSERT INTO things (id, big, small, flag, price, code, old, essay, raw, day, at, seen, doc) VALUES
	(X'00FF2F7E', 18446744073709551615, -128, 1, '12345678901234567890123456.7890', 'ab', 'Größe €', REPEAT('ü', 40000), X'00FE0A',
	 '1969-12-31', '9999-12-31 23:59:59.999999', '2024-03-10 02:30:00.125', '{"z": 1.50, "a": "null", "é": null}')`

// values returns a record's columns as text.
func values(rec transform.Record) map[string]string {
	m := map[string]string{}
	for i, c := range rec.Entity().Columns {
		if !rec.At(i).IsNull() {
			m[c.Name] = rec.At(i).Text()
		}
	}
	return m
}

// The session's zone, the driver's handling of times and its protocol have no
// say in what a record holds: it is what MySQL stores.
func TestValuesAsStored(t *testing.T) {
	f := newFixture(t, setting{})
	things := f.c.Entity("Things")
	f.db.MustExec(fullThing)
	f.db.MustExec("INSERT INTO things (id) VALUES (X'01')")
	want := map[string]string{
		"id": "\x00\xff/~", "big": "18446744073709551615", "small": "-128", "flag": "true",
		"price": "12345678901234567890123456.7890", "code": "ab", "old": "Größe €", "essay": strings.Repeat("ü", 40000),
		"raw": "\x00\xfe\n", "day": "1969-12-31", "at": "9999-12-31T23:59:59.999999", "seen": "2024-03-10T02:30:00.125Z",
	}
	full, err := things.Key(transform.BytesValue([]byte("\x00\xff/~")))
	require.NoError(t, err)
	empty, err := things.Key(transform.BytesValue([]byte{1}))
	require.NoError(t, err)
	for _, params := range []string{"interpolateParams=true", "interpolateParams=false",
		"interpolateParams=false&parseTime=true&loc=America%2FNew_York", "interpolateParams=true&parseTime=true&loc=Local",
		"clientFoundRows=true", "collation=utf8mb4_bin"} {
		t.Run(params, func(t *testing.T) {
			s, err := mysqlstore.New(openDB(t, withParams(f.dsn, params)), f.c, nil)
			require.NoError(t, err)
			for _, at := range []store.At{{}, {Captured: true}} {
				row, err := s.Get(f.ctx, at, full)
				require.NoError(t, err)
				got := values(row.Record)
				require.JSONEq(t, `{"z": 1.50, "a": "null", "é": null}`, got["doc"])
				delete(got, "doc")
				require.Equal(t, want, got)
				rows, err := s.GetMany(f.ctx, at, []transform.Key{empty, full, empty})
				require.NoError(t, err)
				require.True(t, rows[1].Record.Equal(row.Record))
				require.Equal(t, map[string]string{"id": "\x01"}, values(rows[0].Record))
				require.Equal(t, rows[0], rows[2])
				page, err := s.Scan(f.ctx, at, store.Range{Entity: things, Limit: 10})
				require.NoError(t, err)
				require.True(t, page.Rows[0].Record.Equal(row.Record))
			}
			copied := roundTrip(t, f, s, full)
			f.db.MustExec("DELETE FROM things WHERE id = X'02'")
			require.Equal(t, want["price"], copied["price"])
			for name, text := range want {
				if name != "id" {
					require.Equal(t, text, copied[name], name)
				}
			}
		})
	}
}

// roundTrip writes a record read from one key to another one, and returns what
// is then there.
func roundTrip(t *testing.T, f *fixture, s *mysqlstore.Store, key transform.Key) map[string]string {
	t.Helper()
	row, err := s.Get(f.ctx, store.At{}, key)
	require.NoError(t, err)
	row.Record.SetAt(0, transform.BytesValue([]byte{2}))
	two := f.key(row.Record)
	_, err = s.Write(f.ctx, f.at, store.Write{Mutations: []store.Mutation{{Op: store.Create, Key: two, Record: row.Record}}})
	require.NoError(t, err)
	back, err := s.Get(f.ctx, store.At{}, two)
	require.NoError(t, err)
	require.True(t, back.Record.Equal(row.Record), "what is written is what is read")
	return values(back.Record)
}

// A row that has no form as a record must be told of, and not hide others.
func TestRowsThatCanNotBeRepresented(t *testing.T) {
	enginetest.NeedsRealMySQL(t, "stores the date 0000-00-00 where its sql_mode lets it")
	f := newFixture(t, setting{params: "sql_mode=%27%27"})
	db := openDB(t, withParams(f.dsn, "sql_mode=%27%27"))
	deep := strings.Repeat("[", 20) + strings.Repeat("]", 20)
	db.MustExec("INSERT INTO users (user_id, registration_date) VALUES (2, '0000-00-00')")
	db.MustExec("INSERT INTO users (user_id, profile_data) VALUES (1, ?), (3, ?), (4, '{}')", `{"a":1}`, `{"a": `+deep+`}`)
	for _, at := range []store.At{{}, f.at} {
		page, err := f.store.Scan(f.ctx, at, store.Range{Entity: f.users, Limit: 10})
		require.NoError(t, err)
		require.Len(t, page.Rows, 4)
		bad := page.Rows[1]
		require.True(t, bad.Live)
		require.Equal(t, f.key(f.user(2)), bad.Key)
		require.True(t, bad.Record.IsZero())
		require.ErrorContains(t, bad.Err, "registration_date")
		require.NoError(t, page.Rows[0].Err)
		require.NoError(t, page.Rows[3].Err)

		_, err = f.store.Get(f.ctx, at, f.key(f.user(2)))
		require.ErrorIs(t, err, store.ErrInvalid)
		var e *store.Error
		require.ErrorAs(t, err, &e)
		require.Equal(t, "registration_date", e.Field)

		rows, err := f.store.GetMany(f.ctx, at, []transform.Key{f.key(f.user(2)), f.key(f.user(1))})
		require.NoError(t, err)
		require.Error(t, rows[0].Err)
		require.NoError(t, rows[1].Err)
	}
	_, err := f.try(f.update(f.user(2), "username", "x"))
	require.Equal(t, "registration_date", refused(t, err, store.ErrInvalid).Field)
	f.write(f.put(f.user(2)))
	require.Equal(t, "user-2", f.text(f.user(2), "username"), "a put mends it")
}

// Reads under capture see fence, version and row in one snapshot: a version is
// never paired with an older or newer row.
func TestVersionAndRecordAreOfOneSnapshot(t *testing.T) {
	f := newFixture(t, setting{})
	rec := f.shelf("here", 1, 0)
	f.write(f.create(rec))
	base := f.row(rec).Version
	var wg sync.WaitGroup
	stop := make(chan struct{})
	wg.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
				_, _ = f.try(f.increment(rec))
			}
		}
	})
	defer wg.Wait()
	defer close(stop)
	check := func(row store.Row) {
		v, _ := row.Record.Get("quantity")
		n, _ := v.Int()
		require.Equal(t, base+store.Version(n), row.Version)
	}
	for range 50 {
		row, err := f.store.Get(f.ctx, f.at, f.key(rec))
		require.NoError(t, err)
		check(row)
		rows, err := f.store.GetMany(f.ctx, f.at, []transform.Key{f.key(rec)})
		require.NoError(t, err)
		check(rows[0])
		page, err := f.store.Scan(f.ctx, f.at, store.Range{Entity: f.stock, Limit: 5})
		require.NoError(t, err)
		check(page.Rows[0])
	}
}

// A reader in a session that reads from old snapshots sees the fence as it is.
func TestReadsSeeTheFence(t *testing.T) {
	for _, bare := range []bool{true, false} {
		readsSeeTheFence(t, newFixture(t, setting{params: isolated(t, "REPEATABLE-READ"), bare: bare}))
	}
}

func readsSeeTheFence(t *testing.T, f *fixture) {
	rec := f.user(1)
	f.write(f.create(rec))
	old := f.at
	f.advance(f.at.Captured)
	for name, err := range f.reads(f.at, rec) {
		require.NoError(t, err, name)
	}
	for _, key := range []transform.Key{f.key(rec), f.key(f.user(2))} {
		_, err := f.store.Get(f.ctx, old, key)
		require.ErrorIs(t, err, store.ErrWrongPhase)
		_, err = f.store.GetMany(f.ctx, old, []transform.Key{key})
		require.ErrorIs(t, err, store.ErrWrongPhase)
	}
	for _, entity := range []*transform.Entity{f.users, f.stock} {
		_, err := f.store.Scan(f.ctx, old, store.Range{Entity: entity, Limit: 5})
		require.ErrorIs(t, err, store.ErrWrongPhase, "also where there are no rows")
	}
	for _, name := range []string{"user-1", "nobody"} {
		_, err := f.store.Query(f.ctx, old, store.Query{Entity: f.users, Index: "UsernameIndex", Equal: transform.TextValue(name), Limit: 5})
		require.ErrorIs(t, err, store.ErrWrongPhase)
	}
}

// A pass over a table in pages finds each row once, in pages of any size, while
// rows around it come and go.
func TestScanPages(t *testing.T) {
	f := newFixture(t, setting{})
	var want []string
	for _, place := range []string{"", "a", "a b", "A", "~e", "x/y", "ü", "😀"} {
		for _, item := range []uint64{0, 1, 1 << 63, 1<<64 - 1} {
			rec := f.shelf(place, item, 1)
			seed(t, f.db, rec)
			want = append(want, f.key(rec).ID)
		}
	}
	slices.Sort(want)
	for _, at := range []store.At{{}, f.at} {
		for _, limit := range []int{1, 5, 31, 32, 33} {
			var got []string
			r := store.Range{Entity: f.stock, Limit: limit}
			for i := 0; ; i++ {
				page, err := f.store.Scan(f.ctx, at, r)
				require.NoError(t, err)
				for _, row := range page.Rows {
					got = append(got, row.Key.ID)
				}
				f.db.MustExec("REPLACE INTO stock (place, item, quantity) VALUES ('zzz', 5, 1)")
				f.db.MustExec("DELETE FROM stock WHERE place = 'zzz'")
				if r.After = page.Next; r.After == "" {
					break
				}
				require.Less(t, i, 100)
			}
			slices.Sort(got)
			require.Equal(t, want, got, "pages of %d", limit)
		}
	}
	_, err := f.store.Scan(f.ctx, f.at, store.Range{Entity: f.stock, After: "no key", Limit: 1})
	require.ErrorIs(t, err, store.ErrInvalid)
	_, err = f.store.Scan(f.ctx, f.at, store.Range{Entity: f.stock})
	require.ErrorIs(t, err, store.ErrInvalid)
}

// plan returns how the server would run the last statement that has the text.
func (f *fixture) plan(text string, args ...any) []map[string]any {
	f.t.Helper()
	statements := f.hooks.seen()
	i := slices.IndexFunc(statements, func(s string) bool { return strings.Contains(s, text) })
	require.GreaterOrEqual(f.t, i, 0, "no statement has %q", text)
	rows, err := f.db.Queryx("EXPLAIN "+statements[i], args...)
	require.NoError(f.t, err)
	defer rows.Close()
	var all []map[string]any
	for rows.Next() {
		row := map[string]any{}
		require.NoError(f.t, rows.MapScan(row))
		for k, v := range row {
			if b, ok := v.([]byte); ok {
				row[k] = string(b)
			}
		}
		all = append(all, row)
	}
	return all
}

// uses requires that the plan reaches a table by an index, and without sorting
// unless sorted says so.
func uses(t *testing.T, plan []map[string]any, table, index string) {
	t.Helper()
	for _, row := range plan {
		if fmt.Sprint(row["table"]) == table {
			require.Equal(t, index, fmt.Sprint(row["key"]), "%v", row)
			for _, row := range plan { // the sort stands at the first table, whichever it is
				require.NotContains(t, fmt.Sprint(row["Extra"]), "filesort", "%v", row)
			}
			return
		}
	}
	require.Fail(t, "no such table in the plan", "%s: %v", table, plan)
}

// What runs over and over must not read whole tables.
func TestStatementsUseIndexes(t *testing.T) {
	enginetest.NeedsRealMySQL(t, "chooses indexes as MySQL does, and EXPLAINs them")
	f := newFixture(t, setting{})
	values := make([]string, 2000)
	for i := range values {
		values[i] = fmt.Sprintf("(%d, 'user-%d', 'u%d@example.com')", i, i, i)
	}
	f.db.MustExec("INSERT INTO users (user_id, username, email) VALUES " + strings.Join(values, ","))
	for i := range values {
		values[i] = fmt.Sprintf("('default', 'Users', '%d', %d, %d, UTC_TIMESTAMP(6))", i, i+1, i%2)
	}
	f.db.MustExec("INSERT INTO crossfade_change VALUES " + strings.Join(values, ","))
	for i := range values {
		values[i] = fmt.Sprintf("('p%d', %d, 1)", i%50, i)
	}
	f.db.MustExec("INSERT INTO stock (place, item, quantity) VALUES " + strings.Join(values, ","))
	f.db.MustExec("ANALYZE TABLE users, crossfade_change, stock")

	f.hooks.reset(nil, nil)
	_, err := f.store.Scan(f.ctx, f.at, store.Range{Entity: f.users, After: "1000", Limit: 10})
	require.NoError(t, err)
	uses(t, f.plan("FROM `users` t WHERE", 1000, 10), "t", "PRIMARY")

	f.hooks.reset(nil, nil)
	_, err = f.store.Scan(f.ctx, f.at, store.Range{Entity: f.stock, After: "p3/1003", Limit: 10})
	require.NoError(t, err)
	uses(t, f.plan("FROM `stock` t WHERE", "p3", "p3", 1003, 10), "t", "PRIMARY")

	f.hooks.reset(nil, nil)
	_, err = f.store.Dirty(f.ctx, store.DirtyRange{After: "kUsers\x00500", Limit: 10})
	require.NoError(t, err)
	uses(t, f.plan("FROM crossfade_change", "default", "Users", "Users", "500", 10), "crossfade_change", "dirty")

	f.hooks.reset(nil, nil)
	_, err = f.store.GetMany(f.ctx, f.at, []transform.Key{f.key(f.user(1)), f.key(f.user(2))})
	require.NoError(t, err)
	plan := f.plan("UNION ALL", 1, 2, "default", "default", "Users", "1", "2")
	uses(t, plan, "t", "PRIMARY")
	uses(t, plan, "c", "PRIMARY")

	f.hooks.reset(nil, nil)
	_, err = f.store.Query(f.ctx, f.at, store.Query{Entity: f.users, Index: "UsernameIndex", Equal: transform.TextValue("user-7"), Limit: 5})
	require.NoError(t, err)
	readsBy(t, f.plan("FROM crossfade_fence f LEFT JOIN", "user-7", "user-7", 5, "default"), "username")

	// The table's own key, from somewhere within the partition on.
	f.hooks.reset(nil, nil)
	_, err = f.store.Query(f.ctx, f.at, store.Query{Entity: f.stock, Equal: transform.TextValue("p3"), Limit: 5,
		Lower: &store.Bound{Value: transform.UintValue(500)}, After: f.shelf("p3", 1003, 1)})
	require.NoError(t, err)
	readsBy(t, f.plan("FROM crossfade_fence f LEFT JOIN", "p3", "p3", 500, 1003, 5, "default"), "PRIMARY")
}

// readsBy requires that a plan reads the table t by an index.
func readsBy(t *testing.T, plan []map[string]any, index string) {
	t.Helper()
	seen := false
	for _, row := range plan {
		if fmt.Sprint(row["table"]) == "t" {
			require.Equal(t, index, fmt.Sprint(row["key"]), "%v", row)
			seen = true
		}
	}
	require.True(t, seen)
}

// query returns the labels a query finds, page by page.
func (f *fixture) query(q store.Query) []string {
	f.t.Helper()
	q.Entity = f.stock
	var labels []string
	for {
		rows, err := f.store.Query(f.ctx, f.at, q)
		require.NoError(f.t, err)
		for _, row := range rows {
			label, _ := row.Record.Get("label")
			item, _ := row.Record.Get("item")
			labels = append(labels, label.Text()+item.Text())
		}
		if len(rows) < q.Limit {
			return labels
		}
		q.After = rows[len(rows)-1].Record
	}
}

// An index answers as DynamoDB's would: by the bytes, where MySQL's collation
// takes several values for one and sorts them its own way.
func TestQueryComparesBytes(t *testing.T) {
	for _, bare := range []bool{true, false} {
		f := newFixture(t, setting{bare: bare})
		for i, label := range []string{"b", "B", "a", "ä", "a", "Z"} {
			rec := f.shelf("p", uint64(i), int64(i))
			f.set(rec, "shelf", transform.TextValue("Top"))
			f.set(rec, "label", transform.TextValue(label))
			seed(t, f.db, rec)
		}
		for i, shelf := range []string{"top", "TOP", "Top ", "Töp"} {
			rec := f.shelf("p", uint64(10+i), 1)
			f.set(rec, "shelf", transform.TextValue(shelf))
			f.set(rec, "label", transform.TextValue("other"))
			seed(t, f.db, rec)
		}
		unlabelled := f.shelf("p", 20, 5)
		f.set(unlabelled, "shelf", transform.TextValue("Top"))
		seed(t, f.db, unlabelled)

		q := store.Query{Index: "ShelfIndex", Equal: transform.TextValue("Top")}
		for _, q.Limit = range []int{1, 2, 4, 6, 100} {
			require.Equal(t, []string{"B1", "Z5", "a2", "a4", "b0", "ä3"}, f.query(q), "pages of %d", q.Limit)
			down := q
			down.Descending = true
			require.Equal(t, []string{"ä3", "b0", "a4", "a2", "Z5", "B1"}, f.query(down), "pages of %d", q.Limit)
		}
		q.Lower, q.Upper = &store.Bound{Value: transform.TextValue("Z")}, &store.Bound{Value: transform.TextValue("b"), Exclusive: true}
		require.Equal(t, []string{"Z5", "a2", "a4"}, f.query(q))
		q.Lower.Exclusive, q.Upper.Exclusive = true, false
		require.Equal(t, []string{"a2", "a4", "b0"}, f.query(q))

		byQuantity := store.Query{Index: "QuantityIndex", Equal: transform.TextValue("Top"), Limit: 2,
			Lower: &store.Bound{Value: transform.IntValue(3)}}
		require.Equal(t, []string{"ä3", "a4", "Z5", "20"}, f.query(byQuantity), "numbers, ties by the key")
	}
}

func TestQueryThatCanNotBeRight(t *testing.T) {
	f := newFixture(t, setting{})
	text := transform.TextValue("x")
	for want, q := range map[string]store.Query{
		"NoIndex":         {Index: "NoIndex", Equal: text, Limit: 1},
		"of kind":         {Index: "ShelfIndex", Equal: transform.IntValue(1), Limit: 1},
		"at least":        {Index: "ShelfIndex", Equal: text},
		"column quantity": {Index: "QuantityIndex", Equal: text, Limit: 1, Lower: &store.Bound{Value: text}},
	} {
		q.Entity = f.stock
		_, err := f.store.Query(f.ctx, f.at, q)
		require.ErrorIs(t, err, store.ErrInvalid)
		require.ErrorContains(t, err, want)
	}
	_, err := f.store.Query(f.ctx, f.at, store.Query{Entity: f.users, Index: "UsernameIndex", Equal: text, Limit: 1, Lower: &store.Bound{Value: text}})
	require.ErrorContains(t, err, "no sort key")
}
