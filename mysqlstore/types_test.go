package mysqlstore_test

import (
	"database/sql"
	_ "embed"
	"fmt"
	"math"
	"math/rand"
	"os"
	"testing"

	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/internal/enginetest"
	"github.com/crossfade-go/crossfade/mysqlstore"
	"github.com/crossfade-go/crossfade/transform"
)

//go:embed testdata/types.sql
var typesSQL string

// bare is the authority of a store that captures nothing.
var bare = store.At{Epoch: store.FirstEpoch}

// A typesFixture is a store of the contract of every type.
type typesFixture struct {
	*testing.T
	store *mysqlstore.Store
	db    *sqlx.DB // of a session that takes zero dates
	kinds *transform.Entity
	at    store.At
}

// lax is the sql_mode of a database that has zero dates.
const lax = "sql_mode=%27STRICT_ALL_TABLES%27"

func newTypesFixture(t *testing.T, params string) *typesFixture {
	t.Helper()
	enginetest.NeedsRealMySQL(t, "has BIT, SET and zero dates as MySQL does")
	data, err := os.ReadFile("../transform/testdata/types.json")
	require.NoError(t, err)
	c, err := transform.Load(data)
	require.NoError(t, err)
	dsn := withParams(enginetest.MySQL(t), lax)
	f := &typesFixture{T: t, db: openDB(t, dsn), kinds: c.Entities[0], at: bare}
	f.db.MustExec(typesSQL)
	f.store, err = mysqlstore.New(openDB(t, withParams(dsn, params)), c, nil)
	require.NoError(t, err)
	require.NoError(t, f.store.Init(t.Context()))
	return f
}

// eachProtocol runs the test with the driver's text protocol and its binary one,
// and with the statements of a store that captures and of one that does not.
func eachProtocol(t *testing.T, test func(f *typesFixture)) {
	for name, params := range map[string]string{
		"text": "", "binary": "interpolateParams=false&parseTime=true&loc=America%2FNew_York",
	} {
		t.Run(name, func(t *testing.T) { test(newTypesFixture(t, params)) })
		t.Run(name+" captured", func(t *testing.T) {
			f := newTypesFixture(t, params)
			f.capture()
			test(f)
		})
	}
}

// capture makes the store record changes from here on.
func (f *typesFixture) capture() {
	f.Helper()
	from, err := f.store.Phase(f.Context())
	require.NoError(f, err)
	to := from
	to.Epoch, to.Capture, to.CaptureEpoch = from.Epoch+1, true, from.Epoch+1
	require.NoError(f, f.store.Advance(f.Context(), from, to, entry))
	f.at = store.At{Epoch: to.Epoch, Captured: true}
}

func (f *typesFixture) key(id int64) transform.Key {
	f.Helper()
	key, err := f.kinds.KeyOf(id)
	require.NoError(f, err)
	return key
}

// reads returns the record at the id by every way of reading.
func (f *typesFixture) reads(id int64) map[string]store.Row {
	f.Helper()
	key := f.key(id)
	rows := map[string]store.Row{}
	one, err := f.store.Get(f.Context(), f.at, key)
	require.NoError(f, err)
	rows["get"] = one
	many, err := f.store.GetMany(f.Context(), f.at, []transform.Key{key, f.key(id + 1<<20)})
	require.NoError(f, err)
	rows["get many"] = many[0]
	page, err := f.store.Scan(f.Context(), f.at, store.Range{Entity: f.kinds, Limit: 1000})
	require.NoError(f, err)
	for _, row := range page.Rows {
		if row.Key == key {
			require.NoError(f, row.Err)
			rows["scan"] = row
		}
	}
	return rows
}

// item returns the item at the id, the same by every way of reading.
func (f *typesFixture) item(id int64) string {
	f.Helper()
	item := ""
	for name, row := range f.reads(id) {
		require.True(f, row.Live, name)
		made, err := f.kinds.Item(row.Record)
		require.NoError(f, err)
		back, err := f.kinds.Record(made)
		require.NoError(f, err)
		require.True(f, back.Equal(row.Record), name)
		text := ""
		for _, a := range f.kinds.Attributes {
			if av, ok := made[a.Name]; ok && a.Name != "id" {
				text += fmt.Sprintf("%s=%T%+v\n", a.Name, av, av)
			}
		}
		if item == "" {
			item = text
		}
		require.Equal(f, item, text, name)
	}
	return item
}

