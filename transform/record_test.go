package transform

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestRecord(t *testing.T) {
	e := load(t, "users.json")
	r := e.NewRecord()
	require.Same(t, e, r.Entity())
	require.False(t, r.IsZero())
	require.True(t, Record{}.IsZero())
	require.NoError(t, r.Set("user_id", IntValue(1)))
	require.EqualError(t, r.Set("name", IntValue(1)), "entity Users has no column name")
	v, ok := r.Get("user_id")
	require.True(t, ok)
	require.Equal(t, IntValue(1), v)
	_, ok = r.Get("name")
	require.False(t, ok)

	c := r.Clone()
	require.True(t, c.Equal(r))
	c.SetAt(1, TextValue("bob"))
	c.SetAt(2, TextValue("b"))
	require.True(t, r.At(1).IsNull(), "a clone has values of its own")
	require.False(t, c.Equal(r))
	require.Equal(t, []string{"username", "email"}, c.Diff(r))

	k, err := r.Key()
	require.NoError(t, err)
	require.Equal(t, Key{"Users", "1"}, k)
	_, err = e.NewRecord().Key()
	require.EqualError(t, err, "Users.user_id: NULL in a key")
	_, err = e.Item(load(t, "users.json").NewRecord())
	require.EqualError(t, err, "Users: the record is of another entity")
}

func TestContractAndEntity(t *testing.T) {
	c, err := LoadFile("testdata/users.json")
	require.NoError(t, err)
	e := c.Entity("Users")
	require.NotNil(t, e)
	require.Nil(t, c.Entity("users"))
	require.Equal(t, 2, e.ColumnIndex("email"))
	require.Equal(t, -1, e.ColumnIndex("mail"))
	require.Equal(t, 3, e.AttributeIndex("registrationDate"))
	require.Equal(t, -1, e.AttributeIndex("registration_date"))
	require.Equal(t, &Index{Name: "EmailIndex", PK: KeyAttribute{"email", "S"}, SK: KeyAttribute{"lastLogin", "S"},
		Projection: "INCLUDE", Projected: []string{"username"}}, e.Index("EmailIndex"))
	require.Nil(t, e.Index("email"))
}

func TestValue(t *testing.T) {
	for _, v := range []Value{IntValue(5), UintValue(5)} {
		i, ok := v.Int()
		require.True(t, ok)
		require.EqualValues(t, 5, i)
		require.Equal(t, IntValue(5), v, "one integer is one value")
	}
	i, ok := IntValue(-5).Int()
	require.True(t, ok)
	require.EqualValues(t, -5, i)
	_, ok = IntValue(-5).Uint()
	require.False(t, ok)
	u, ok := UintValue(1<<64 - 1).Uint()
	require.True(t, ok)
	require.EqualValues(t, uint64(1<<64-1), u)
	_, ok = UintValue(1 << 63).Int()
	require.False(t, ok)
	b, ok := BoolValue(true).Bool()
	require.True(t, b && ok)
	_, ok = IntValue(1).Bool()
	require.False(t, ok)
	require.Equal(t, []string{"-5", "18446744073709551615", "true", "false", ""}, []string{IntValue(-5).Text(),
		UintValue(1<<64 - 1).Text(), BoolValue(true).Text(), BoolValue(false).Text(), Value{}.Text()})
	require.Equal(t, "timestamp", Timestamp.String())
	require.Equal(t, "kind(99)", Kind(99).String())

	buf := []byte("ab")
	v := BytesValue(buf)
	buf[0] = 'x'
	require.Equal(t, "ab", v.Text(), "bytes are copied")
}

func TestDecimalValue(t *testing.T) {
	for text, want := range map[string]string{"-12.50": "-12.50", "1e2": "100", "1.5e-3": "0.0015", "007": "7", "-0.00": "0.00"} {
		v, err := DecimalValue(text)
		require.NoError(t, err)
		require.Equal(t, want, v.Text())
	}
	for _, text := range []string{"", "x", "1e65", "1e-39"} {
		_, err := DecimalValue(text)
		require.Error(t, err, text)
	}
	_, err := JSONValue([]byte("{"))
	require.EqualError(t, err, reasonNotJSON)
}
