package transform

import (
	"errors"
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

// An item whose attribute is not as Item writes it is refused.
func TestRecordOfStrangeItem(t *testing.T) {
	e := load(t, "everything.json")
	s := func(v string) types.AttributeValue { return &types.AttributeValueMemberS{Value: v} }
	n := func(v string) types.AttributeValue { return &types.AttributeValueMemberN{Value: v} }
	for name, c := range map[string]struct {
		attribute string
		value     types.AttributeValue
		want      string
	}{
		"another type":          {"price", s("1.50"), "is of type S, and the contract says N"},
		"unknown attribute":     {"prise", s("1"), "attribute prise that the contract does not name"},
		"no number":             {"small", n("1.5"), "not an integer"},
		"more digits":           {"price", n("1.505"), "more digits after the point"},
		"other precision":       {"moment", s("2024-03-10T09:30:00Z"), "not in the form"},
		"a zone on a wall":      {"wall", s("2024-03-10T09:30:00.000000Z"), "not a date and time"},
		"zero date":             {"day", s("0000-00-00"), "a zero or partial date, for which"},
		"no such day":           {"day", s("2023-02-29"), "no day of the calendar"},
		"set":                   {"tags", &types.AttributeValueMemberSS{Value: []string{"a"}}, "is of type SS"},
		"set in a document":     {"doc", &types.AttributeValueMemberL{Value: []types.AttributeValue{&types.AttributeValueMemberSS{}}}, "holds SS"},
		"list in place of map":  {"tags", &types.AttributeValueMemberM{}, "is of type M, and the contract says L"},
		"copies differ":         {"flagText", s("8"), "differs from another attribute"},
		"canonical integer":     {"flagText", s("07"), "not in the form"},
		"canonical decimal":     {"huge", s("1.5"), "not in the form"},
		"blank at the end":      {"code", s("ab "), "not in the form"},
		"zero and one are BOOL": {"flag", n("1"), "is of type N, and the contract says BOOL"},
	} {
		t.Run(name, func(t *testing.T) {
			item := map[string]types.AttributeValue{"region": s("eu"), "number": n("1"), "medium": n("7"), "flagText": s("7")}
			_, err := e.Record(item)
			require.NoError(t, err)
			item[c.attribute] = c.value
			_, err = e.Record(item)
			require.ErrorContains(t, err, c.want)
			var v *ValueError
			require.ErrorAs(t, err, &v)
			require.Equal(t, "Everything", v.Entity)
		})
	}
	_, err := e.Record(map[string]types.AttributeValue{"region": s("eu")})
	require.EqualError(t, err, "Everything.number: attribute number is absent, and the column is NOT NULL")
	_, err = e.Record(map[string]types.AttributeValue{"region": s("eu"), "number": n("1"), "medium": n("7")})
	require.ErrorContains(t, err, "flagText is absent, and another attribute")
	r, err := e.Record(map[string]types.AttributeValue{"region": s("eu"), "number": n("18446744073709551615")})
	require.NoError(t, err)
	require.Equal(t, UintValue(1<<64-1), r.At(1))
	_, err = e.Record(map[string]types.AttributeValue{"region": s("eu"), "number": n("1e2")})
	require.NoError(t, err)
}

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

// Sizes as DynamoDB Local and dynoxide count them, measured by the largest
// item that each takes.
func TestItemSize(t *testing.T) {
	for n, want := range map[string]int{
		"0": 1, "1": 2, "-1": 3, "12": 2, "123": 3, "1234": 3, "0.1": 2, "0.12": 2, "1.5": 3, "12.34": 3,
		"123.4": 4, "123.45": 4, "-12.34": 4, "100": 2, "1e10": 2, "0.001": 2, "1e-5": 2,
		strings.Repeat("1", 38): 20, "-" + strings.Repeat("1", 38): 21,
	} {
		require.Equal(t, want, attributeSize(&types.AttributeValueMemberN{Value: n}), n)
	}
	s := &types.AttributeValueMemberS{Value: "v"}
	yes := &types.AttributeValueMemberBOOL{Value: true}
	m := &types.AttributeValueMemberM{Value: map[string]types.AttributeValue{"k": s}}
	for _, c := range []struct {
		av   types.AttributeValue
		want int
	}{
		{&types.AttributeValueMemberNULL{Value: true}, 1}, {yes, 1},
		{&types.AttributeValueMemberM{}, 3}, {&types.AttributeValueMemberL{}, 3}, {m, 6},
		{&types.AttributeValueMemberL{Value: []types.AttributeValue{s}}, 5},
		{&types.AttributeValueMemberL{Value: []types.AttributeValue{s, yes}}, 7},
		{&types.AttributeValueMemberL{Value: []types.AttributeValue{m}}, 10},
		{&types.AttributeValueMemberB{Value: []byte{1, 2, 3}}, 3},
		{&types.AttributeValueMemberSS{Value: []string{"a", "bc"}}, 3},
		{&types.AttributeValueMemberNS{Value: []string{"1", "2"}}, 4},
		{&types.AttributeValueMemberBS{Value: [][]byte{{1}, {2}}}, 2},
	} {
		require.Equal(t, c.want, attributeSize(c.av), "%T", c.av)
	}
	require.Equal(t, 6, ItemSize(map[string]types.AttributeValue{"äb": s, "": &types.AttributeValueMemberN{Value: "1"}}))
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