func (f *typesFixture) put(rec transform.Record) {
	f.Helper()
	key, err := rec.Key()
	require.NoError(f, err)
	_, err = f.store.Write(f.Context(), f.at, store.Write{Mutations: []store.Mutation{{Op: store.Put, Key: key, Record: rec}}})
	require.NoError(f, err)
}

// plainRows are rows as a service writes them in SQL, and the column's text in
// the record that is read.
var plainRows = []struct{ column, sql, want string }{
	{"weight", "16777216", "16777216"}, {"weight", "1.1", "1.1"}, {"weight", "-0.1e0", "-0.1"}, {"weight", "3.4028234663852886e38", "340282350000000000000000000000000000000"},
	{"weight", "1e-45", "1e-45"}, {"weight", "33554435", "33554436"}, {"weight", "0.333333333333", "0.33333334"}, {"weight", "-0e0", "0"},
	{"ratio", "0.1", "0.1"}, {"ratio", "1e0/3", "0.3333333333333333"}, {"ratio", "9007199254740993", "9007199254740992"}, {"ratio", "1.5e-100", "1.5e-100"},
	{"far", "1.7976931348623157e308", "1.7976931348623157e308"}, {"far", "5e-324", "5e-324"},
	{"length", "123456.789", "123456.79"}, {"fee", "1.005", "1"}, {"fee", "1234567.891", "1234567.89"},
	{"active", "TRUE", "true"}, {"lit", "b'0'", "false"}, {"mask", "b'100000001'", "257"}, {"raw", "'0'", "48"},
	{"wide", "18446744073709551615", "18446744073709551615"},
	{"opens", "'8:30'", "008:30:00"}, {"took", "'-838:59:59'", "-838:59:59.000"}, {"took", "'100:00:00.25'", "100:00:00.250"}, {"took", "'-00:00:00'", "000:00:00.000"},
	{"year", "'69'", "2069"}, {"year", "0", "0"}, {"year", "2155", "2155"},
	{"state", "2", "it's"}, {"state", "'NEW'", "new"}, {"state", `'b\\c'`, `b\c`}, {"state", "'é,ü'", "é,ü"}, {"mode", "''", ""},
	{"perks", "'Pool,WIFI,pool'", "wifi,Pool"}, {"perks", "''", ""}, {"needs", "7", "a,b,c"}, {"needs", "''", ""}, {"tags", "''", ""},
	{"made", "'2024-00-31'", "2024-00-31"}, {"made", "'0000-00-00'", "0000-00-00"}, {"changed", "'0000-00-00 00:00:00'", "0000-00-00T00:00:00.000Z"},
	{"changed", "'2024-03-10 09:30:00.25'", "2024-03-10T09:30:00.250Z"},
	{"exact", "'-99999999999999999999999999999999999.999999999999999999999999999999'", "-99999999999999999999999999999999999.999999999999999999999999999999"},
	{"price", "'999999999999999999999999999999999999.9'", "999999999999999999999999999999999999.90"},
	{"hash", "'a '", "a \x00\x00"}, {"token", `' \0'`, " \x00"}, {"note", "'NULL'", "NULL"},
}

