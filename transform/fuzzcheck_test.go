package transform

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// FuzzCheck: no document makes the check panic or disagree with itself, whatever
// its parts are: missing, of other types, named twice or not at all.
func FuzzCheck(f *testing.F) {
	for _, file := range []string{"users.json", "everything.json", "check/market.json", "check/shop.json"} {
		data, err := os.ReadFile("testdata/" + file)
		require.NoError(f, err)
		f.Add(data)
	}
	for _, c := range joinCases(f) {
		f.Add(c.contract(f))
	}
	f.Fuzz(func(t *testing.T, data []byte) { checkOnce(t, data) })
}

func checkOnce(t testing.TB, data []byte) {
	t.Helper()
	c, findings := Check(data)
	require.Equal(t, c == nil, hasErrors(findings), "%v", findings)
	if c == nil {
		return
	}
	_ = c.Graph().String()
	for _, s := range c.Sources {
		c.Touched(s.Name)
	}
	for _, e := range c.Entities {
		e.Lost()
		e.Unkept()
		for _, column := range e.Columns {
			require.NotZero(t, column.Kind, "column %s of a contract that is used: %s", column.Name, data)
		}
	}
}

// Every part of a contract taken away, replaced by each other form, emptied, and
// named twice: a finding or none, and no panic.
func TestCheckOfMutilatedContracts(t *testing.T) {
	inputs := [][]byte{market(t)}
	for _, c := range joinCases(t) {
		inputs = append(inputs, c.contract(t))
	}
	for n, data := range inputs {
		if n%12 != 0 {
			continue // the fuzz test has them all
		}
		var paths [][]any
		var v any
		require.NoError(t, json.Unmarshal(data, &v))
		collectPaths(v, nil, &paths)
		for _, path := range paths {
			if n > 0 && !strings.Contains(fmt.Sprint(path), "attributes 0") {
				continue // the rest is the same in all of them
			}
			for _, with := range []any{nil, "", 1, []any{nil, "x"}, map[string]any{}, deleted} {
				var copied any
				require.NoError(t, json.Unmarshal(data, &copied))
				changed, err := json.Marshal(replaced(copied, path, with))
				require.NoError(t, err)
				checkOnce(t, changed)
			}
		}
	}
}

// deleted stands for a part that is taken away.
var deleted = &struct{}{}

// collectPaths appends the paths to all parts of a JSON value.
func collectPaths(v any, path []any, paths *[][]any) {
	if len(path) > 0 {
		*paths = append(*paths, append([]any{}, path...))
	}
	switch x := v.(type) {
	case map[string]any:
		for name, e := range x {
			collectPaths(e, append(path, name), paths)
		}
	case []any:
		for i, e := range x {
			collectPaths(e, append(path, i), paths)
		}
	}
}

// replaced returns the value with the part at the path replaced.
func replaced(v any, path []any, with any) any {
	if len(path) == 0 {
		return with
	}
	switch x := v.(type) {
	case map[string]any:
		name := path[0].(string)
		if len(path) == 1 && with == deleted {
			delete(x, name)
			return x
		}
		x[name] = replaced(x[name], path[1:], with)
	case []any:
		i := path[0].(int)
		if len(path) == 1 && with == deleted {
			return append(x[:i], x[i+1:]...)
		}
		x[i] = replaced(x[i], path[1:], with)
	}
	return v
}

// Long and deep texts take no long time, and none of them is taken for a name.
func TestCheckOfLongContracts(t *testing.T) {
	long := strings.Repeat("a", 1<<16)
	for _, edit := range []string{
		`"select_column": "users.email" => "select_column": "` + long + `"`,
		`"select_column": "users.email" => "select_column": "` + strings.Repeat("(", 5000) + `"`,
		`"join_condition": "users.id = orders.user_id" => "join_condition": "` + strings.Repeat("users.id = orders.user_id AND ", 1000) + `users.id = orders.user_id"`,
		`"target_table": "users" => "target_table": "` + long + `"`,
		`"sk_template": "#USER" => "sk_template": "` + strings.Repeat("{id}#", 10000) + `"`,
		`"entity_type": "ORDER" => "entity_type": "` + long + `"`,
		`"equal": ["kind_id"] => "equal": [` + strings.Repeat(`"kind_id", `, 2000) + `"kind_id"]`,
		`"equal": ["kind_id"] => "equal": ` + strings.Repeat("[", 90) + strings.Repeat("]", 90),
	} {
		checkOnce(t, market(t, edit))
	}
}
