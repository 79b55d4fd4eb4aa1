package attr

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const (
	empty     = "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes"
	ambiguous = "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes"
	invalid   = "One or more parameter values were invalid: "
)

// A decodeCase is a value and what becomes of it: its wire form, or a message.
// Where local is not empty, DynamoDB Local says that instead, with the words
// of another version; "any" stands for what it makes of JSON that the service
// does not take at all.
type decodeCase struct{ in, want, local string }

func decodeCases() []decodeCase {
	return []decodeCase{
		{`{"S":"a"}`, `{"S":"a"}`, ""},
		{`{"S":""}`, `{"S":""}`, ""},
		{`{"S":"é\n\"\\\u0000\u2028😀"}`, `{"S":"é\n\"\\\u0000` + "\u2028" + `😀"}`, ""},
		{`{"S":"\ud83d\ude00"}`, `{"S":"😀"}`, ""},
		{`{"N":"1.0"}`, `{"N":"1"}`, ""},
		{`{"B":"AQI="}`, `{"B":"AQI="}`, ""},
		{`{"B":""}`, `{"B":""}`, ""},
		{`{"BOOL":true}`, `{"BOOL":true}`, ""},
		{` { "BOOL" : false } `, `{"BOOL":false}`, ""},
		{`{"NULL":true}`, `{"NULL":true}`, ""},
		{`{"L":[]}`, `{"L":[]}`, ""},
		{`{"L":[{"S":"a"},{"L":[{"N":"1e2"}]}]}`, `{"L":[{"S":"a"},{"L":[{"N":"100"}]}]}`, ""},
		{`{"M":{}}`, `{"M":{}}`, ""},
		{`{"M":{"a":{"M":{"b":{"S":"c"}}}}}`, `{"M":{"a":{"M":{"b":{"S":"c"}}}}}`, ""},
		{`{"SS":["b","a"]}`, `{"SS":["a","b"]}`, ""},
		{`{"SS":[""]}`, `{"SS":[""]}`, ""},
		{`{"NS":["10","9","-1.0"]}`, `{"NS":["-1","9","10"]}`, ""},
		{`{"BS":["Ag==","AQ=="]}`, `{"BS":["AQ==","Ag=="]}`, ""},
		{`{"S":"a","X":[{"Y":null}]}`, `{"S":"a"}`, ""},
		{`{"S":"a","S":"b"}`, `{"S":"b"}`, ""},
		{`{"S":"a","N":null}`, `{"S":"a"}`, ""},

		{`{}`, empty, ""},
		{`null`, empty, "The supplied Item contains a null AttributeValue: v is null"},
		{`{"X":"a"}`, empty, ""},
		{`{"S":null}`, empty, ""},
		{`{"NULL":null}`, empty, ""},
		{`{"L":[{}]}`, empty, ""},
		{`{"L":[null]}`, empty, "The supplied Item contains a null AttributeValue"},
		{`{"M":{"a":{}}}`, empty, ""},
		{`{"S":"a","N":"1"}`, ambiguous, ""},
		{`{"NULL":false}`, invalid + "Null attribute value types must have the value of true", ""},
		{`{"SS":[]}`, invalid + "An string set  may not be empty", ""},
		{`{"NS":[]}`, invalid + "An number set  may not be empty", ""},
		{`{"BS":[]}`, invalid + "Binary sets should not be empty", ""},
		{`{"SS":["b","a","b"]}`, invalid + "Input collection [b, a, b] contains duplicates.", invalid + "Input collection [b, a, b] contains duplicates"},
		{`{"NS":["1","1.0"]}`, "Input collection contains duplicates", ""},
		{`{"BS":["AQ==","AQ=="]}`, invalid + "Input collection of type BS contains duplicates.", ""},
		{`{"SS":["a",null]}`, invalid + "An string set may not have a null string as a member", ""},
		{`{"N":"abc"}`, "The parameter cannot be converted to a numeric value: abc", notANumber},
		{`{"NS":["1","x"]}`, "The parameter cannot be converted to a numeric value: x", notANumber},
		{`{"N":"1E126"}`, errOverflow.Message, ""},
		{`{"M":{"":{"S":"x"}}}`, "Empty attribute name", ""},
		{`{"M":{"` + strings.Repeat("n", MaxName+1) + `":{"S":"x"}}}`, "Attribute name is too large, must be less than 65536 bytes", anything},

		{`"x"`, "Unexpected value type in payload", anything},
		{`5`, "Unexpected value type in payload", anything},
		{`[]`, "Unrecognized collection type class com.amazonaws.dynamodb.v20120810.AttributeValue", anything},
		{`{"S":1}`, "NUMBER_VALUE cannot be converted to String", anything},
		{`{"S":-1.5}`, "DECIMAL_VALUE cannot be converted to String", anything},
		{`{"S":true}`, "TRUE_VALUE cannot be converted to String", anything},
		{`{"S":false}`, "FALSE_VALUE cannot be converted to String", anything},
		{`{"S":["x"]}`, "Unrecognized collection type class java.lang.String", anything},
		{`{"S":{"a":1}}`, "Start of structure or map found where not expected.", anything},
		{`{"N":1}`, "NUMBER_VALUE cannot be converted to String", anything},
		{`{"BOOL":"true"}`, "STRING_VALUE cannot be converted to Boolean", anything},
		{`{"BOOL":1}`, "NUMBER_VALUE cannot be converted to Boolean", anything},
		{`{"NULL":"true"}`, "STRING_VALUE cannot be converted to Boolean", anything},
		{`{"B":"AQ"}`, "only base64-encoded strings are convertible to bytes", anything},
		{`{"B":"!!"}`, "only base64-encoded strings are convertible to bytes", anything},
		{`{"SS":"a"}`, "Unexpected field type", anything},
		{`{"SS":[1]}`, "NUMBER_VALUE cannot be converted to String", anything},
		{`{"L":{}}`, "Start of structure or map found where not expected.", anything},
		{`{"M":[]}`, "Unrecognized collection type class com.amazonaws.dynamodb.v20120810.AttributeValue", anything},
		{`{"L":[1]}`, "Unexpected value type in payload", anything},
	}
}

