package fragment_test

import (
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/internal/enginetest"
	"github.com/crossfade-go/crossfade/mysqlstore"
	"github.com/crossfade-go/crossfade/transform/internal/fragment"
)

func TestMain(m *testing.M) { enginetest.Main(m) }

func openDB(t testing.TB, params string) *sqlx.DB {
	t.Helper()
	dsn := enginetest.MySQL(t)
	if params != "" {
		separator := "?"
		if strings.Contains(dsn, "?") {
			separator = "&"
		}
		dsn += separator + params
	}
	db, err := mysqlstore.OpenDB(dsn)
	require.NoError(t, err)
	t.Cleanup(func() { db.Close() })
	return db
}

// A column of the generated table: its type on the server and here.
type column struct {
	name, sql string
	typ       fragment.Type
	values    []string // as the server writes them; also NULL, if it can be
}

var columns = []column{
	{"i", "INT NOT NULL", fragment.Type{Kind: fragment.Integer}, []string{"0", "1", "-1", "7", "3", "-2147483648", "2147483647", "100"}},
	{"n", "INT NULL", fragment.Type{Kind: fragment.Integer}, []string{"NULL", "0", "2", "-5", "NULL"}},
	{"b", "BIGINT NULL", fragment.Type{Kind: fragment.Integer}, []string{"9223372036854775807", "-9223372036854775808", "12", "-12", "NULL"}},
	{"u", "BIGINT UNSIGNED NULL", fragment.Type{Kind: fragment.Integer, Unsigned: true}, []string{"0", "5", "18446744073709551615", "NULL"}},
	{"f", "TINYINT(1) NULL", fragment.Type{Kind: fragment.Integer}, []string{"0", "1", "NULL"}},
	{"d", "DECIMAL(10,2) NULL", fragment.Type{Kind: fragment.Decimal, Scale: 2}, []string{"0.00", "1.50", "-1.50", "99999999.99", "0.01", "12.34", "NULL"}},
	{"e", "DECIMAL(20,5) NULL", fragment.Type{Kind: fragment.Decimal, Scale: 5}, []string{"2.00000", "-0.00001", "123456789012345.67891", "0.00000", "3.14159", "NULL"}},
	{"g", "DECIMAL(30,12) NULL", fragment.Type{Kind: fragment.Decimal, Scale: 12}, []string{"0.333333333333", "1.000000000000", "-7.654321098765", "NULL"}},
	{"s", "VARCHAR(40) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL", fragment.Type{Kind: fragment.Text, Collation: "utf8mb4_bin"},
		[]string{"", "a", "a ", "A", " ab ", "Größe", "żółć\t", "null", "NULL", "😀x", "a\tb", "it's", `back\slash`, "Σίσυφος", "Ж"}},
	{"w", "VARCHAR(40) CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin NULL", fragment.Type{Kind: fragment.Text, Collation: "utf8mb4_nopad_bin"},
		[]string{"", "a", "a ", "b", "NULL", "12"}},
	{"z", "VARCHAR(40) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL", fragment.Type{Kind: fragment.Text, Collation: "utf8mb4_bin"},
		[]string{"12", "-7", "0", "123456", "NULL"}},
}

const rows = 60

func createRows(t testing.TB, db *sqlx.DB, r *rand.Rand) {
	t.Helper()
	var definition, names []string
	for _, c := range columns {
		definition = append(definition, "`"+c.name+"` "+c.sql)
		names = append(names, "`"+c.name+"`")
	}
	db.MustExec("CREATE TABLE t (id INT PRIMARY KEY, " + strings.Join(definition, ", ") + ")")
	insert := "INSERT INTO t (id, " + strings.Join(names, ", ") + ") VALUES (?" + strings.Repeat(", ?", len(columns)) + ")"
	for id := range rows {
		args := []any{id}
		for _, c := range columns {
			v := c.values[r.IntN(len(c.values))]
			if v == "NULL" {
				args = append(args, nil)
			} else {
				args = append(args, v)
			}
		}
		db.MustExec(insert, args...)
	}
}