// TestRowsOfSQL: what a service wrote in SQL is read the same in every way, and
// written by the store gives the same item again.
func TestRowsOfSQL(t *testing.T) {
	eachProtocol(t, func(f *typesFixture) {
		for i, c := range plainRows {
			id := int64(2*i + 1)
			columns, values := "id, seen", fmt.Sprintf("%d, '0000-00-00'", id)
			if c.column != "needs" {
				columns, values = columns+", needs", values+", ''"
			}
			f.db.MustExec("INSERT INTO kinds (" + columns + ", " + c.column + ") VALUES (" + values + ", " + c.sql + ")")
			for name, row := range f.reads(id) {
				v, _ := row.Record.Get(c.column)
				require.Equal(f, c.want, v.Text(), "%s: %s by %s", c.column, c.sql, name)
				require.False(f, v.IsNull())
			}
			copied := f.reads(id)["get"].Record.Clone()
			copied.SetAt(0, transform.IntValue(id+1))
			f.put(copied)
			require.Equal(f, f.item(id), f.item(id+1), "%s: %s", c.column, c.sql)
			same := 0
			require.NoError(f, f.db.Get(&same, "SELECT COUNT(*) FROM kinds a JOIN kinds b ON a."+c.column+" <=> b."+c.column+
				" WHERE a.id = ? AND b.id = ?", id, id+1))
			require.Equal(f, 1, same, "MySQL has what it had in %s: %s", c.column, c.sql)
		}
	})
}

// TestZeroDatesAsNull: NULL in the record, and NULL or the zero date in MySQL.
func TestZeroDatesAsNull(t *testing.T) {
	eachProtocol(t, func(f *typesFixture) {
		f.db.MustExec("INSERT INTO kinds (id, needs, born, seen, marks) VALUES (1, 'a', '2024-02-00', '2024-00-00 10:00:00', '')")
		rec := f.reads(1)["get"].Record.Clone()
		for _, column := range []string{"born", "seen", "marks"} {
			v, _ := rec.Get(column)
			require.True(f, v.IsNull(), column)
		}
		rec.SetAt(0, transform.IntValue(2))
		f.put(rec)
		require.Equal(f, f.item(1), f.item(2))
		var born, marks sql.NullString
		var seen string
		require.NoError(f, f.db.QueryRow("SELECT CAST(born AS CHAR), CAST(seen AS CHAR), marks FROM kinds WHERE id = 2").Scan(&born, &seen, &marks))
		require.False(f, born.Valid)
		require.False(f, marks.Valid)
		require.Equal(f, "0000-00-00 00:00:00.000", seen)
	})
}

// TestRowsThatHaveNoForm: each has an error that names the column.
func TestRowsThatHaveNoForm(t *testing.T) {
	f := newTypesFixture(t, "")
	loose := openDB(t, withParams(enginetest.MySQL(t), "sql_mode=%27%27"))
	var name string
	require.NoError(t, f.db.Get(&name, "SELECT DATABASE()"))
	for i, c := range []struct{ column, sql string }{{"active", "2"}, {"state", "'none'"}} {
		_, err := loose.Exec(fmt.Sprintf("INSERT INTO `%s`.kinds (id, needs, seen, %s) VALUES (%d, '', '2024-01-01', %s)", name, c.column, i, c.sql))
		require.NoError(t, err)
		_, err = f.store.Get(t.Context(), f.at, f.key(int64(i)))
		var fault *store.Error
		require.ErrorAs(t, err, &fault)
		require.Equal(t, c.column, fault.Field)
	}
}

// TestRandomRowsOfTypes: random records come back equal, and MySQL's own
// floating point numbers are those of the records.
func TestRandomRowsOfTypes(t *testing.T) {
	eachProtocol(t, func(f *typesFixture) {
		rnd := rand.New(rand.NewSource(1))
		for id := range int64(40) {
			weight := math.Float32frombits(rnd.Uint32())
			ratio := math.Float64frombits(rnd.Uint64())
			if weight != weight || ratio != ratio || math.IsInf(float64(weight), 0) || math.IsInf(ratio, 0) {
				continue
			}
			if a := math.Abs(ratio); a > 9e125 || a < 1e-130 {
				ratio = rnd.NormFloat64()
			}
			rec := f.kinds.NewRecord()
			for column, arg := range map[string]any{
				"id": id, "weight": weight, "ratio": ratio, "fee": rnd.NormFloat64() * 1e6, "mask": rnd.Intn(512), "wide": rnd.Uint64(),
				"raw": []byte{byte(rnd.Intn(16)), byte(rnd.Intn(256))}, "took": fmt.Sprintf("-%d:%02d:%02d.%03d", 10+rnd.Intn(800), rnd.Intn(60), rnd.Intn(60), rnd.Intn(1000)),
				"year": 1901 + rnd.Intn(255), "needs": "c,a", "perks": []string{"", "bar", "Pool,wifi"}[rnd.Intn(3)],
			} {
				v, err := f.kinds.Columns[f.kinds.ColumnIndex(column)].Value(arg)
				require.NoError(f, err, column)
				require.NoError(f, rec.Set(column, v))
			}
			require.NoError(f, rec.Fit())
			f.put(rec)
			for name, row := range f.reads(id) {
				require.True(f, row.Record.Equal(rec), "%s: %v", name, row.Record.Diff(rec))
			}
			var same bool
			require.NoError(f, f.db.Get(&same, "SELECT weight = ? AND ratio = ? FROM kinds WHERE id = ?", float64(weight), ratio, id))
			require.True(f, same, "%v %v", weight, ratio)
		}
	})
}

