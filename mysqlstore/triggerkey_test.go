package mysqlstore_test

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/internal/enginetest"
	"github.com/crossfade-go/crossfade/transform"
)

// keyType is a type that a key can have, and a value of it as SQL.
type keyType struct {
	declared string
	column   string // as the contract says it
	value    func(r *rand.Rand) string
}

// letters are what a key of text is made of, in the tests: what is escaped, what
// collations take for equal, what UTF-8 has several bytes for.
var letters = []string{"a", "A", "~", "/", "~e", "~s", "~~", "ä", "é", "é", "ß", "語", "😀", " ", "%", "\\", "'", "\x00", "\n", "0"}

func someText(r *rand.Rand) string {
	text := ""
	for range r.IntN(6) {
		text += letters[r.IntN(len(letters))]
	}
	return fmt.Sprintf("CONVERT(X'%X' USING utf8mb4)", text)
}

func someClock(r *rand.Rand, hours int) string {
	return fmt.Sprintf("%02d:%02d:%02d.%06d", r.IntN(hours), r.IntN(60), r.IntN(60), r.IntN(1e6)*r.IntN(2))
}

func someDay(r *rand.Rand) string {
	if r.IntN(10) == 0 {
		return []string{"0000-00-00", "2024-00-00", "2024-03-00"}[r.IntN(3)]
	}
	return fmt.Sprintf("%04d-%02d-%02d", 1971+r.IntN(66), 1+r.IntN(12), 1+r.IntN(28))
}

func oneOf(all ...string) func(*rand.Rand) string {
	return func(r *rand.Rand) string { return all[r.IntN(len(all))] }
}

func keyTypes() []keyType {
	text := `"collation": "%s", "type": "%s", "length": 30`
	var all []keyType
	for _, c := range []string{"utf8mb4_bin", "latin1_bin", "ascii_bin"} {
		charset, _, _ := strings.Cut(c, "_")
		for _, kind := range []string{"varchar", "char"} {
			value := someText
			if charset != "utf8mb4" {
				value = func(r *rand.Rand) string {
					return fmt.Sprintf("'%s'", []string{"", "a", "A/b", "~", "~e", "x ", " x", "0", "a~/~"}[r.IntN(9)])
				}
			}
			all = append(all, keyType{kind + "(30) CHARACTER SET " + charset + " COLLATE " + c, fmt.Sprintf(text, c, kind), value})
		}
	}
	plain := func(declared string, value func(*rand.Rand) string) {
		all = append(all, keyType{declared, asSaid(declared), value})
	}
	plain("int", func(r *rand.Rand) string { return fmt.Sprint(int32(r.Uint32())) })
	plain("bigint", oneOf("-9223372036854775808", "9223372036854775807", "0", "-1", "1", "10"))
	plain("bigint unsigned", oneOf("18446744073709551615", "0", "9223372036854775808", "7"))
	plain("int unsigned ZEROFILL", oneOf("0", "7", "4294967295", "120"))
	plain("year", oneOf("2024", "1901", "2155"))
	plain("bit(9)", oneOf("0", "1", "511", "256"))
	plain("decimal(12,3)", oneOf("0", "-0.0", "1.5", "-1.250", "999999999.999", "0.001", "-0.001", "100"))
	plain("decimal(20,0)", oneOf("0", "-1", "99999999999999999999", "100"))
	plain("date", func(r *rand.Rand) string { return "'" + someDay(r) + "'" })
	plain("datetime", func(r *rand.Rand) string { return "'" + someDay(r) + " " + someClock(r, 24)[:8] + "'" })
	plain("datetime(6)", func(r *rand.Rand) string { return "'" + someDay(r) + " " + someClock(r, 24) + "'" })
	plain("timestamp", oneOf("'2024-03-31 02:30:00'", "'2024-10-27 00:30:00'", "'1970-01-01 00:00:01'", "'0000-00-00 00:00:00'"))
	plain("timestamp(3)", oneOf("'2024-03-31 02:30:00.120'", "'2024-10-27 01:30:00'", "'2038-01-19 03:14:07.999'"))
	plain("time", func(r *rand.Rand) string {
		return "'" + []string{"", "-"}[r.IntN(2)] + someClock(r, 838)[:6] + "'"
	})
	plain("time(2)", oneOf("'00:00:00'", "'-00:00:00.01'", "'838:59:59'", "'838:59:58.99'", "'100:00:00.5'", "'99:59:59.99'", "'838:59:59.99'"))
	plain("binary(5)", oneOf("X''", "X'00'", "X'7E2F65AFFF'", "X'20'"))
	plain("varbinary(9)", oneOf("X''", "X'00'", "X'7E65'", "X'2F'", "X'0102FFAB20'"))
	all = append(all,
		keyType{"enum('a','A/b')", `"type": "enum", "collation": "utf8mb4_general_ci", "values": ["a", "A/b"]`, oneOf("1", "2", "0")},
		keyType{"enum('a','A/b','~','')", `"type": "enum", "collation": "utf8mb4_general_ci", "values": ["a", "A/b", "~", ""]`, oneOf("1", "2", "3", "4", "0")},
		keyType{"set('a','b/c','~')", `"type": "set", "collation": "utf8mb4_general_ci", "values": ["a", "b/c", "~"]`, oneOf("0", "1", "2", "3", "7", "4")})
	return all
}

