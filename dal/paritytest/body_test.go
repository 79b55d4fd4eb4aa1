package paritytest

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestVaries: what a path names may differ, and not one byte beside it.
func TestVaries(t *testing.T) {
	const body = "{\"at\": \"now\", \"items\":[{\"id\":1 ,\"at\":2},{\"id\":1.50,\"at\":[3,{\"at\":4}]}]}\n"
	for _, c := range []struct{ path, want string }{
		{"$.at", "{\"at\": \"(varies)\", \"items\":[{\"id\":1 ,\"at\":2},{\"id\":1.50,\"at\":[3,{\"at\":4}]}]}\n"},
		{"$..at", "{\"at\": \"(varies)\", \"items\":[{\"id\":1 ,\"at\":\"(varies)\"},{\"id\":1.50,\"at\":\"(varies)\"}]}\n"},
		{"$.items[*].id", "{\"at\": \"now\", \"items\":[{\"id\":\"(varies)\" ,\"at\":2},{\"id\":\"(varies)\",\"at\":[3,{\"at\":4}]}]}\n"},
		{"$.items[1].at[1]", "{\"at\": \"now\", \"items\":[{\"id\":1 ,\"at\":2},{\"id\":1.50,\"at\":[3,\"(varies)\"]}]}\n"},
		{"$", "\"(varies)\"\n"},
		{"$.other", body},
	} {
		t.Run(c.path, func(t *testing.T) {
			paths, err := parsePaths([]string{c.path})
			require.NoError(t, err)
			require.Equal(t, c.want, string(blank([]byte(body), paths)))
		})
	}
	paths, err := parsePaths([]string{"$.at"})
	require.NoError(t, err)
	require.Empty(t, compareBodies([]byte(`{"at":1,"b":2}`), []byte(`{"at":"x","b":2}`), paths))
	require.Equal(t, []string{"$.b is 3, and in phase 1 2"}, compareBodies([]byte(`{"at":1,"b":2}`), []byte(`{"at":"x","b":3}`), paths))
	require.Equal(t, []string{"$.at is missing, and in phase 1 \"(varies)\""}, compareBodies([]byte(`{"at":1,"b":2}`), []byte(`{"b":2}`), paths),
		"it must be there")
}

// TestPaths: what is no path is refused.
func TestPaths(t *testing.T) {
	for _, text := range []string{"", "a", "$a", "$.", "$..", "$.a.", "$[", "$[x]", "$[1", "$.[1]"} {
		_, err := parsePath(text)
		require.Error(t, err, text)
	}
}

// TestSaved: a string is saved without quotes, everything else as it stands.
func TestSaved(t *testing.T) {
	for path, want := range map[string]string{"$.s": `a"b`, "$.n": "1.50", "$.l[1]": "null", "$.o": `{"x": 1}`} {
		p, err := parsePath(path)
		require.NoError(t, err)
		got, ok := p.text([]byte(`{"s":"a\"b","n":1.50,"l":[1,null],"o":{"x": 1}}`))
		require.True(t, ok)
		require.Equal(t, want, got)
	}
}

// FuzzBlank: whatever a body is, what is not named stays, and nothing panics.
func FuzzBlank(f *testing.F) {
	f.Add([]byte(`{"a":[1,{"b":null}],"a":2}`), "$..b")
	f.Add([]byte(`[[[]]]`), "$[0][*]")
	f.Fuzz(func(t *testing.T, body []byte, text string) {
		p, err := parsePath(text)
		if err != nil {
			return
		}
		out := blank(body, []path{p})
		all, ok := values(body)
		if !ok || len(outermost(all, []path{p})) == 0 {
			require.Equal(t, string(body), string(out))
		}
		require.Empty(t, compareBodies(body, body, nil))
	})
}
