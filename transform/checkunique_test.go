package transform

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestUniqueAndSequenceFindings: every finding about what a contract says of
// unique values and of ids, each with its pointer.
func TestUniqueAndSequenceFindings(t *testing.T) {
	const (
		auto   = `"null": false`
		autoTo = `"null": false, "generated": "auto_increment"`
		first  = `utf8mb4_bin"},` + "\n        " + `{"name": "email"`
		mixed  = `utf8mb4_unicode_ci"},` + "\n        " + `{"name": "email"`
	)
	for name, c := range map[string]struct {
		say  string // in place of the table's "satisfies"
		edit []string
		want []string
	}{
		"good":                {`"unique": [{"name": "u", "columns": ["username", "email"]}, {"columns": ["email"]}], "sequence": {"column": "user_id"}`, []string{auto, autoTo}, nil},
		"none":                {`"unique": []`, nil, nil},
		"dates and numbers":   {`"unique": [{"columns": ["registration_date", "last_login"]}]`, nil, nil},
		"wrong form":          {`"unique": {"columns": []}, "sequence": "user_id"`, nil, []string{`error /tables/0/unique: is an object where an array belongs`, `error /tables/0/sequence: is a string where an object belongs`}},
		"wrong element":       {`"unique": ["email"]`, nil, []string{`error /tables/0/unique/0: is a string where an object belongs`}},
		"misspelt":            {`"unique": [{"name": "u", "column": ["email"]}]`, nil, []string{`error /tables/0/unique/0/column: unknown property "column"; did you mean "columns"?`, `error /tables/0/unique/0: has no columns; add it`}},
		"of none":             {`"unique": [{"name": "u", "columns": []}]`, nil, []string{`error /tables/0/unique/0/columns: there is no column`}},
		"unknown column":      {`"unique": [{"name": "u", "columns": ["emial"]}]`, nil, []string{`error /tables/0/unique/0/columns/0: there is no column "emial"; did you mean "email"?`}},
		"column twice":        {`"unique": [{"name": "u", "columns": ["email", "email"]}]`, nil, []string{`error /tables/0/unique/0/columns/1: column "email" is in the set already; take one out`}},
		"JSON":                {`"unique": [{"name": "u", "columns": ["profile_data"]}]`, nil, []string{`error /tables/0/unique/0/columns/0: column profile_data is JSON`}},
		"float":               {`"unique": [{"name": "u", "columns": ["last_login"]}]`, []string{`"last_login", "type": "timestamp", "null": true, "precision": 0`, `"last_login", "type": "double"`}, []string{`error /tables/0/gsis/1/sk: attribute lastLogin sorts the numbers of last_login as text`}},
		"folded":              {`"unique": [{"name": "u", "columns": ["username"]}]`, []string{first, mixed}, []string{`warning /tables/0/gsis/0/pk:`}},
		"folded, unknown":     {`"unique": [{"name": "u", "columns": ["username"]}]`, []string{first, strings.Replace(mixed, "unicode", "german2", 1)}, []string{`error /tables/0/unique/0/columns/0: column username is unique in the collation utf8mb4_german2_ci, of which it is not known here which texts it takes for equal; give the column`, `error /tables/0/gsis/0/pk:`}},
		"folded, unverified":  {`"unique": [{"name": "u", "columns": ["username"]}]`, []string{first, strings.Replace(mixed, "unicode", "0900_ai", 1)}, []string{`warning /tables/0/unique/0/columns/0: column username is unique in the collation utf8mb4_0900_ai_ci: which texts that takes for equal is known from its published weights, and was not verified`, `warning /tables/0/gsis/0/pk:`}},
		"no collation":        {`"unique": [{"name": "u", "columns": ["username"]}]`, []string{`, "collation": "utf8mb4_bin"`, ``}, []string{`error /tables/0/unique/0/columns/0: the collation of username is not known`}},
		"one name":            {`"unique": [{"name": "u", "columns": ["username"]}, {"name": "U", "columns": ["email"]}]`, nil, []string{`error /tables/0/unique/1/name: another unique index is called "U" too`}},
		"one name, by column": {`"unique": [{"name": "email", "columns": ["username"]}, {"columns": ["email"]}]`, nil, []string{`error /tables/0/unique/1/name: another unique index is called "email" too`}},
		"strange name":        {`"unique": [{"name": "a#b", "columns": ["username"]}]`, nil, []string{`error /tables/0/unique/0/name: "a#b" can't be the name of a unique index here`}},
		"two for one":         {`"unique": [{"columns": ["username", "email"]}, {"columns": ["email", "username"]}]`, nil, []string{`warning /tables/0/unique/1: unique index email,username has the columns of username,email`}},
		"the key again":       {`"unique": [{"name": "u", "columns": ["email", "user_id"]}]`, nil, []string{`warning /tables/0/unique/0: unique index u holds the primary key`}},

		"sequence of none":    {`"sequence": {}`, nil, []string{`error /tables/0/sequence: has no column`}},
		"sequence of unknown": {`"sequence": {"column": "userid"}`, nil, []string{`error /tables/0/sequence/column: there is no column "userid"; did you mean "user_id"?`}},
		"sequence of text":    {`"sequence": {"column": "email"}`, nil, []string{`error /tables/0/sequence/column: column email is varchar(255), and a sequence gives integers`}},
		"not a key":           {`"sequence": {"column": "age"}`, []string{`{"name": "last_login"`, `{"name": "age", "type": "int", "null": true}, {"name": "last_login"`, `{"name": "lastLogin"`, `{"name": "age", "type": "N", "source_column": "age"}, {"name": "lastLogin"`}, []string{`error /tables/0/sequence/column: column age is not the primary key alone`}},
		"half a key": {`"sequence": {"column": "user_id"}`, []string{`"primary_key": ["user_id"]`, `"primary_key": ["user_id", "username"]`, `"pk": "userId"`, `"pk": "userId", "sk": "username"`, `"varchar", "null": true`, `"varchar", "null": false`, auto, autoTo}, []string{
			`error /tables/0/sequence/column: column user_id is not the primary key alone`}},
		"none of an id": {`"unique": []`, []string{auto, autoTo}, []string{
			`warning /tables/0: column user_id is auto_increment, and the entity has no sequence, so no store assigns its values; add "sequence": {"column": "user_id"}, or give every record its value`}},
		"none of half a key": {`"unique": []`, []string{`"primary_key": ["user_id"]`, `"primary_key": ["user_id", "username"]`, `"pk": "userId"`, `"pk": "userId", "sk": "username"`, `"varchar", "null": true`, `"varchar", "null": false`, auto, autoTo}, []string{
			`warning /tables/0: column user_id is auto_increment, and the entity has no sequence, so no store assigns its values; give every record its value; a sequence gives only`}},
		"MySQL gives none": {`"sequence": {"column": "user_id"}`, nil, []string{`warning /tables/0/sequence/column: column user_id is not auto_increment`}},
	} {
		t.Run(name, func(t *testing.T) {
			_, findings := Check(edited(t, append([]string{`"satisfies": ["AP1"]`, c.say}, c.edit...)...))
			var got []string
			for _, f := range findings {
				if !strings.Contains(f.Reason, "bytes, and this key at most") {
					got = append(got, f.String())
				}
			}
			require.Len(t, got, len(c.want), "%s", strings.Join(got, "\n"))
			for _, want := range c.want {
				require.Contains(t, strings.Join(got, "\n"), want)
			}
		})
	}
}

