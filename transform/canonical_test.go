package transform

import (
	"encoding/json"
	"fmt"
	"math/big"
	"math/rand"
	"reflect"
	"strings"
	"testing"
	"testing/quick"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/stretchr/testify/require"
)

func TestCanonicalJSON(t *testing.T) {
	for text, want := range map[string]string{
		` {"b" : 1, "a":[ ]} `:        `{"a":[],"b":1}`,
		`{"a":1,"b":2,"a":{"x":3}}`:   `{"a":{"x":3},"b":2}`,
		`{"é":1,"z":2,"Z":3,"":4}`:    `{"":4,"Z":3,"z":2,"é":1}`,
		`{"b":[{"d":1,"c":2}],"a":0}`: `{"a":0,"b":[{"c":2,"d":1}]}`,
		`1.0`:                         `1`,
		`1e2`:                         `100`,
		`-0`:                          `0`,
		`-0.0e7`:                      `0`,
		`0.10`:                        `0.1`,
		`1E+2`:                        `100`,
		`123456789012345678901234567890.12345678`: `123456789012345678901234567890.12345678`,
		`18446744073709551615`:                    `18446744073709551615`,
		`1e39`:                                    `1` + strings.Repeat("0", 39),
		`1e40`:                                    `1e40`,
		`-12.5e99`:                                `-1.25e100`,
		`1e-20`:                                   `0.00000000000000000001`,
		`0.15e-20`:                                `1.5e-21`,
		`"\u0041\/\u00e9\ud83d\ude00\u2028"`:      `"A/é😀` + "\u2028" + `"`,
		`"\b\f\n\r\t\"\\\u0001\u007f"`:            `"\b\f\n\r\t\"\\\u0001` + "\x7f" + `"`,
		`"<&>"`:                                   `"<&>"`,
		`true`:                                    `true`,
		`null`:                                    `null`,
		"\t[true,false , null]\n":                 `[true,false,null]`,
		nested(100, ""):                           nested(100, ""),
	} {
		got, err := CanonicalJSON([]byte(text))
		require.NoError(t, err, text)
		require.Equal(t, want, got)
		again, err := CanonicalJSON([]byte(got))
		require.NoError(t, err)
		require.Equal(t, got, again)
	}
}

func TestCanonicalJSONRefuses(t *testing.T) {
	for text, want := range map[string]string{
		``: reasonNotJSON, ` `: reasonNotJSON, `{`: reasonNotJSON, `{"a"}`: reasonNotJSON, `{"a":1,}`: reasonNotJSON,
		`[1,]`: reasonNotJSON, `[1 2]`: reasonNotJSON, `01`: reasonNotJSON, `1.`: reasonNotJSON, `.5`: reasonNotJSON,
		`1e`: reasonNotJSON, `+1`: reasonNotJSON, `-`: reasonNotJSON, `nul`: reasonNotJSON, `1 1`: reasonNotJSON,
		"\"\n\"": reasonNotJSON, `"\x"`: reasonNotJSON, `"\u12g4"`: reasonNotJSON, `"`: reasonNotJSON, `"\`: reasonNotJSON,
		`{1:2}`: reasonNotJSON, "1\x00": reasonNotJSON, `"\ud800"`: reasonSurrogate, `"\udc00\ud800"`: reasonSurrogate,
		`"\ud800\u0041"`: reasonSurrogate, "\"\xff\"": reasonNotUTF8, nested(101, ""): "JSON nested more than 100 levels deep",
		`1e99999999999999999999`: "JSON with a number beyond any reason",
	} {
		_, err := CanonicalJSON([]byte(text))
		require.EqualError(t, err, want, text)
	}
	_, err := CanonicalJSON([]byte(`1e1000000000`))
	require.NoError(t, err, "an exponent is kept, not written out")
}

// The canonical form has the same content, exactly.
func TestCanonicalJSONKeepsContent(t *testing.T) {
	check := func(seed int64) bool {
		text := randomJSON(rand.New(rand.NewSource(seed)), 5)
		canonical, err := CanonicalJSON([]byte(text))
		if err != nil {
			t.Log(seed, err)
			return false
		}
		return reflect.DeepEqual(exact(t, text), exact(t, canonical))
	}
	require.NoError(t, quick.Check(check, &quick.Config{MaxCount: 3000}))
}

// exact decodes a document with its numbers as fractions.
func exact(t testing.TB, text string) any {
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	var v any
	require.NoError(t, d.Decode(&v))
	return fractions(v)
}

func fractions(v any) any {
	switch x := v.(type) {
	case json.Number:
		r, _ := new(big.Rat).SetString(x.String())
		return r.String()
	case []any:
		for i := range x {
			x[i] = fractions(x[i])
		}
	case map[string]any:
		for k := range x {
			x[k] = fractions(x[k])
		}
	}
	return v
}

// randomJSON returns a document that an item can hold, written carelessly.
func randomJSON(rnd *rand.Rand, depth int) string {
	blank := strings.Repeat(" ", rnd.Intn(2))
	kind := rnd.Intn(8)
	if depth == 0 {
		kind = rnd.Intn(6)
	}
	switch kind {
	case 0, 1:
		return blank + randomNumber(rnd)
	case 2, 3:
		return blank + randomQuoted(rnd)
	case 4, 5:
		return blank + [...]string{"true", "false", "null"}[rnd.Intn(3)]
	case 6:
		parts := make([]string, rnd.Intn(5))
		for i := range parts {
			parts[i] = randomJSON(rnd, depth-1)
		}
		return "[" + strings.Join(parts, blank+",") + "]"
	}
	parts := make([]string, rnd.Intn(12))
	for i := range parts {
		parts[i] = fmt.Sprintf("%s:%s", `"k`+randomQuoted(rnd)[1:], randomJSON(rnd, depth-1))
	}
	return "{" + strings.Join(parts, ",") + blank + "}"
}