// TestQueriesOfTypes: an ENUM is found and sorted by its label, a FLOAT and a
// TIME by their size, as the items are.
func TestQueriesOfTypes(t *testing.T) {
	eachProtocol(t, func(f *typesFixture) {
		f.db.MustExec("INSERT INTO kinds (id, needs, seen, state, ratio, year, opens) VALUES (1, '', '2024-01-01', 'new', 10, 2024, '10:00')," +
			" (2, '', '2024-01-01', 'new', 9.5, 2024, '9:00'), (3, '', '2024-01-01', 'new', -1, 2024, '100:00:00'), (4, '', '2024-01-01', 2, 1, 2023, '9:00'), (5, '', '2024-01-01', 1, 1, 2023, '9:00'), (6, '', '2024-01-01', 3, 1, 2023, '9:00')")
		ids := func(index string, equal transform.Value) (found []int64) {
			rows, err := f.store.Query(f.Context(), f.at, store.Query{Entity: f.kinds, Index: index, Equal: equal, Limit: 10})
			require.NoError(f, err)
			for _, row := range rows {
				id, _ := row.Record.At(0).Int()
				found = append(found, id)
			}
			return found
		}
		require.Equal(f, []int64{3, 5, 2, 1}, ids("ByState", transform.TextValue("new")))
		require.Equal(f, []int64{4}, ids("ByState", transform.TextValue("it's")))
		require.Empty(f, ids("ByState", transform.TextValue("NEW")))
		require.Equal(f, []int64{6, 4, 5}, ids("ByYear", transform.IntValue(2023)), "b, i, n")
		require.Equal(f, []int64{2, 1, 3}, ids("ByOpening", transform.IntValue(2024)))
	})
}

