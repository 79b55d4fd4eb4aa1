package transform

import (
	"fmt"
	"math"
	"math/rand"
	"os"
	"strconv"
	"strings"
	"testing"
	"testing/quick"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/stretchr/testify/require"
)

// load returns the only entity of a contract in testdata.
func load(t testing.TB, file string) *Entity {
	t.Helper()
	c, err := LoadFile("testdata/" + file)
	require.NoError(t, err)
	return c.Entities[0]
}

func userRecord(t testing.TB, e *Entity, texts ...string) Record {
	t.Helper()
	r := e.NewRecord()
	for i, s := range texts {
		if s == "NULL" {
			continue
		}
		v, err := e.Columns[i].Parse(s)
		require.NoError(t, err)
		r.SetAt(i, v)
	}
	return r
}

func TestItemOfSeed(t *testing.T) {
	e := load(t, "users.json")
	r := userRecord(t, e, "101", "alice", "alice@example.com", "2023-01-15", "2024-03-10 09:30:00", `{"bio": "Loves dogs", "n": 1.50}`)
	item, err := e.Item(r)
	require.NoError(t, err)
	require.Equal(t, map[string]types.AttributeValue{
		"userId":           &types.AttributeValueMemberN{Value: "101"},
		"username":         &types.AttributeValueMemberS{Value: "alice"},
		"email":            &types.AttributeValueMemberS{Value: "alice@example.com"},
		"registrationDate": &types.AttributeValueMemberS{Value: "2023-01-15"},
		"lastLogin":        &types.AttributeValueMemberS{Value: "2024-03-10T09:30:00.000Z"},
		"profileData": &types.AttributeValueMemberM{Value: map[string]types.AttributeValue{
			"bio": &types.AttributeValueMemberS{Value: "Loves dogs"},
			"n":   &types.AttributeValueMemberN{Value: "1.5"},
		}},
	}, item)
	item["_cf_v"] = &types.AttributeValueMemberN{Value: "7"}
	back, err := e.Record(item)
	require.NoError(t, err)
	require.True(t, back.Equal(r), "differs in %v", back.Diff(r))
}

// NULL, empty, blank, and the text "null" stay what they are.
func TestNullEmptyAndTheTextNull(t *testing.T) {
	e := load(t, "everything.json")
	for _, body := range []string{"", " ", "null", "NULL", "\x00"} {
		r := e.NewRecord()
		require.NoError(t, r.Set("region", TextValue("eu")))
		require.NoError(t, r.Set("number", IntValue(1)))
		require.NoError(t, r.Set("body", TextValue(body)))
		item, err := e.Item(r)
		require.NoError(t, err)
		require.NotContains(t, item, "price")
		back, err := e.Record(item)
		require.NoError(t, err)
		v, _ := back.Get("body")
		require.Equal(t, TextValue(body), v)
		v, _ = back.Get("price")
		require.True(t, v.IsNull())
	}
}

// JSON's null is a NULL attribute, SQL's an absent one.
func TestNullOfJSON(t *testing.T) {
	e := load(t, "everything.json")
	for _, column := range []string{"doc", "tags"} {
		r := e.NewRecord()
		require.NoError(t, r.Set("region", TextValue("eu")))
		require.NoError(t, r.Set("number", IntValue(1)))
		v, err := JSONValue([]byte(" null "))
		require.NoError(t, err)
		require.NoError(t, r.Set(column, v))
		item, err := e.Item(r)
		require.NoError(t, err)
		require.Equal(t, &types.AttributeValueMemberNULL{Value: true}, item[column])
		back, err := e.Record(item)
		require.NoError(t, err)
		require.True(t, back.Equal(r))
	}
}

// A record becomes an item and the item the same record, for random values of
// every type.
func TestRecordItemRoundTrip(t *testing.T) {
	for _, file := range []string{"everything.json", "types.json"} {
		t.Run(file, func(t *testing.T) { recordItemRoundTrip(t, load(t, file)) })
	}
}