// readRows reads the values back, as the server has them.
func readRows(t testing.TB, db *sqlx.DB) []map[string]fragment.Value {
	t.Helper()
	found, err := db.Queryx("SELECT * FROM t ORDER BY id")
	require.NoError(t, err)
	defer found.Close()
	var all []map[string]fragment.Value
	for found.Next() {
		cells, err := found.SliceScan()
		require.NoError(t, err)
		row := map[string]fragment.Value{}
		for n, c := range columns {
			if cells[n+1] == nil {
				continue
			}
			s := fmt.Sprintf("%s", cells[n+1])
			if _, isInt := cells[n+1].(int64); isInt {
				s = fmt.Sprint(cells[n+1])
			}
			if _, isUint := cells[n+1].(uint64); isUint {
				s = fmt.Sprint(cells[n+1])
			}
			if c.typ.Kind == fragment.Text {
				row[c.name] = fragment.TextValue(s)
				continue
			}
			row[c.name], err = fragment.ParseNumber(s)
			require.NoError(t, err)
		}
		all = append(all, row)
	}
	require.NoError(t, found.Err())
	require.Len(t, all, rows)
	return all
}

func columnType(ref fragment.Ref) (fragment.Type, error) {
	for _, c := range columns {
		if c.name == ref.Name {
			return c.typ, nil
		}
	}
	return fragment.Type{}, errors.New("no such column")
}

// A grammar writes fragments at random that are mostly sensible.
type grammar struct{ r *rand.Rand }

func (g grammar) one(of ...string) string { return of[g.r.IntN(len(of))] }

func (g grammar) number(depth int) string {
	if depth <= 0 || g.r.IntN(4) == 0 {
		return g.one("i", "n", "b", "u", "f", "d", "e", "g", "0", "1", "2", "3", "10", "0.5", "1.50", "0.00001", "NULL", "TRUE", "9223372036854775808")
	}
	x, y := g.number(depth-1), g.number(depth-1)
	switch g.r.IntN(14) {
	case 0, 1, 2, 3:
		return "(" + x + " " + g.one("+", "-", "*") + " " + y + ")"
	case 4:
		return x + " " + g.one("+", "-", "*", "/") + " " + y
	case 5:
		return "(" + x + " / " + y + ")"
	case 6:
		return "CAST(" + x + " / " + y + " AS DECIMAL(" + g.one("40,2", "30,4", "20,0") + "))"
	case 7:
		return "CAST(" + x + " AS " + g.one("SIGNED", "UNSIGNED", "DECIMAL(30,3)", "DECIMAL(10,1)", "DECIMAL(50,12)") + ")"
	case 8:
		return "(- " + x + ")"
	case 9:
		return "COALESCE(" + x + ", " + y + ")"
	case 10:
		return "IF(" + g.truth(depth-1) + ", " + x + ", " + y + ")"
	case 11:
		return "CAST(" + g.one("z", "w", "CONCAT(z, '1')", "CONCAT('-', 5)", "'1.50'", "CONCAT(i, '.', f)") + " AS " + g.one("SIGNED", "DECIMAL(20,4)", "UNSIGNED") + ")"
	case 12:
		return g.truth(depth - 1)
	}
	return "(" + x + " - " + y + ")"
}

func (g grammar) text(depth int) string {
	if depth <= 0 || g.r.IntN(4) == 0 {
		return g.one("s", "s", "w", "z", "''", "'a'", "'a '", "'Größe'", "'it''s'", "NULL", `'\\'`)
	}
	x, y := g.text(depth-1), g.text(depth-1)
	switch g.r.IntN(10) {
	case 0:
		return "CONCAT(" + x + ", " + y + ", " + g.number(depth-1) + ")"
	case 1:
		return "CONCAT(" + g.number(depth-1) + ")"
	case 2:
		return "CONCAT_WS(" + g.one("'/'", "s", "NULL", "i") + ", " + x + ", " + g.number(depth-1) + ", " + y + ")"
	case 3:
		return g.one("LOWER", "UPPER", "TRIM") + "(" + x + ")"
	case 4:
		return "SUBSTRING(" + x + ", " + g.one("0", "1", "2", "-1", "-3", "99", "i", "n", "b", "u") + ")"
	case 5:
		return "SUBSTRING(" + x + ", " + g.one("1", "-2", "n", "i") + ", " + g.one("0", "1", "2", "-1", "n", "b", "u") + ")"
	case 6:
		return "COALESCE(" + x + ", " + g.either(depth-1) + ", " + y + ")"
	case 7:
		return "IF(" + g.truth(depth-1) + ", " + x + ", " + g.either(depth-1) + ")"
	case 8:
		return "CAST(" + g.either(depth-1) + " AS CHAR)"
	}
	return "CONCAT(" + x + ", '-', " + y + ")"
}

