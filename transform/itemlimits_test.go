package transform

import (
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/stretchr/testify/require"
)

// What no item can hold is refused, with the column and without the value.
func TestItemRefuses(t *testing.T) {
	e := load(t, "everything.json")
	const secret = "secret"
	for name, c := range map[string]struct {
		column, text, want string
		tooLarge           bool
	}{
		"partition key too long":  {"region", secret + strings.Repeat("é", 1022), "longer than the 2048 bytes", true},
		"empty key":               {"region", "", "no empty value", false},
		"empty index key":         {"code", "", "no empty value", false},
		"deep JSON":               {"doc", nested(32, `"secret"`), "32 levels", false},
		"empty key in JSON":       {"doc", `{"a":{"":"secret"}}`, "empty key", false},
		"long key in JSON":        {"doc", `{"secret` + strings.Repeat("k", 65536) + `":1}`, "over 65535 bytes", false},
		"39 digits in JSON":       {"doc", `[123456789012345678901234567890123456789]`, "38 significant digits", false},
		"too great a number":      {"doc", `[1e126]`, "1E+126", false},
		"too small a number":      {"doc", `[-1e-131]`, "1E-130", false},
		"object where L is meant": {"tags", `{"secret":1}`, "no array", false},
	} {
		t.Run(name, func(t *testing.T) {
			r := e.NewRecord()
			require.NoError(t, r.Set("region", TextValue("eu")))
			require.NoError(t, r.Set("number", IntValue(1)))
			v, err := e.Columns[e.ColumnIndex(c.column)].Parse(c.text)
			require.NoError(t, err)
			require.NoError(t, r.Set(c.column, v))
			_, err = e.Item(r)
			var fault *ValueError
			require.ErrorAs(t, err, &fault)
			require.Equal(t, ValueError{Entity: "Everything", Column: c.column, Reason: fault.Reason, TooLarge: c.tooLarge}, *fault)
			require.ErrorContains(t, err, c.want)
			require.NotContains(t, err.Error(), secret)
		})
	}
}

// nested returns text within n arrays.
func nested(n int, text string) string {
	return strings.Repeat("[", n) + text + strings.Repeat("]", n)
}

// An attribute in two keys is held to the smaller limit.
func TestKeyLimitOfTwoKeys(t *testing.T) {
	data, err := os.ReadFile("testdata/everything.json")
	require.NoError(t, err)
	c, err := Load([]byte(strings.Replace(string(data), `"sk": "moment"`, `"sk": "region"`, 1)))
	require.NoError(t, err)
	e := c.Entities[0]
	r := e.NewRecord()
	require.NoError(t, r.Set("number", IntValue(1)))
	require.NoError(t, r.Set("region", TextValue(strings.Repeat("r", 1024))))
	_, err = e.Item(r)
	require.NoError(t, err)
	require.NoError(t, r.Set("region", TextValue(strings.Repeat("r", 1025))))
	_, err = e.Item(r)
	require.EqualError(t, err, "Everything.region: longer than the 1024 bytes that key attribute region may have")
}

// What is just within DynamoDB's limits is accepted, and comes back.
func TestItemAccepts(t *testing.T) {
	e := load(t, "everything.json")
	for column, text := range map[string]string{
		"region": strings.Repeat("é", 1024),
		"doc":    nested(30, `[1e125,9.9999999999999999999999999999999999999e125,1e-130,12345678901234567890123456789012345678]`),
		"body":   strings.Repeat("b", 65535),
	} {
		r := e.NewRecord()
		require.NoError(t, r.Set("region", TextValue("eu")))
		require.NoError(t, r.Set("number", IntValue(1)))
		v, err := e.Columns[e.ColumnIndex(column)].Parse(text)
		require.NoError(t, err)
		require.NoError(t, r.Set(column, v))
		item, err := e.Item(r)
		require.NoError(t, err)
		back, err := e.Record(throughDynamoDB(item).(*types.AttributeValueMemberM).Value)
		require.NoError(t, err)
		require.True(t, back.Equal(r))
	}
}

// The last byte that fits, and one more.
func TestItemOf400KB(t *testing.T) {
	e := load(t, "everything.json")
	r := e.NewRecord()
	require.NoError(t, r.Set("region", TextValue("eu")))
	require.NoError(t, r.Set("number", IntValue(1)))
	rest := len("region") + 2 + len("number") + 2 + len("body")
	key, err := r.Key()
	require.NoError(t, err)
	most := 409600 - 100 - len(e.Name) - len(key.ID)
	require.NoError(t, r.Set("body", TextValue(strings.Repeat("b", most-rest))))
	item, err := e.Item(r)
	require.NoError(t, err)
	require.Equal(t, most, ItemSize(item))
	require.NoError(t, r.Set("body", TextValue(strings.Repeat("b", most-rest+1))))
	_, err = e.Item(r)
	var fault *ValueError
	require.True(t, errors.As(err, &fault) && fault.TooLarge, "%v", err)
}