func recordItemRoundTrip(t *testing.T, e *Entity) {
	check := func(seed int64) bool {
		r := randomRecord(rand.New(rand.NewSource(seed)), e)
		item, err := e.Item(r)
		if err != nil {
			t.Logf("seed %d: %v", seed, err)
			return false
		}
		back, err := e.Record(throughDynamoDB(item).(*types.AttributeValueMemberM).Value)
		if err != nil || !back.Equal(r) {
			t.Logf("seed %d: %v %v", seed, err, back)
			return false
		}
		k, err := r.Key()
		if err != nil {
			t.Logf("seed %d: %v", seed, err)
			return false
		}
		key, err := e.ItemKey(k)
		want := map[string]types.AttributeValue{e.Table.PK.Name: item[e.Table.PK.Name]}
		if !e.Table.SK.IsZero() {
			want[e.Table.SK.Name] = item[e.Table.SK.Name]
		}
		return err == nil && equalItems(key, want)
	}
	require.NoError(t, quick.Check(check, &quick.Config{MaxCount: 2000}))
}

func equalItems(a, b map[string]types.AttributeValue) bool {
	x, _ := appendMap(nil, a)
	y, _ := appendMap(nil, b)
	return string(x) == string(y)
}

// throughDynamoDB does to an attribute what storing it does: numbers come back
// plain, without needless zeros (seen at DynamoDB Local and dynoxide).
func throughDynamoDB(av any) types.AttributeValue {
	switch x := av.(type) {
	case map[string]types.AttributeValue:
		return throughDynamoDB(&types.AttributeValueMemberM{Value: x})
	case *types.AttributeValueMemberN:
		n, ok := parseNumber(x.Value)
		if !ok || n.limit() != "" {
			panic("DynamoDB would refuse a number")
		}
		return &types.AttributeValueMemberN{Value: string(n.appendPlain(nil))}
	case *types.AttributeValueMemberM:
		m := map[string]types.AttributeValue{}
		for k, v := range x.Value {
			m[k] = throughDynamoDB(v)
		}
		return &types.AttributeValueMemberM{Value: m}
	case *types.AttributeValueMemberL:
		l := []types.AttributeValue{}
		for _, v := range x.Value {
			l = append(l, throughDynamoDB(v))
		}
		return &types.AttributeValueMemberL{Value: l}
	}
	return av.(types.AttributeValue)
}

func randomRecord(rnd *rand.Rand, e *Entity) Record {
	r := e.NewRecord()
	for i := range e.Columns {
		if c := &e.Columns[i]; !c.Nullable || rnd.Intn(4) > 0 {
			v, err := c.Parse(randomText(rnd, c))
			if err != nil {
				panic(err)
			}
			r.SetAt(i, v)
		}
	}
	return r
}