func randomNumber(rnd *rand.Rand) string {
	s := strings.Repeat("-", rnd.Intn(2)) + fmt.Sprint(rnd.Int63()>>rnd.Intn(63))
	if rnd.Intn(2) == 0 {
		s += "." + randomDigits(rnd, 1+rnd.Intn(8))
	}
	if rnd.Intn(3) == 0 {
		s += fmt.Sprintf("e%+d", rnd.Intn(200)-100)
	}
	return s
}

func randomQuoted(rnd *rand.Rand) string {
	b, _ := json.Marshal(randomString(rnd, 6))
	return string(b)
}

// FuzzCanonicalJSON: the form is found by the grammar that encoding/json has,
// it is its own canonical form, keeps the content, and comes back from an item
// unchanged.
func FuzzCanonicalJSON(f *testing.F) {
	for _, s := range []string{`{"b":1,"a":[1.50,-0,1e2]}`, `"\ud83d\ude00"`, `[[],{}]`, `{"a":1,"a":2}`, `1e130`, `{"":1}`, ` null`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		canonical, err := CanonicalJSON([]byte(text))
		if err != nil {
			// Stricter than encoding/json in three things only.
			if json.Valid([]byte(text)) && err.Error() == reasonNotJSON {
				t.Fatalf("%q is JSON", text)
			}
			return
		}
		if !json.Valid([]byte(text)) || !json.Valid([]byte(canonical)) {
			t.Fatalf("%q is no JSON, but became %q", text, canonical)
		}
		again, err := CanonicalJSON([]byte(canonical))
		require.NoError(t, err)
		require.Equal(t, canonical, again)
		if len(text) < 1000 && !strings.ContainsAny(text, "eE") {
			require.Equal(t, exact(t, text), exact(t, canonical))
		}
		var b builder
		av, reason := b.document(canonical)
		if reason != "" {
			return
		}
		back, reason := appendAttribute(nil, throughDynamoDB(av))
		require.Empty(t, reason)
		require.Equal(t, canonical, string(back))
	})
}

func TestJSONSharesNothing(t *testing.T) {
	var b builder
	av, reason := b.document(`["a","b","c","d","e","f","g","h","i","j",1,2,3,4,5,6,7,8,9,10]`)
	require.Empty(t, reason)
	seen := map[any]bool{}
	for _, e := range av.(*types.AttributeValueMemberL).Value {
		require.False(t, seen[e])
		seen[e] = true
	}
	require.Len(t, seen, 20)
}