const (
	anything   = "any"
	notANumber = "A value provided cannot be converted into a number"
)

func TestDecode(t *testing.T) {
	for _, c := range decodeCases() {
		require.Equal(t, c.want, decoded(c.in), "%.200s", c.in)
	}
}

// decoded returns the wire form of a value, or what is wrong with it.
func decoded(value string) string {
	var in Input
	if err := json.Unmarshal([]byte(`{"v":`+value+`}`), &in); err != nil {
		return err.Error()
	}
	item, err := in.Item()
	if err != nil {
		return err.Error()
	}
	return string(AppendJSON(nil, item["v"]))
}

func nested(levels int, before, leaf, after string) string {
	return strings.Repeat(before, levels-1) + leaf + strings.Repeat(after, levels-1)
}

func TestDecodeDepth(t *testing.T) {
	for _, c := range [][2]string{{`{"L":[`, `]}`}, {`{"M":{"a":`, `}}`}} {
		deep := nested(32, c[0], `{"S":"x"}`, c[1])
		require.Equal(t, deep, decoded(deep))
		require.Equal(t, errDepth.Message, decoded(nested(33, c[0], `{"S":"x"}`, c[1])))
	}
	// Far too deep is found before it is followed.
	require.Equal(t, errDepth.Message, decoded(nested(4000, `{"L":[`, `{"S":"x"}`, `]}`)))
}

func TestTooDeep(t *testing.T) {
	v := Value(String("x"))
	for range 31 {
		v = List{Bool(true), v}
	}
	require.False(t, TooDeep(v))
	require.True(t, TooDeep(Map{"a": v}))
	require.True(t, TooDeep(List{v}))
}

