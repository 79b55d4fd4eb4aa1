package transform

import (
	"database/sql"
	"math/rand"
	"strings"
	"testing"
	"testing/quick"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/stretchr/testify/require"
)

// keyEntity returns an entity whose key is these columns.
func keyEntity(columns ...Column) *Entity {
	e := &Entity{Name: "E", Table: &Table{}, Columns: columns}
	for i := range columns {
		e.KeyColumns = append(e.KeyColumns, i)
		e.Attributes = append(e.Attributes, Attribute{Name: columns[i].Name, Type: attributeTypes(&columns[i])[0], Column: i})
	}
	e.Table.PK = KeyAttribute{columns[0].Name, e.Attributes[0].Type}
	if len(columns) > 1 {
		e.Table.SK = KeyAttribute{columns[1].Name, e.Attributes[1].Type}
	}
	e.prepare()
	return e
}

var (
	keyInt       = Column{Name: "id", SQLType: "bigint", Kind: Int}
	keyUnsigned  = Column{Name: "id", SQLType: "bigint", Kind: Int, Unsigned: true}
	keyText      = Column{Name: "name", SQLType: "varchar", Kind: Text, Length: 64, Collation: "utf8mb4_0900_bin"}
	keyPadText   = Column{Name: "name", SQLType: "varchar", Kind: Text, Length: 64, Collation: "utf8mb4_bin"}
	keyBytes     = Column{Name: "hash", SQLType: "varbinary", Kind: Bytes, Length: 16}
	keyUUID      = Column{Name: "uuid", SQLType: "binary", Kind: Bytes, Length: 4}
	keyDate      = Column{Name: "day", SQLType: "date", Kind: Date}
	keyTimestamp = Column{Name: "at", SQLType: "timestamp", Kind: Timestamp, Precision: 3}
	keyDecimal   = Column{Name: "price", SQLType: "decimal", Kind: Decimal, Precision: 6, Scale: 2}
	keyColumns   = []Column{keyInt, keyUnsigned, keyText, keyPadText, keyBytes, keyUUID, keyDate, keyTimestamp, keyDecimal}
)

func TestKeyID(t *testing.T) {
	day := time.Date(2024, 7, 1, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		columns []Column
		args    []any
		id      string
	}{
		{[]Column{keyInt}, []any{101}, "101"},
		{[]Column{keyInt}, []any{int8(-5)}, "-5"},
		{[]Column{keyInt}, []any{sql.NullInt64{Int64: 7, Valid: true}}, "7"},
		{[]Column{keyUnsigned}, []any{uint64(1<<64 - 1)}, "18446744073709551615"},
		{[]Column{keyText}, []any{"alice"}, "alice"},
		{[]Column{keyText}, []any{[]byte("alice")}, "alice"},
		{[]Column{keyText}, []any{""}, "~e"},
		{[]Column{keyText}, []any{"~e"}, "~~e"},
		{[]Column{keyText}, []any{"a/b~s"}, "a~sb~~s"},
		{[]Column{keyText}, []any{"a "}, "a "},
		{[]Column{keyText, keyText}, []any{"", ""}, "~e/~e"},
		{[]Column{keyText, keyText}, []any{"a/", "b"}, "a~s/b"},
		{[]Column{keyText, keyText}, []any{"a", "/b"}, "a/~sb"},
		{[]Column{keyBytes}, []any{[]byte{0, 0xff}}, "00ff"},
		{[]Column{keyBytes}, []any{[]byte{}}, "~e"},
		{[]Column{keyUUID}, []any{[]byte{1}}, "01000000"},
		{[]Column{keyDate, keyTimestamp}, []any{day, day}, "2024-07-01/2024-07-01T12:00:00.000Z"},
		{[]Column{keyDecimal}, []any{"1.5"}, "1.50"},
		{[]Column{keyInt, keyText, keyBytes}, []any{1, "x", "y"}, "1/x/79"},
	} {
		e := keyEntity(c.columns...)
		k, err := e.KeyOf(c.args...)
		require.NoError(t, err)
		require.Equal(t, Key{"E", c.id}, k)
		vals, err := e.KeyValues(k)
		require.NoError(t, err)
		again, err := e.Key(vals...)
		require.NoError(t, err)
		require.Equal(t, k, again)
	}
}

func TestKeyOfRefuses(t *testing.T) {
	for _, c := range []struct {
		columns []Column
		args    []any
		want    string
	}{
		{[]Column{keyInt}, nil, "E: the key takes 1 values, id (an integer), not 0"},
		{[]Column{keyInt, keyText}, []any{1}, "E: the key takes 2 values, id (an integer), name (string), not 1"},
		{[]Column{keyInt}, []any{"101"}, "E.id: takes an integer, not string"},
		{[]Column{keyInt}, []any{1.5}, "E.id: takes an integer, not float64"},
		{[]Column{keyInt}, []any{nil}, "E.id: NULL in a key"},
		{[]Column{keyInt}, []any{(*int)(nil)}, "E.id: NULL in a key"},
		{[]Column{keyInt}, []any{uint64(1 << 63)}, "E.id: out of the range of bigint"},
		{[]Column{keyUnsigned}, []any{-1}, "E.id: out of the range of bigint unsigned"},
		{[]Column{keyText}, []any{1}, "E.name: takes a string, not integer"},
		{[]Column{keyText}, []any{"\xff"}, "E.name: " + reasonNotUTF8},
		{[]Column{keyText}, []any{strings.Repeat("x", 65)}, "E.name: longer than 64 characters"},
		{[]Column{keyPadText}, []any{"a "}, "E.name: ends in a blank, which the column's collation does not tell from none"},
		{[]Column{keyDate}, []any{"2024-02-30"}, "E.day: no day of the calendar"},
		{[]Column{keyDate}, []any{struct{}{}}, "E.day: takes a time.Time, not struct {}"},
		{[]Column{keyText}, []any{time.Now()}, "E.name: takes a string, not time.Time"},
	} {
		_, err := keyEntity(c.columns...).KeyOf(c.args...)
		require.EqualError(t, err, c.want)
	}
	_, err := keyEntity(keyDecimal).Key(Value{kind: Decimal, text: "1.5"})
	require.EqualError(t, err, "E.price: not in the form that the column gives it")
	_, err = keyEntity(keyInt).Key(TextValue("1"))
	require.EqualError(t, err, "E.id: is of kind text, and the column of kind int")
	_, err = keyEntity(keyInt).Key()
	require.Error(t, err)
}