// asSaid is a type as a contract says it: "decimal(12,3)" in three members.
func asSaid(declared string) string {
	name, rest, _ := strings.Cut(declared, "(")
	name, signs, _ := strings.Cut(name, " ")
	numbers, more, _ := strings.Cut(rest, ")")
	said := fmt.Sprintf(`"type": %q`, name)
	first, second, both := strings.Cut(numbers, ",")
	switch {
	case both:
		said += fmt.Sprintf(`, "precision": %s, "scale": %s`, first, second)
	case first != "" && (strings.Contains(name, "time")):
		said += `, "precision": ` + first
	case first != "":
		said += `, "length": ` + first
	}
	if strings.Contains(signs+more, "unsigned") {
		said += `, "unsigned": true`
	}
	return said
}

// keyContract has an entity for each type, whose key is of that type alone, and
// one whose key has a text beside it.
func keyContract(t *testing.T, types []keyType) (*transform.Contract, []string) {
	t.Helper()
	var tables, statements []string
	for i, k := range types {
		for j, more := range []string{"", "s"} {
			name := fmt.Sprintf("k%d_%d", i, j)
			key, columns, declared := `"k"`, `{"name": "k", `+k.column+`}`, "k "+k.declared+" NOT NULL"
			kind := "S"
			if strings.Contains(k.declared, "binary") {
				kind = "B"
			}
			attributes := `{"name": "k", "type": "` + kind + `", "source_column": "k"}`
			pk := `"pk": "k"`
			if more != "" {
				key, declared = `"k", "s"`, declared+", s VARCHAR(30) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL"
				columns += `, {"name": "s", "type": "varchar", "length": 30, "collation": "utf8mb4_bin"}`
				attributes += `, {"name": "s", "type": "S", "source_column": "s"}`
				pk = `"pk": "k", "sk": "s"`
			}
			tables = append(tables, fmt.Sprintf(`{"table": "T%s", "type": "single-entity", "source_table": %q, %s, "primary_key": [%s], "columns": [%s], "attributes": [%s]}`,
				name, name, pk, key, columns, attributes))
			// Not the table's own key: many rows may have one.
			statements = append(statements, "CREATE TABLE "+name+" ("+declared+", own INT AUTO_INCREMENT PRIMARY KEY)")
		}
	}
	text := "[" + strings.Join(tables, ",\n") + "]"
	require.True(t, json.Valid([]byte(text)), text)
	c, err := transform.Load([]byte(text))
	require.NoError(t, err)
	return c, statements
}

// TestKeySQL holds the key that SQL makes against the one of package transform,
// for every type that a key can have: the same ID, byte for byte, and unfit where
// there is none.
func TestKeySQL(t *testing.T) {
	enginetest.NeedsRealMySQL(t, "has BIT, SET, zero dates and ZEROFILL as MySQL does")
	db := openDB(t, withParams(enginetest.MySQL(t), "sql_mode=%27%27&time_zone=%27%2B00%3A00%27"))
	types := keyTypes()
	c, statements := keyContract(t, types)
	r := rand.New(rand.NewPCG(1, 2))
	compared := 0
	for i, e := range c.Entities {
		db.MustExec(statements[i])
		k := types[i/2]
		var rows []string
		for range 120 {
			row := "(" + k.value(r) + ")"
			if i%2 == 1 {
				row = "(" + k.value(r) + ", " + someText(r) + ")"
			}
			rows = append(rows, row)
		}
		columns := []string{"k", "k, s"}[i%2]
		db.MustExec("INSERT IGNORE INTO " + e.Source + " (" + columns + ") VALUES " + strings.Join(rows, ", "))
		compared += compareKeys(t, db.DB, e, k.declared)
	}
	require.Greater(t, compared, 3000)
}

// compareKeys returns how many keys of the table it found alike.
func compareKeys(t *testing.T, db *sql.DB, e *transform.Entity, declared string) int {
	key, err := e.KeySQL(func(c *transform.Column) string { return "r.`" + c.Name + "`" })
	require.NoError(t, err)
	rows, err := db.Query("SELECT " + key.ID + ", " + key.Unfit + ", " + e.SelectKey("r").SQL + " FROM " + e.Source + " r")
	require.NoError(t, err, declared)
	defer rows.Close()
	n := 0
	for rows.Next() {
		var id []byte
		var unfit sql.NullBool
		texts := make([]sql.NullString, len(e.KeyColumns))
		dest := []any{&id, &unfit}
		for i := range texts {
			dest = append(dest, &texts[i])
		}
		require.NoError(t, rows.Scan(dest...))
		want, err := e.ReadKey(texts)
		require.True(t, unfit.Valid)
		require.Equal(t, err != nil, unfit.Bool, "%s: %q %v", declared, texts, err)
		if err == nil {
			require.Equal(t, want.ID, string(id), "%s: %q", declared, texts)
			n++
		}
	}
	require.NoError(t, rows.Err())
	require.Positive(t, n, declared)
	return n
}