// A fault of shape is told at once, one of a value when it is asked for, with
// the attribute it is in.
func TestInput(t *testing.T) {
	var in Input
	require.False(t, in.Given())
	require.NoError(t, json.Unmarshal([]byte(`{"a":{"S":"x"},"b":{"L":[{"NS":[]}]},"c":{}}`), &in))
	require.True(t, in.Given())
	require.Equal(t, 3, in.Len())
	require.Equal(t, []string{"a", "b", "c"}, in.Names())
	name, err := in.Fault()
	require.Equal(t, "b", name)
	require.ErrorIs(t, err, errNoNumbers)
	_, err = in.Item()
	require.ErrorIs(t, err, errNoNumbers)

	require.NoError(t, json.Unmarshal([]byte(`{}`), &in))
	item, err := in.Item()
	require.NoError(t, err)
	require.True(t, in.Given())
	require.Empty(t, item)

	require.NoError(t, json.Unmarshal([]byte(`null`), &in))
	require.False(t, in.Given())

	err = json.Unmarshal([]byte(`{"a":{},"b":{"S":1}}`), &in)
	require.ErrorAs(t, err, new(*SerializationError))
	require.True(t, NewInput(Item{}).Given())
}

func TestInputList(t *testing.T) {
	var in InputList
	require.NoError(t, json.Unmarshal([]byte(`[{"S":"x"},{"N":"2"}]`), &in))
	values, err := in.Values()
	require.NoError(t, err)
	require.Equal(t, []Value{String("x"), Int(2)}, values)
	require.NoError(t, json.Unmarshal([]byte(`[{"S":"x"},{}]`), &in))
	_, err = in.Values()
	require.EqualError(t, err, empty)
	require.True(t, in.Given())
	require.NoError(t, json.Unmarshal([]byte(`null`), &in))
	require.False(t, in.Given())
	require.ErrorAs(t, json.Unmarshal([]byte(`{}`), &in), new(*SerializationError))
	require.True(t, NewInputList(Bool(true)).Given())
}

func TestMarshalItem(t *testing.T) {
	data, err := json.Marshal(struct{ A, B Item }{B: Item{"é": Null{}}})
	require.NoError(t, err)
	require.Equal(t, `{"A":null,"B":{"é":{"NULL":true}}}`, string(data))
	require.Equal(t, `x{"a":{"L":[]}}`, string(AppendItem([]byte("x"), Item{"a": List(nil)})))
	require.Equal(t, "\"a\uFFFDb\"", string(appendQuoted(nil, "a\xffb")))
}

// FuzzDecode gives the decoder what encoding/json would not, too: it must not
// go past the end, and what it takes must come back the same.
func FuzzDecode(f *testing.F) {
	f.Add(`{"a":{"M":{"b":{"NS":["1","2e3"]}}},"c":{"B":"AQ=="}}`)
	f.Add(`{"a":{"S":"\ud83d\ude00\\"},"b":{"BOOL":true,"X":[{}, "]", 1.5e3]}}`)
	f.Add(`{"a`)
	f.Add(`{"a":{"L":[`)
	f.Fuzz(func(t *testing.T, text string) {
		d := decoder{data: []byte(text)}
		item, err := d.top()
		if err != nil || d.invalid != nil || !json.Valid([]byte(text)) {
			return
		}
		data, err := json.Marshal(item)
		require.NoError(t, err)
		var again Input
		require.NoError(t, json.Unmarshal(data, &again))
		same, err := again.Item()
		require.NoError(t, err)
		require.True(t, Equal(item, same), "%s\n%s", text, data)
		require.Equal(t, ItemSize(item), ItemSize(same))
	})
}

func BenchmarkDecode(b *testing.B) {
	data := []byte(`{"pk":{"S":"user#12345"},"sk":{"S":"order#2024-01-01"},"total":{"N":"129.95"},"paid":{"BOOL":true},"lines":{"L":[{"M":{"sku":{"S":"A-1"},"n":{"N":"2"}}},{"M":{"sku":{"S":"B-2"},"n":{"N":"1"}}}]}}`)
	b.ReportAllocs()
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		var in Input
		if err := in.UnmarshalJSON(data); err != nil {
			b.Fatal(err)
		}
	}
}
