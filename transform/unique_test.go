package transform_test

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/transform"
)

const logins = "../dal/storetest/testdata/logins.json"

// TestUniqueTextOfWhatIsShown: what an index shows of a record tells the text of its
// unique values wherever it has all of them, and no other text.
func TestUniqueTextOfWhatIsShown(t *testing.T) {
	c, err := transform.LoadFile(logins)
	require.NoError(t, err)
	e := c.Entity("Logins")
	column := func(name string) int { return e.ColumnIndex(name) }
	record := func(name, email, area, code string) transform.Record {
		r := e.NewRecord()
		for i, text := range []string{"1", name, email, area, code} {
			v, err := e.Columns[i].Parse(text)
			require.NoError(t, err)
			require.NoError(t, r.Set(e.Columns[i].Name, v))
		}
		return r
	}
	uniques := map[string]transform.Unique{}
	for _, u := range e.Unique {
		uniques[u.Name] = u
	}
	for _, r := range []transform.Record{
		record("Zoë ", "a@x", "a", "1"), record("zoe", "A@X ", "a#1", "-20"), record("", "", "", "0"), record("a/~", "a/~e", "~e", "2147483647"),
	} {
		for _, c := range []struct {
			unique string
			shown  []string
		}{
			{"name", []string{"name"}}, {"name", []string{"nameKey"}}, {"name", []string{"name", "rank"}}, {"email", []string{"email"}},
			{"area_code", []string{"area", "code"}}, {"area_code", []string{"place"}}, {"area_code", []string{"place", "login_id"}},
		} {
			shown := map[int]transform.Value{}
			absent := false
			for _, name := range c.shown {
				v, err := r.Shown(column(name))
				require.NoError(t, err)
				absent = absent || v.IsNull() && name != "rank"
				shown[column(name)] = v
			}
			if absent {
				continue // a text of blanks has no fold
			}
			want, guarded := uniques[c.unique].Text(r)
			require.True(t, guarded)
			got, told := uniques[c.unique].TextOf(e, shown)
			require.True(t, told, c)
			require.Equal(t, want, got, c)
		}
	}
	for name, shown := range map[string]map[int]transform.Value{
		"nothing":            nil,
		"a part":             {column("area"): transform.TextValue("a")},
		"another column":     {column("note"): transform.TextValue("a")},
		"NULL":               {column("area"): transform.TextValue("a"), column("code"): {}},
		"no fold":            {column("nameKey"): transform.TextValue("0E3")},
		"nothing's template": {column("place"): transform.TextValue("a#b")},
		"another kind":       {column("name"): transform.IntValue(1)},
	} {
		for _, u := range e.Unique {
			_, told := u.TextOf(e, shown)
			require.False(t, told, name)
		}
	}
}

// TestPatternsByUniqueValues: who has written finds it at once where a query gives all
// columns of a unique, and is promised so nowhere else.
func TestPatternsByUniqueValues(t *testing.T) {
	text, err := os.ReadFile(logins)
	require.NoError(t, err)
	area := `["area"], "order": "code", "own_writes": `
	for name, c := range map[string]struct {
		edits   []string
		refused int
	}{
		"all of them":                {refused: 0},
		"one column of two":          {[]string{area + "false", area + "true"}, 1},
		"a range of the second":      {[]string{area + "false", `["area"], "range": "code", "own_writes": true`}, 1},
		"not unique":                 {[]string{`"unique": [{"name": "tag", "columns": ["tag"]}]`, `"unique": []`}, 1},
		"unique with another column": {[]string{`{"name": "email", "columns": ["email"]}`, `{"name": "email", "columns": ["email", "note"]}`}, 1},
		"the whole of a sort key":    {[]string{`"pk": "area", "sk": "code"`, `"pk": "area", "sk": "place"`, area + "false", `["area"], "own_writes": false`}, 0},
		"a beginning of a sort key": {[]string{`"pk": "place", "sk": "loginId"`, `"pk": "area", "sk": "place"`,
			`["area", "code"], "transformation"`, `["code", "login_id"], "transformation"`, `"{area}#{code}"`, `"{code:010d}#{login_id:010d}"`}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			for i := 0; i < len(c.edits); i += 2 {
				require.Contains(t, string(text), c.edits[i])
			}
			_, err := transform.Load([]byte(strings.NewReplacer(c.edits...).Replace(string(text))))
			if c.refused == 0 {
				require.NoError(t, err)
				return
			}
			require.Error(t, err)
			require.Equal(t, c.refused, strings.Count(err.Error(), "follows its table with a delay"), err)
			require.Equal(t, c.refused, strings.Count(err.Error(), "error /"), err)
		})
	}
}