// randomText returns text as MySQL has it for a random value of the column,
// not empty for those that are part of a key.
func randomText(rnd *rand.Rand, c *Column) string {
	switch c.Kind {
	case Float:
		f := math.Float64frombits(rnd.Uint64())
		if c.floatBits() == 32 {
			f = float64(math.Float32frombits(rnd.Uint32()))
		}
		if math.IsNaN(f) || math.IsInf(f, 0) || f != 0 && (math.Abs(f) > 9e125 || math.Abs(f) < 1e-130) || c.Precision > 0 {
			f = float64(rnd.Intn(1e6)) / 8
		}
		if c.Unsigned {
			f = math.Abs(f)
		}
		return strconv.FormatFloat(f, 'g', -1, 64)
	case Time:
		sign := strings.Repeat("-", rnd.Intn(2))
		if c.Name == "opens" {
			sign = "" // part of a key
		}
		s := fmt.Sprintf("%s%02d:%02d:%02d.%s", sign, rnd.Intn(838), rnd.Intn(60), rnd.Intn(60),
			randomDigits(rnd, c.Precision))
		return strings.TrimSuffix(s, ".")
	case Int:
		switch c.SQLType {
		case "bit":
			return fmt.Sprint(rnd.Uint64() >> (64 - c.Length))
		case "year":
			return fmt.Sprint(1901 + rnd.Intn(255))
		}
		bits := sqlTypes[c.SQLType].bits
		if c.Unsigned {
			return fmt.Sprint(rnd.Uint64() >> (64 - bits) >> rnd.Intn(bits))
		}
		return fmt.Sprint(int64(rnd.Uint64()) >> (64 - bits) >> rnd.Intn(bits))
	case Bool:
		return fmt.Sprint(rnd.Intn(2))
	case Decimal:
		whole := randomDigits(rnd, 1+rnd.Intn(c.Precision-c.Scale))
		return strings.Repeat("-", rnd.Intn(2)) + whole + "." + randomDigits(rnd, c.Scale)
	case Text:
		if c.isLabelled() {
			return randomLabels(rnd, c)
		}
		return randomString(rnd, max(2, c.Length)) + "x"
	case Bytes:
		b := make([]byte, rnd.Intn(max(4, c.Length)))
		rnd.Read(b)
		return string(b)
	case JSON:
		if c.Name == "tags" {
			return "[" + randomJSON(rnd, 3) + "]"
		}
		return randomJSON(rnd, 4)
	}
	year := rnd.Intn(10000)
	if c.Kind == Timestamp {
		year = 1971 + rnd.Intn(67)
	}
	s := fmt.Sprintf("%04d-%02d-%02d", year, 1+rnd.Intn(12), 1+rnd.Intn(28))
	if c.Kind != Date {
		s += fmt.Sprintf(" %02d:%02d:%02d.%s", rnd.Intn(24), rnd.Intn(60), rnd.Intn(60), randomDigits(rnd, c.Precision))
		s = strings.TrimSuffix(s, ".")
	}
	return s
}

func randomLabels(rnd *rand.Rand, c *Column) string {
	if c.SQLType == "enum" {
		return c.Labels[rnd.Intn(len(c.Labels))]
	}
	var some []string
	for _, i := range rnd.Perm(len(c.Labels))[:rnd.Intn(len(c.Labels)+1)] {
		some = append(some, c.Labels[i])
	}
	return strings.Join(some, ",")
}

func randomDigits(rnd *rand.Rand, n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = "0123456789"[rnd.Intn(10)]
	}
	return string(b)
}

func randomString(rnd *rand.Rand, n int) string {
	letters := []rune("abc/~#%\"\\ '\n\x00\x1fäß€😀null-0")
	b := make([]rune, rnd.Intn(n))
	for i := range b {
		b[i] = letters[rnd.Intn(len(letters))]
	}
	return string(b)
}

func TestAttribute(t *testing.T) {
	e := load(t, "everything.json")
	av, err := e.Attribute(e.AttributeIndex("price"), Value{kind: Decimal, text: "1.50"})
	require.NoError(t, err)
	require.Equal(t, &types.AttributeValueMemberN{Value: "1.5"}, av)
	_, err = e.Attribute(e.AttributeIndex("price"), TextValue("1.50"))
	require.EqualError(t, err, "Everything.price: is of kind text, and the column of kind decimal")
	av, err = e.Attribute(e.AttributeIndex("price"), Value{})
	require.NoError(t, err)
	require.Nil(t, av)
	_, err = e.Attribute(e.AttributeIndex("region"), Value{})
	require.ErrorContains(t, err, "NULL in the item's key")
}

func TestLoadFileFails(t *testing.T) {
	_, err := LoadFile("testdata/none.json")
	require.ErrorIs(t, err, os.ErrNotExist)
	_, err = Load([]byte("{"))
	var check *CheckError
	require.ErrorAs(t, err, &check)
	require.EqualError(t, err, "the contract has an error:\n  error /: the contract is not JSON: line 1, column 2: the document ends too early")
}
