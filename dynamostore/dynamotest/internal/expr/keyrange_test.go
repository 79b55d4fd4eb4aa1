package expr

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dynamostore/dynamotest/internal/attr"
)

func sprint(v any) string { return fmt.Sprint(v) }

func keyCondition(t testing.TB, text string, low, high attr.Value) *KeyCondition {
	t.Helper()
	env, err := NewEnv(nil, attr.NewInput(attr.Item{":p": attr.String("P"), ":a": low, ":b": high}))
	require.NoError(t, err)
	k, err := ParseKeyCondition(text, env)
	require.NoError(t, err, text)
	return k
}

// TestKeyRange compares ranges with the conditions they stand for, on keys of
// every kind.
func TestKeyRange(t *testing.T) {
	keys := map[attr.Kind][]attr.Value{
		attr.KindNumber: {attr.Int(-20), attr.Int(-2), attr.Int(-1), attr.Int(0), attr.Int(1), attr.Int(2), attr.Int(10), attr.Int(100)},
		attr.KindString: {attr.String("\x00"), attr.String("A"), attr.String("AA"), attr.String("Ab"), attr.String("B"), attr.String("é"), attr.String("\U0010FFFF")},
		attr.KindBinary: {attr.Binary("\x00"), attr.Binary("\x00\x00"), attr.Binary("\xfe"), attr.Binary("\xff"), attr.Binary("\xff\xff"), attr.Binary("\xff\xff\x00")},
	}
	for kind, list := range keys {
		for _, test := range []string{"sk = :a", "sk < :a", "sk <= :a", "sk > :a", "sk >= :a", "begins_with(sk, :a)", ":a < sk", ":a >= sk", "sk BETWEEN :a AND :b"} {
			if kind == attr.KindNumber && test == "begins_with(sk, :a)" {
				continue
			}
			for i, low := range list {
				high := list[min(i+2, len(list)-1)]
				r, err := keyCondition(t, "pk = :p AND "+test, low, high).Bind(KeyAttribute{"pk", attr.KindString}, KeyAttribute{"sk", kind})
				require.NoError(t, err)
				require.Equal(t, attr.String("P"), r.Hash)
				env, err := NewEnv(nil, attr.NewInput(attr.Item{":a": low, ":b": high}))
				require.NoError(t, err)
				condition, err := ParseCondition(KindFilter, test, env)
				require.NoError(t, err)
				for _, v := range list {
					key, _ := attr.Key(v)
					require.Equal(t, condition.Eval(attr.Item{"sk": v}), r.Contains(key), "%s %q %q: %q", test, low, high, v)
				}
			}
		}
	}
}

func TestKeyConditionBind(t *testing.T) {
	hash := KeyAttribute{"pk", attr.KindString}
	one, none := attr.Int(1), attr.Int(2)
	for _, c := range []struct {
		text string
		low  attr.Value
		sort KeyAttribute
		want string
	}{
		{"pk = :p", one, KeyAttribute{}, ""},
		{"pk = :p AND x = :a", one, KeyAttribute{}, "Query key condition not supported"},
		{"pk < :p", one, KeyAttribute{}, "Query key condition not supported"},
		{"x = :p", one, KeyAttribute{}, "Query condition missed key schema element: pk"},
		{"pk = :p AND sk = :a", attr.String("x"), KeyAttribute{"sk", attr.KindNumber}, "One or more parameter values were invalid: Condition parameter type does not match schema type"},
		{"pk = :p AND sk > :a", attr.String(""), KeyAttribute{"sk", attr.KindString}, "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty string value. Key: sk"},
		{"pk = :p AND sk > :a", attr.Binary(""), KeyAttribute{"sk", attr.KindBinary}, "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty binary value. Key: sk"},
		{"pk = :a", attr.String(""), KeyAttribute{}, "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty string value. Key: pk"},
	} {
		_, err := keyCondition(t, c.text, c.low, none).Bind(hash, c.sort)
		if c.want == "" {
			require.NoError(t, err)
		} else {
			require.EqualError(t, err, c.want, c.text)
		}
	}
}