// Nothing but what Key gives is a key.
func TestKeyValuesRefuses(t *testing.T) {
	for _, c := range []struct {
		column Column
		ids    []string
	}{
		{keyInt, []string{"", "007", "+1", "-0", " 1", "1/2", "x", "1.0", "~e", "9223372036854775808"}},
		{keyText, []string{"", "a/b", "~", "~x", "~ee", "a~e", "\xff", "a~", "~~~"}},
		{keyPadText, []string{"a "}},
		{keyBytes, []string{"", "0", "FF", "0g", "~"}},
		{keyUUID, []string{"01", "~e"}},
		{keyDate, []string{"2024-7-1", "0000-00-00", "~e"}},
		{keyTimestamp, []string{"2024-07-01 12:00:00.000", "2024-07-01T12:00:00Z", "2024-07-01T12:00:00.000"}},
		{keyDecimal, []string{"1.5", "01.50", "1.500", "-0.00", "1e1"}},
	} {
		e := keyEntity(c.column)
		for _, id := range c.ids {
			_, err := e.KeyValues(Key{"E", id})
			require.EqualError(t, err, "E: the key is not one of this entity", "%s %q", c.column.Name, id)
			_, err = e.ItemKey(Key{"E", id})
			require.Error(t, err)
		}
	}
	_, err := keyEntity(keyInt).KeyValues(Key{"F", "1"})
	require.Error(t, err)
}

func TestItemKey(t *testing.T) {
	e := load(t, "everything.json")
	k, err := e.KeyOf("eu/west", 7)
	require.NoError(t, err)
	item, err := e.ItemKey(k)
	require.NoError(t, err)
	require.Equal(t, map[string]types.AttributeValue{
		"region": &types.AttributeValueMemberS{Value: "eu/west"},
		"number": &types.AttributeValueMemberN{Value: "7"},
	}, item)
	empty, err := e.KeyOf("", 7)
	require.NoError(t, err)
	_, err = e.ItemKey(empty)
	require.ErrorContains(t, err, "no empty value")
}

// Two keys are equal exactly when their values are, for random composite keys.
func TestKeyBijection(t *testing.T) {
	check := func(seed int64) bool {
		rnd := rand.New(rand.NewSource(seed))
		columns := make([]Column, 1+rnd.Intn(4))
		for i := range columns {
			columns[i] = keyColumns[rnd.Intn(len(keyColumns))]
		}
		e := keyEntity(columns...)
		ids := map[string][]Value{}
		for range 20 {
			vals := make([]Value, len(columns))
			for i := range columns {
				v, err := columns[i].Parse(randomText(rnd, &columns[i]))
				if err != nil {
					return false
				}
				vals[i] = v
			}
			k, err := e.Key(vals...)
			if err != nil || k.ID == "" {
				return false
			}
			back, err := e.KeyValues(k)
			if err != nil || !equalValues(back, vals) {
				return false
			}
			if old, ok := ids[k.ID]; ok && !equalValues(old, vals) {
				return false
			}
			ids[k.ID] = vals
		}
		return true
	}
	require.NoError(t, quick.Check(check, &quick.Config{MaxCount: 500}))
}

func equalValues(a, b []Value) bool {
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return len(a) == len(b)
}

// FuzzKeyText: texts make one key each, and the key gives them back.
func FuzzKeyText(f *testing.F) {
	f.Add("", "")
	f.Add("a/", "b~")
	f.Add("~e", "~s/~~")
	e := keyEntity(keyText, keyText)
	f.Fuzz(func(t *testing.T, a, b string) {
		k, err := e.KeyOf(a, b)
		if err != nil {
			return
		}
		vals, err := e.KeyValues(k)
		require.NoError(t, err)
		require.Equal(t, []Value{TextValue(a), TextValue(b)}, vals)
	})
}

// FuzzKeyID: an ID that is read is the ID of what was read.
func FuzzKeyID(f *testing.F) {
	for i, s := range []string{"101", "5", "a~sb", "a", "00ff", "01000000", "2024-07-01", "2024-07-01T12:00:00.000Z", "1.50"} {
		f.Add(i, s)
	}
	f.Fuzz(func(t *testing.T, i int, id string) {
		e := keyEntity(keyColumns[uint(i)%uint(len(keyColumns))])
		vals, err := e.KeyValues(Key{"E", id})
		if err != nil {
			return
		}
		k, err := e.Key(vals...)
		require.NoError(t, err)
		require.Equal(t, id, k.ID)
		require.NotEmpty(t, k.ID)
	})
}

func TestKeyStringHidesTheKey(t *testing.T) {
	k := Key{"Users", "alice@example.com"}
	require.NotContains(t, k.String(), "alice")
	require.Equal(t, k.String(), Key{"Users", "alice@example.com"}.String())
	require.NotEqual(t, k.String(), Key{"Users", "bob@example.com"}.String())
	require.True(t, Key{}.IsZero())
	require.False(t, k.IsZero())
}