// TestKeysOfTypes: a FLOAT, a TIME, a BIT and an ENUM find their row as a key.
func TestKeysOfTypes(t *testing.T) {
	enginetest.NeedsRealMySQL(t, "compares a FLOAT with a DOUBLE as MySQL does")
	c, err := transform.Load([]byte(`[{"table": "Keyed", "type": "single-entity", "source_table": "keyed", "pk": "f", "sk": "t",
		"columns": [{"name": "f", "type": "float"}, {"name": "t", "type": "time", "precision": 2}, {"name": "n", "type": "int"}],
		"primary_key": ["f", "t"],
		"attributes": [{"name": "f", "type": "N", "source_column": "f"}, {"name": "t", "type": "S", "source_column": "t"}, {"name": "n", "type": "N", "source_column": "n"}]},
		{"table": "Bits", "type": "single-entity", "source_table": "bits", "pk": "b", "sk": "e",
		"columns": [{"name": "b", "type": "bit", "length": 64}, {"name": "e", "type": "enum", "values": ["x", "Y"], "collation": "utf8mb4_general_ci"}, {"name": "n", "type": "int"}],
		"primary_key": ["b", "e"],
		"attributes": [{"name": "b", "type": "N", "source_column": "b"}, {"name": "e", "type": "S", "source_column": "e"}, {"name": "n", "type": "N", "source_column": "n"}]}]`))
	require.NoError(t, err)
	for _, params := range []string{"", "interpolateParams=false"} {
		dsn := enginetest.MySQL(t)
		db := openDB(t, dsn)
		db.MustExec("CREATE TABLE keyed (f FLOAT NOT NULL, t TIME(2) NOT NULL, n INT NOT NULL, PRIMARY KEY (f, t))")
		db.MustExec("CREATE TABLE bits (b BIT(64) NOT NULL, e ENUM('x','Y') NOT NULL, n INT NOT NULL, PRIMARY KEY (b, e)) CHARSET utf8mb4")
		s, err := mysqlstore.New(openDB(t, withParams(dsn, params)), c, nil)
		require.NoError(t, err)
		require.NoError(t, s.Init(t.Context()))
		findings, err := s.CheckFollower(t.Context())
		require.NoError(t, err)
		require.Empty(t, findings)
		db.MustExec("INSERT INTO keyed VALUES (1.1, '100:00:00.5', 1), (0.1, '0:00', 1)")
		db.MustExec("INSERT INTO bits VALUES (18446744073709551615, 'y', 1), (0, 1, 1)")
		for _, args := range [][]any{{"Keyed", float32(1.1), "100:00:00.5"}, {"Keyed", 0.1, "00:00:00"}, {"Bits", uint64(math.MaxUint64), "Y"}, {"Bits", 0, "x"}} {
			key, err := c.Entity(args[0].(string)).KeyOf(args[1:]...)
			require.NoError(t, err)
			row, err := s.Get(t.Context(), bare, key)
			require.NoError(t, err)
			require.True(t, row.Live, "%v", args)
			_, err = s.Write(t.Context(), bare, store.Write{Mutations: []store.Mutation{{Op: store.Update, Key: key,
				Modify: func(now transform.Record) error { return now.Set("n", transform.IntValue(2)) }}}})
			require.NoError(t, err)
			_, err = s.Write(t.Context(), bare, store.Write{Mutations: []store.Mutation{{Op: store.Delete, Key: key}}})
			require.NoError(t, err, "%v", args)
		}
	}
}

// TestIntrospectTypes: what the database says is what the contract says.
func TestIntrospectTypes(t *testing.T) {
	f := newTypesFixture(t, "")
	columns, key, err := mysqlstore.Introspect(t.Context(), f.db, "kinds")
	require.NoError(t, err)
	require.Equal(t, []string{"id"}, key)
	data, err := os.ReadFile("../transform/testdata/types.json")
	require.NoError(t, err)
	text, err := transform.Parse(data)
	require.NoError(t, err)
	require.NoError(t, text.SetColumns("Kinds", columns, key))
	c, _ := text.Check()
	require.NotNil(t, c)
	for i, column := range c.Entities[0].Columns {
		want := f.kinds.Columns[i]
		if want.SQLType == "tinyint" {
			want.Length = 0
		}
		require.Equal(t, want, column)
	}
	findings, err := f.store.CheckFollower(t.Context())
	require.NoError(t, err)
	require.Empty(t, findings)
	f.db.MustExec("ALTER TABLE kinds MODIFY state ENUM('new', 'old') NULL, MODIFY raw BIT(13) NULL, MODIFY fee DOUBLE NULL, MODIFY took TIME NULL")
	findings, err = f.store.CheckSchema(t.Context())
	require.NoError(t, err)
	require.Len(t, findings, 4)
}

// TestIntrospectFormless: a type without a form has its name, and the check
// says why.
func TestIntrospectFormless(t *testing.T) {
	f := newTypesFixture(t, "")
	f.db.MustExec("CREATE TABLE places (id INT PRIMARY KEY, at POINT NULL, odd ENUM('a\\nb', '\\\\', '\"', '()', 'x,y') NULL)")
	columns, _, err := mysqlstore.Introspect(t.Context(), f.db, "places")
	require.NoError(t, err)
	require.Equal(t, transform.Column{Name: "at", SQLType: "point", Nullable: true}, columns[1])
	require.Equal(t, []string{"a\nb", `\`, `"`, "()", "x,y"}, columns[2].Labels)
}