func (g grammar) either(depth int) string {
	if g.r.IntN(2) == 0 {
		return g.number(depth)
	}
	return g.text(depth)
}

func (g grammar) truth(depth int) string {
	if depth <= 0 {
		return g.one("f", "(i = 1)", "(n IS NULL)", "NULL", "(s = 'a')", "(d > 1.5)")
	}
	op := " " + g.one("=", "<>", "<", ">", "<=", ">=") + " "
	switch g.r.IntN(9) {
	case 0:
		return "(" + g.number(depth-1) + op + "(" + g.number(depth-1) + "))"
	case 1, 2:
		return "(" + g.text(depth-1) + op + g.text(depth-1) + ")"
	case 3:
		return "(" + g.truth(depth-1) + " AND " + g.truth(depth-1) + ")"
	case 4:
		return "(" + g.truth(depth-1) + " OR " + g.truth(depth-1) + ")"
	case 5:
		return "(NOT " + g.truth(depth-1) + ")"
	case 6:
		return "((" + g.either(depth-1) + ") IS " + g.one("", "NOT ") + "NULL)"
	case 7:
		return "((" + g.number(depth-1) + ") " + g.one("", "NOT ") + "IN (" + g.number(depth-1) + ", " + g.number(depth-2) + "))"
	}
	return "(" + g.text(depth-1) + " " + g.one("", "NOT ") + "IN (" + g.text(0) + ", s, " + g.text(depth-2) + "))"
}

// TestEvalIsMariaDBs compares Eval with the server's SELECT of what SQL and
// ViewSQL give, for generated fragments over generated rows. A row that Eval
// refuses is not compared; there the server errs, or warns and guesses.
func TestEvalIsMariaDBs(t *testing.T) {
	enginetest.NeedsRealMySQL(t, "calculates with MySQL's decimals, and has MariaDB's binary collations")
	for _, interpolate := range []string{"true", "false"} {
		t.Run("interpolateParams="+interpolate, func(t *testing.T) {
			r := rand.New(rand.NewPCG(5, uint64(len(interpolate))))
			db := openDB(t, "interpolateParams="+interpolate)
			requireMariaDB(t, db)
			createRows(t, db, r)
			given := readRows(t, db)
			n := 200
			if testing.Short() {
				n = 60
			}
			var compared, refused, nulls int
			for range n {
				g := grammar{r}
				text := g.either(3)
				if r.IntN(3) == 0 {
					text = g.truth(3)
				}
				c, e, z := compareAll(t, db, text, given)
				compared, refused, nulls = compared+c, refused+e, nulls+z
			}
			t.Logf("%d values compared, %d of them NULL; %d refused", compared, nulls, refused)
			require.Greater(t, compared, n*rows/4)
			require.Greater(t, nulls, compared/50)
			require.Less(t, nulls, compared*3/4)
			require.Less(t, refused, compared)
		})
	}
}

// TestBeyond64Bits: a result that no BIGINT holds is no error of the statement,
// in which other rows stand too.
func TestBeyond64Bits(t *testing.T) {
	enginetest.NeedsRealMySQL(t, "refuses a BIGINT that is out of range")
	db := openDB(t, "interpolateParams=false")
	db.MustExec("CREATE TABLE big (i BIGINT NOT NULL, u BIGINT UNSIGNED NOT NULL)")
	db.MustExec("INSERT INTO big VALUES (9223372036854775807, 3)")
	for text, want := range map[string]string{
		"u - 5": "-2", "i + 1": "9223372036854775808", "i * i": "85070591730234615847396907784232501249",
		"-(i + 1)": "-9223372036854775808", "0 - u": "-3", "i + 1 - 1": "9223372036854775807", "1.5 * u": "4.5",
	} {
		f, err := fragment.Parse(text)
		require.NoError(t, err)
		query, args := f.SQL()
		var got, shown string
		require.NoError(t, db.Get(&got, "SELECT "+query+" FROM big", args...), text)
		require.Equal(t, want, got, text)
		require.NoError(t, db.Get(&shown, "SELECT "+f.ViewSQL()+" FROM big"), text)
		require.Equal(t, want, shown, text)
	}
}