// TestUniqueAndSequence: what a contract says of them is in its entity, and an
// entity of which nobody says anything has neither.
func TestUniqueAndSequence(t *testing.T) {
	c, err := Load(edited(t, `"satisfies": ["AP1"]`,
		`"unique": [{"name": "names", "columns": ["email", "username"]}, {"columns": ["username"]}], "sequence": {"column": "user_id"}`,
		`"null": false`, `"null": false, "generated": "auto_increment"`))
	require.NoError(t, err)
	e := c.Entities[0]
	require.Equal(t, 0, e.Sequence)
	require.Equal(t, []Unique{{Name: "names", Columns: []int{2, 1}}, {Name: "username", Columns: []int{1}}}, e.Unique)

	c, err = Load(edited(t))
	require.NoError(t, err)
	require.Equal(t, -1, c.Entities[0].Sequence)
	require.Empty(t, c.Entities[0].Unique)
	require.Equal(t, -1, keyEntity(Column{Name: "id", SQLType: "int", Kind: Int}).Sequence, "made without Load")
}

// TestUniqueText: two records share the text exactly when MySQL takes their
// values for equal.
func TestUniqueText(t *testing.T) {
	for _, c := range []struct {
		collation, a, b string
		equal           bool
	}{
		{"utf8mb4_bin", "alice", "alice", true},
		{"utf8mb4_bin", "alice", "Alice", false},
		{"utf8mb4_bin", "alice", "alice  ", true},
		{"utf8mb4_bin", "", "  ", true},
		{"utf8mb4_bin", "a\t", "a", false},
		{"utf8mb4_bin", " a", "a", false},
		{"utf8mb4_0900_bin", "alice", "alice ", false},
		{"utf8mb4_nopad_bin", "", " ", false},
		{"binary", "alice", "alice ", false},
		{"utf8mb4_general_ci", "alice", "ALICE  ", true},
		{"utf8mb4_general_ci", "élan", "Elan", true},
		{"utf8mb4_general_ci", "straße", "strasse", false},
		{"utf8mb4_general_ci", "😀", "😁", true},
		{"utf8mb4_unicode_ci", "Straße\u00a0", "STRASSE", true},
		{"utf8mb4_unicode_ci", "e\u0301\x00", "E", true},
		{"utf8mb4_unicode_ci", "a", "b", false},
		{"utf8mb4_0900_ai_ci", "É", "e", true},
		{"utf8mb4_0900_ai_ci", "e", "e ", false},
		{"utf8mb4_german2_ci", "a", "A", false}, // which the check refuses
	} {
		e := keyEntity(
			Column{Name: "id", SQLType: "int", Kind: Int},
			Column{Name: "name", SQLType: "varchar", Kind: Text, Length: 20, Nullable: true, Collation: c.collation},
			Column{Name: "n", SQLType: "int", Kind: Int, Nullable: true})
		of := func(name Value, n int64) string {
			r := e.NewRecord()
			r.SetAt(1, name)
			r.SetAt(2, IntValue(n))
			text, guarded := Unique{Columns: []int{1, 2}}.Text(r)
			require.True(t, guarded)
			return text
		}
		require.Equal(t, c.equal, of(TextValue(c.a), 1) == of(TextValue(c.b), 1), "%q and %q in %s", c.a, c.b, c.collation)
		require.NotEqual(t, of(TextValue(c.a), 1), of(TextValue(c.a), 2))
		require.NotEqual(t, of(TextValue("a/1"), 1), of(TextValue("a"), 11), "a separator in a value")
	}
	e := keyEntity(Column{Name: "id", SQLType: "int", Kind: Int},
		Column{Name: "name", SQLType: "varchar", Kind: Text, Length: 20, Nullable: true, Collation: "utf8mb4_bin"})
	_, guarded := Unique{Columns: []int{0, 1}}.Text(e.NewRecord())
	require.False(t, guarded, "NULL is equal to nothing")
}

// TestLost: a column that no attribute carries is named.
func TestLost(t *testing.T) {
	c, err := LoadFile("testdata/everything.json")
	require.NoError(t, err)
	require.Empty(t, c.Entities[0].Lost())
	e := *c.Entities[0]
	last := e.Attributes[len(e.Attributes)-1]
	e.Attributes = e.Attributes[:len(e.Attributes)-1]
	require.Equal(t, []string{e.Columns[last.Column].Name}, e.Lost())
}
