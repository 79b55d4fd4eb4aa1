package main

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestCanonicalJSON(t *testing.T) {
	for text, want := range map[string]string{
		`{"b": 1, "a": [1.50, -0, 1e2, 12E-1]}`: `{"a":[1.5,0,100,1.2],"b":1}`,
		`"<&>🐕"`:                                `"<&>🐕"`,
		"\"\\ud83d\\udc15\"":                    `"🐕"`,
		`12345678901234567890.123`:              `12345678901234567890.123`,
		`1e999999999`:                           `1e999999999`,
		`null`:                                  `null`,
	} {
		got, err := canonicalJSON([]byte(text))
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
	for _, text := range []string{"", "{", "{} {}", "01"} {
		_, err := canonicalJSON([]byte(text))
		require.Error(t, err, text)
	}
}

func TestPlainAndUser(t *testing.T) {
	for _, p := range append(generate(200, 7, nil), plain{ID: 1, Username: "a", Email: "b"}) {
		again, err := plainOf(p.user())
		require.NoError(t, err)
		require.Equal(t, p, again)
	}
	zone := time.FixedZone("", 2*60*60)
	login := time.Date(2024, 1, 1, 1, 0, 0, 0, zone)
	p, err := plainOf(User{LastLogin: &login})
	require.NoError(t, err)
	require.Equal(t, "2023-12-31T23:00:00Z", p.LastLogin)
}

func TestDiffersNamesEveryColumn(t *testing.T) {
	a := plain{1, "a", "b", "2020-01-01", "2020-01-01T00:00:00Z", "{}"}
	require.Empty(t, a.differs(a))
	require.Equal(t, columns(), a.differs(plain{}))
}

func TestCountLogin(t *testing.T) {
	for before, after := range map[string]string{
		``:                             `{"logins":1}`,
		`null`:                         `{"logins":1}`,
		`{"bio":"x","logins":41}`:      `{"bio":"x","logins":42}`,
		`{"score":1.10,"other":[1,2]}`: `{"logins":1,"other":[1,2],"score":1.10}`,
		`[1]`:                          `[1]`,
	} {
		var profile json.RawMessage
		if before != "" {
			profile = json.RawMessage(before)
		}
		require.Equal(t, after, string(countLogin(profile)), before)
	}
}

func TestGenerate(t *testing.T) {
	all := generate(500, 3, nil)
	require.Equal(t, all, generate(500, 3, nil))
	require.NotEqual(t, all, generate(500, 4, nil))
	require.Empty(t, generate(0, 3, nil))

	given := []csvRow{{plain: all[0]}, {plain: plain{ID: 1, Username: all[1].Username, Email: "x"}},
		{plain: plain{ID: 2, Username: "y", Email: all[2].Email}}}
	seen := map[any]bool{}
	for _, row := range given {
		seen[row.ID], seen[row.Username], seen[row.Email] = true, true, true
	}
	for _, p := range generate(500, 3, given) {
		for _, unique := range []any{p.ID, p.Username, p.Email} {
			require.False(t, seen[unique], unique)
			seen[unique] = true
		}
	}
}