func requireMariaDB(t testing.TB, db *sqlx.DB) {
	t.Helper()
	var version string
	require.NoError(t, db.Get(&version, "SELECT VERSION()"))
	if !strings.Contains(version, "MariaDB") {
		t.Skip("needs MariaDB, whose utf8mb4_nopad_bin the table has")
	}
}

// compareAll compares a fragment over all rows, if it compiles.
func compareAll(t testing.TB, db *sqlx.DB, text string, given []map[string]fragment.Value) (compared, refused, nulls int) {
	t.Helper()
	f, err := fragment.Parse(text)
	require.NoError(t, err)
	p, err := f.Compile(columnType, nil)
	if err != nil {
		return 0, 0, 0
	}
	query, args := f.SQL()
	for id, row := range given {
		values := make([]fragment.Value, len(p.Columns()))
		for i, ref := range p.Columns() {
			values[i] = row[ref.Name]
		}
		got, err := p.Eval(values)
		if err != nil {
			refused++
			continue
		}
		for _, statement := range []string{query, f.ViewSQL()} {
			var want sql.NullString
			bound := args
			if statement != query {
				bound = nil
			}
			require.NoError(t, db.Get(&want, "SELECT "+statement+" FROM t WHERE id = ?", append(append([]any{}, bound...), id)...), "%s\n%s", text, statement)
			require.Equal(t, want.Valid, !got.IsNull(), "%s\n%s\n%v want %v got %v", text, statement, values, want, got.Text())
			require.Equal(t, want.String, got.Text(), "%s\n%s\n%v", text, statement, values)
		}
		compared++
		if got.IsNull() {
			nulls++
		}
	}
	return compared, refused, nulls
}

// TestCaseIsMariaDBs compares LOWER and UPPER for every character there is.
func TestCaseIsMariaDBs(t *testing.T) {
	enginetest.NeedsRealMySQL(t, "maps letters to upper and lower case as MySQL does")
	db := openDB(t, "")
	requireMariaDB(t, db)
	db.MustExec("CREATE TABLE letters (id INT PRIMARY KEY, c VARCHAR(2) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin)")
	var letters []rune
	for r := rune(1); r <= 0x1FFFF; r++ {
		if r < 0xD800 || r > 0xDFFF {
			letters = append(letters, r)
		}
	}
	for from := 0; from < len(letters); from += 2000 {
		var values []string
		var args []any
		for _, r := range letters[from:min(from+2000, len(letters))] {
			values = append(values, "(?, ?)")
			args = append(args, r, string(r))
		}
		db.MustExec("INSERT INTO letters VALUES "+strings.Join(values, ", "), args...)
	}
	for _, name := range []string{"LOWER", "UPPER"} {
		f, err := fragment.Parse(name + "(c)")
		require.NoError(t, err)
		p, err := f.Compile(func(fragment.Ref) (fragment.Type, error) {
			return fragment.Type{Kind: fragment.Text, Collation: "utf8mb4_bin"}, nil
		}, nil)
		require.NoError(t, err)
		query, _ := f.SQL()
		var want []string
		require.NoError(t, db.Select(&want, "SELECT "+query+" FROM letters ORDER BY id"))
		refused, mapped := 0, 0
		for i, r := range letters {
			got, err := p.Eval([]fragment.Value{fragment.TextValue(string(r))})
			if err != nil {
				refused++
				continue
			}
			require.Equal(t, want[i], got.Text(), "%s of %U", name, r)
			if got.Text() != string(r) {
				mapped++
			}
		}
		t.Logf("%s: %d letters mapped, %d refused", name, mapped, refused)
		require.Greater(t, mapped, 300)
		require.Less(t, refused, 1200)
	}
}
