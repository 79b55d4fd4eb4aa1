package transform

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// edited returns the users contract with replacements old, new, old, new.
func edited(t testing.TB, replacements ...string) []byte {
	t.Helper()
	data, err := os.ReadFile("testdata/users.json")
	require.NoError(t, err)
	s := string(data)
	for i := 0; i < len(replacements); i += 2 {
		require.Contains(t, s, replacements[i])
		s = strings.Replace(s, replacements[i], replacements[i+1], 1)
	}
	return []byte(s)
}

// Every finding, each with its pointer. A case edits the users contract, which
// has none, and lists the findings' severity, pointer and the start of their text.
func TestFindings(t *testing.T) {
	const (
		userID   = `{"name": "userId", "type": "N", "source_table": "users", "source_column": "user_id"}`
		column0  = `{"name": "user_id", "type": "int", "null": false}`
		email    = `{"name": "email", "type": "varchar", "null": true, "length": 255, "collation": "utf8mb4_bin"}`
		lastUse  = `{"name": "last_login", "type": "timestamp", "null": true, "precision": 0}`
		profile  = `"type": "M", "source_table": "users", "source_column": "profile_data"}`
		index0   = `{"index_name": "UsernameIndex", "pk": "username", "projection": "ALL"}`
		priorKey = `"primary_key": ["user_id"]`
	)
	for name, c := range map[string]struct {
		edit []string
		want []string
	}{
		"nothing": {nil, nil},

		// Form.
		"unknown property":    {[]string{`"satisfies"`, `"satisfied"`}, []string{`error /tables/0/satisfied: unknown property "satisfied"; did you mean "satisfies"?`}},
		"unknown in a column": {[]string{`"length": 255`, `"size": 255`}, []string{`error /tables/0/columns/1: a varchar needs a length`, `error /tables/0/columns/1/size: unknown property "size"; known are name, type, unsigned`}},
		"pointer is escaped":  {[]string{`"satisfies"`, `"a/b~c"`}, []string{`error /tables/0/a~1b~0c: unknown property`}},
		"property twice":      {[]string{`"pk": "userId",`, `"pk": "userId", "pk": "username",`}, []string{`error /tables/0/pk: property "pk" appears twice`}},
		"missing":             {[]string{`"source_table": "users",`, ``}, []string{`error /tables/0: has no source_table; add it`}},
		"wrong form":          {[]string{`["AP1"]`, `"AP1"`}, []string{`error /tables/0/satisfies: is a string where an array belongs`}},
		"wrong element":       {[]string{`["AP1"]`, `[1]`}, []string{`error /tables/0/satisfies/0: is a number where a string belongs`}},
		"null or string":      {[]string{`"pk": "userId",`, `"pk": "userId", "sk": 1,`}, []string{`error /tables/0/sk: is a number where a string or null belongs`}},
		"sk null is fine":     {[]string{`"pk": "userId",`, `"pk": "userId", "sk": null,`}, nil},
		"wrong value":         {[]string{`"ALL"`, `"all"`}, []string{`error /tables/0/gsis/0/projection: "all" is none of ALL, KEYS_ONLY, INCLUDE; did you mean "ALL"?`}},
		"group":               {[]string{`"default"`, `"a b"`}, []string{`error /group: "a b" can't be the name of a group`}},
		"not an object":       {[]string{index0, `[]`, `"index": "UsernameIndex", "equal": ["username"]`, `"equal": ["userId"]`}, []string{`error /tables/0/gsis/0: is an array where an object belongs`}},

		// What the format has and this version does not.
		"multi-entity":    {[]string{`"single-entity"`, `"multi-entity"`}, []string{`error /tables/0/attributes: a multi-entity table has entities`, `error /tables/0: has no entities`}},
		"entities":        {[]string{`"satisfies": ["AP1"]`, `"entities": []`}, []string{`error /tables/0/entities: a single-entity table has attributes`}},
		"join":            {[]string{profile, `"join": {"type": "foreign-key", "target_table": "t", "join_condition": "t.id = user_id", "select_column": "s"}, ` + profile}, []string{`error /tables/0/attributes/5/join: does not say the columns of its source table t; run migrationctl`, `warning /tables/0/attributes/5: DynamoDB joins nothing`, `error /tables/0/columns/5: no attribute carries`}},
		"join, misspelt":  {[]string{profile, `"join": {"type": "foreign-key", "target_tabel": "t", "join_condition": "c", "select_column": "s"}, ` + profile}, []string{`error /tables/0/attributes/5/join/join_condition: fragment "c"`, `error /tables/0/attributes/5/join/target_tabel: unknown property "target_tabel"; did you mean "target_table"?`, `error /tables/0/attributes/5/join: has no target_table`}},
		"join type":       {[]string{profile, `"join": {"type": "foreign"}, ` + profile}, []string{`error /tables/0/attributes/5/join/type: "foreign" is none of chain, conditional, foreign-key`}},
		"join, no type":   {[]string{profile, `"join": {}, ` + profile}, []string{`error /tables/0/attributes/5/join: has no type`}},
		"calculation":     {[]string{profile, `"calculation": {"type": "depth", "parent_column": "p"}, ` + profile}, []string{`error /tables/0/attributes/5/calculation/parent_column: table users has no column "p"`}},
		"transformation":  {[]string{profile, `"transformation": {"type": "json"}, ` + profile}, []string{`error /tables/0/attributes/5/transformation/type: "json" is none of`}},
		"literal":         {[]string{profile, `"literal": "x", ` + profile}, []string{`error /tables/0/attributes/5/source_column: names a column beside a literal`}},
		"keep":            {[]string{profile, `"keep": {"mysql": "live", "dynamodb": "edges"}, ` + profile}, []string{`error /tables/0/attributes/5/keep: attribute profileData is not joined`, `error /tables/0/attributes/5/keep/dynamodb: "edges" is none of`}},
		"references":      {[]string{`"satisfies": ["AP1"]`, `"references": {}`}, []string{`error /tables/0/references: is an object where an array belongs`}},
		"access patterns": {[]string{`"group": "default"`, `"access_patterns": []`}, []string{`error /access_patterns: property "access_patterns" appears twice`, `warning /tables/0/satisfies/0: nothing says what AP1 asks for`, `warning /tables/0/gsis/0: the key of index UsernameIndex depends on column username`, `warning /tables/0/gsis/1: the key of index EmailIndex depends on column email and on column last_login`}},
		"two columns":     {[]string{`"source_column": "profile_data"`, `"source_column": ["profile_data", "email"]`}, []string{`error /tables/0/attributes/5/source_column: names several columns`}},
		"no column":       {[]string{`"source_column": "profile_data"`, `"source_column": null`}, []string{`error /tables/0/attributes/5: nothing says what attribute profileData holds`, `error /tables/0/columns/5: no attribute carries`}},
		"sets":            {[]string{`"M", `, `"SS", `}, []string{`error /tables/0/attributes/5/type: SS can't hold column profile_data, which is json; use M or L or JSON or S`}},
		"float":           {[]string{lastUse, `{"name": "last_login", "type": "FLOAT"}`}, []string{`error /tables/0/gsis/1/sk: attribute lastLogin sorts the numbers of last_login as text`}},
		"generated":       {[]string{`"null": false`, `"generated": "stored"`}, []string{`error /tables/0/columns/0/generated: this version does not support generated columns`}},
		"other table":     {[]string{`"source_table": "users", "source_column": "profile_data"`, `"source_table": "profiles", "source_column": "profile_data"`}, []string{`error /tables/0/attributes/5/source_table: "profiles" is not the table's source_table "users"; add a "join" that says which of its rows is meant`}},

		// Names.
		"table name":    {[]string{`"Users"`, `"Us"`, `"entity": "Users"`, `"entity": "Us"`, `"entity": "Users"`, `"entity": "Us"`}, []string{`error /tables/0/table: "Us" can't be the name of a table in DynamoDB; use 3 to 255`}},
		"index name":    {[]string{`"EmailIndex"`, `"Email Index"`, `"index": "EmailIndex"`, `"index": "Email Index"`}, []string{`error /tables/0/gsis/1/index_name: "Email Index" can't be the name of an index`}},
		"library name":  {[]string{`"name": "profileData"`, `"name": "_cf_data"`}, []string{`error /tables/0/attributes/5/name: "_cf_data" begins with _cf_`}},
		"one name":      {[]string{`"name": "profileData"`, `"name": "lastLogin"`}, []string{`error /tables/0/attributes/5/name: another attribute is called "lastLogin" too`}},
		"empty name":    {[]string{`"name": "profileData"`, `"name": ""`}, []string{`error /tables/0/attributes/5/name: an attribute's name can't be empty`}},
		"column names":  {[]string{`{"name": "email", "type": "varchar"`, `{"name": "USERNAME", "type": "varchar"`}, []string{`error /tables/0/columns/2/name: another column is called "USERNAME" too`, `error /tables/0/attributes/2/source_column: table users has no column "email"`}},
		"same index":    {[]string{`"EmailIndex"`, `"UsernameIndex"`, `"index": "EmailIndex"`, `"index": "table"`, `["email"]`, `["userId"]`}, []string{`error /tables/0/gsis/1/index_name: another index is called "UsernameIndex" too`}},
		"unknown type":  {[]string{`"type": "date"`, `"type": "dat"`}, []string{`error /tables/0/columns/3/type: "dat" is no type of MySQL; did you mean "date"?`}},
		"alias of type": {[]string{`"type": "int"`, `"type": "INTEGER"`}, nil},

		// Columns.
		"unmapped":           {[]string{`, "source_column": "profile_data"`, `, "source_column": "email"`, `"M", `, `"S", `}, []string{`error /tables/0/columns/5: no attribute carries column profile_data, so a row can't be made from its item; add an attribute {"name": "profile_data"`}},
		"unknown column":     {[]string{`"source_column": "email"`, `"source_column": "e_mail"`}, []string{`error /tables/0/attributes/2/source_column: table users has no column "e_mail"; did you mean "email"?`, `error /tables/0/columns/2: no attribute carries column email`}},
		"precision":          {[]string{`"precision": 0`, `"precision": 7`}, []string{`error /tables/0/columns/4/precision: precision is not an integer from 0 to 6`}},
		"half a precision":   {[]string{`"precision": 0`, `"precision": 1.5`}, []string{`error /tables/0/columns/4/precision: precision is not an integer`}},
		"decimal":            {[]string{lastUse, `{"name": "last_login", "type": "decimal"}`}, []string{`error /tables/0/columns/4: a decimal needs precision and scale`, `error /tables/0/gsis/1/sk: attribute lastLogin sorts the numbers`}},
		"scale":              {[]string{lastUse, `{"name": "last_login", "type": "decimal", "precision": 2, "scale": 3}`}, []string{`error /tables/0/columns/4/scale: the scale is greater`, `error /tables/0/gsis/1/sk: attribute lastLogin sorts the numbers`}},
		"unsigned text":      {[]string{`"null": true, "length": 255`, `"null": true, "unsigned": true, "length": 255`}, []string{`error /tables/0/columns/1/unsigned: a varchar has no sign`}},
		"strange generated":  {[]string{`"null": false`, `"generated": "always"`}, []string{`error /tables/0/columns/0/generated: "always" is none of auto_increment`}},
		"auto increment":     {[]string{`"null": false`, `"generated": "auto_increment"`}, []string{`warning /tables/0: column user_id is auto_increment, and the entity has no sequence`}},
		"on update":          {[]string{`"precision": 0`, `"on_update": "CURRENT_TIMESTAMP"`}, []string{`warning /tables/0/columns/4/on_update: a write through the library sets last_login`}},
		"character set":      {[]string{`utf8mb4_bin"},` + "\n        " + `{"name": "email"`, `sjis_bin"},` + "\n        " + `{"name": "email"`}, []string{`warning /tables/0/columns/1/collation: which characters sjis has is not known here`}},
		"type can't hold":    {[]string{`{"name": "username", "type": "S"`, `{"name": "username", "type": "N"`}, []string{`error /tables/0/attributes/1/type: N can't hold column username, which is varchar(255); use S`}},
		"BOOL of int":        {[]string{`{"name": "userId", "type": "N"`, `{"name": "userId", "type": "BOOL"`}, []string{`error /tables/0/attributes/0/type: BOOL can't hold column user_id, which is int; use N or S`, `error /tables/0/pk: attribute userId is of type BOOL`}},
		"JSON as text":       {[]string{`"M", `, `"S", `}, []string{`warning /tables/0/attributes/5/type: attribute profileData holds the JSON of profile_data as text`}},
		"39 digits":          {[]string{lastUse, `{"name": "last_login", "type": "decimal", "precision": 39, "scale": 0}`, `"type": "S", "source_table": "users", "source_column": "last_login"`, `"type": "N", "source_table": "users", "source_column": "last_login"`}, []string{`error /tables/0/attributes/4/type: N can't hold column last_login, which is decimal(39,0); use S`}},
		"BOOL and N at once": {[]string{lastUse, `{"name": "last_login", "type": "boolean"}`, `"lastLogin", "type": "S"`, `"lastLogin", "type": "BOOL"`, `"sk": "lastLogin", `, ``, userID, userID + `, {"name": "n", "type": "N", "source_column": "last_login"}`}, []string{`error /tables/0/attributes/1/type: N can't hold column last_login, which is tinyint(1); use BOOL`}},

		// Keys.
		"no primary key":       {[]string{priorKey, `"primary_key": []`}, []string{`error /tables/0: source table users has no primary key here`}},
		"unknown key":          {[]string{priorKey, `"primary_key": ["userid"]`}, []string{`error /tables/0/primary_key/0: there is no column "userid"; did you mean "user_id"?`}},
		"key twice":            {[]string{priorKey, `"primary_key": ["user_id", "user_id"]`}, []string{`error /tables/0/primary_key/1: column "user_id" is in the key already`}},
		"key NULL":             {[]string{`"null": false`, `"null": true`}, []string{`error /tables/0/primary_key/0: column user_id may be NULL`}},
		"pk unknown":           {[]string{`"pk": "userId"`, `"pk": "user_id"`}, []string{`error /tables/0/pk: there is no attribute "user_id"; did you mean "userId"?`}},
		"pk empty":             {[]string{`"pk": "userId"`, `"pk": ""`}, []string{`error /tables/0/pk: is empty`}},
		"pk is a map":          {[]string{`"pk": "userId"`, `"pk": "profileData"`}, []string{`error /tables/0/pk: attribute profileData is of type M, and a key is S, N or B`}},
		"pk can change":        {[]string{`"pk": "userId"`, `"pk": "email"`}, []string{`warning /tables/0/pk: the item's key depends on column email, which is not of the primary key: when it changes the item moves`, `error /tables/0/pk: the item's key leaves out [user_id]`}},
		"sk can change":        {[]string{`"pk": "userId"`, `"pk": "userId", "sk": "email"`}, []string{`warning /tables/0/sk: the item's key depends on column email`}},
		"pk again":             {[]string{`"pk": "userId"`, `"pk": "userId", "sk": "userId"`}, []string{`error /tables/0/sk: the sort key is the partition key again`}},
		"key not covered":      {[]string{priorKey, `"primary_key": ["user_id", "email"]`, `"null": true, "length": 255, "collation": "utf8mb4_bin"},` + "\n" + `        {"name": "registration_date"`, `"length": 255, "collation": "utf8mb4_bin"},` + "\n" + `        {"name": "registration_date"`}, []string{`error /tables/0/pk: the item's key leaves out [email] of the primary key`}},
		"folded key":           {[]string{column0, `{"name": "user_id", "type": "varchar", "length": 10, "collation": "utf8mb4_general_ci"}`, `"N"`, `"S"`}, []string{`error /tables/0/primary_key/0: the primary key has text in the collation utf8mb4_general_ci`}},
		"key of no collation":  {[]string{column0, `{"name": "user_id", "type": "varchar", "length": 10}`, `"N"`, `"S"`}, []string{`error /tables/0/primary_key/0: the collation of user_id is not known`}},
		"long key":             {[]string{column0, `{"name": "user_id", "type": "varchar", "length": 513, "collation": "utf8mb4_bin"}`, `"N"`, `"S"`}, []string{`warning /tables/0/pk: a value of user_id may have 2052 bytes, and this key at most 2048`}},
		"JSON key":             {[]string{column0, `{"name": "user_id", "type": "json"}`, `"N"`, `"S"`}, []string{`error /tables/0/primary_key/0: a JSON column can't be in a key`, `warning /tables/0/attributes/0/type:`, `error /tables/0/pk: attribute userId is JSON`}},
		"index of unknown":     {[]string{`"pk": "email"`, `"pk": "emial"`}, []string{`error /tables/0/gsis/1/pk: there is no attribute "emial"; did you mean "email"?`}},
		"index of BOOL":        {[]string{`"pk": "email"`, `"pk": "profileData"`}, []string{`error /tables/0/gsis/1/pk: attribute profileData is of type M, and a key is S, N or B`}},
		"numbers as text":      {[]string{`"sk": "lastLogin"`, `"sk": "userId"`, `{"name": "userId", "type": "N"`, `{"name": "userId", "type": "S"`}, []string{`error /tables/0/gsis/1/sk: attribute userId sorts the numbers of user_id as text, 10 before 9; make the attribute N`}},
		"numbers as text, one": {[]string{`"pk": "email", "sk": "lastLogin"`, `"pk": "userId", "sk": "idText"`, userID, userID + `, {"name": "idText", "type": "S", "source_column": "user_id"}`, `"equal": ["email"]`, `"equal": ["userId"]`}, nil},
		"numbers as text hash": {[]string{`{"name": "userId", "type": "N"`, `{"name": "userId", "type": "S"`}, nil},
		"folded index":         {[]string{email, strings.Replace(email, "_bin", "_general_ci", 1)}, []string{`warning /tables/0/gsis/1/pk: MySQL compares email by utf8mb4_general_ci, the index byte for byte`}},

		// Indexes.
		"INCLUDE of none":    {[]string{`, "projected_attributes": ["username"]`, ``}, []string{`error /tables/0/gsis/1/projection: INCLUDE names no attributes`}},
		"INCLUDE of unknown": {[]string{`["username"]`, `["user"]`}, []string{`error /tables/0/gsis/1/projected_attributes/0: there is no attribute "user"`}},
		"INCLUDE twice":      {[]string{`["username"]`, `["username", "username"]`}, []string{`error /tables/0/gsis/1/projected_attributes/1: attribute "username" is projected twice`}},
		"ALL of some":        {[]string{`"INCLUDE"`, `"ALL"`}, []string{`error /tables/0/gsis/1/projected_attributes: ALL projects no attributes by name`}},
		"two for one":        {[]string{`"email", "sk": "lastLogin"`, `"username"`, `"equal": ["email"]`, `"equal": ["username"]`}, []string{`warning /tables/0/gsis/1: index EmailIndex has the key of index UsernameIndex`}},
		"index pk again":     {[]string{`"sk": "lastLogin"`, `"sk": "email"`}, []string{`error /tables/0/gsis/1/sk: the sort key is the partition key again`}},

		// Billing.
		"provisioned":       {[]string{`"pk": "userId"`, `"billing": "PROVISIONED", "pk": "userId"`}, []string{`error /tables/0/billing: PROVISIONED needs a capacity`}},
		"capacity":          {[]string{`"pk": "userId"`, `"capacity": {"read": 1, "write": 1}, "pk": "userId"`}, []string{`error /tables/0/capacity: a capacity belongs to PROVISIONED only`}},
		"index capacity":    {[]string{`"pk": "username"`, `"capacity": {"read": 1, "write": 1}, "pk": "username"`}, []string{`error /tables/0/gsis/0/capacity: a capacity belongs to PROVISIONED only`}},
		"zero capacity":     {[]string{`"pk": "userId"`, `"billing": "PROVISIONED", "capacity": {"read": 0, "write": 1}, "pk": "userId"`}, []string{`error /tables/0/capacity/read: read is not an integer from 1`}},
		"half a capacity":   {[]string{`"pk": "userId"`, `"billing": "PROVISIONED", "capacity": {"read": 1}, "pk": "userId"`}, []string{`error /tables/0/capacity: has no write`}},
		"provisioned, good": {[]string{`"pk": "userId"`, `"billing": "PROVISIONED", "capacity": {"read": 1, "write": 1}, "pk": "userId"`}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			contract, findings := Check(edited(t, c.edit...))
			got := make([]string, len(findings))
			for i, f := range findings {
				got[i] = f.String()
			}
			require.Len(t, got, len(c.want), "%s", strings.Join(got, "\n"))
			for _, want := range c.want {
				found := false
				for _, g := range got {
					found = found || strings.HasPrefix(g, want)
				}
				require.True(t, found, "%s\n\nis not in\n\n%s", want, strings.Join(got, "\n"))
			}
			require.Equal(t, hasErrors(findings), contract == nil)
			if contract != nil {
				require.Len(t, contract.Warnings, len(findings))
			}
		})
	}
}

// Whatever is wrong is reported at once, and Load gives all of it.
func TestLoadReportsEverything(t *testing.T) {
	_, err := Load(edited(t, `"pk": "email"`, `"pk": "emial"`, `"type": "date"`, `"type": "dat"`))
	var check *CheckError
	require.ErrorAs(t, err, &check)
	require.Len(t, check.Findings, 2)
	require.True(t, strings.HasPrefix(err.Error(), "the contract has 2 errors:\n  error /tables/0/"), err.Error())
}

func TestCheckOfNoContract(t *testing.T) {
	for text, want := range map[string]string{
		`1`:                            "error /: is a number where an object belongs",
		`{}`:                           "error /: has no tables; add it",
		`{"tables": []}`:               "error /tables: the contract has no tables; add one",
		`[]`:                           "error /: the contract has no tables; add one",
		`[1]`:                          "error /0: is a number where an object belongs",
		`{"tables": {}}`:               "error /tables: is an object where an array belongs",
		`[] []`:                        "error /: the contract is not JSON: line 1, column 5: there is more after the end of the document",
		"{\n  \"tables\": [,]\n}":      "error /: the contract is not JSON: line 2, column 14: invalid character ',' ",
		strings.Repeat("[", 200):       "error /: the contract is not JSON: line 1, column",
		`{"tables": [{"table": "A"`:    "error /: the contract is not JSON: line 1, column 26: the document ends too early",
		`{"tables": [null], "x": true`: "error /: the contract is not JSON: line 1, column 29: the document ends too early",
	} {
		c, findings := Check([]byte(text))
		require.Nil(t, c)
		require.NotEmpty(t, findings)
		require.True(t, strings.HasPrefix(findings[0].String(), want), "%s", findings[0])
	}
}

func TestLoadOfEveryType(t *testing.T) {
	c, err := LoadFile("testdata/everything.json")
	require.NoError(t, err)
	require.Len(t, c.Warnings, 3)
	require.Contains(t, c.Warnings[0].Reason, "column number is auto_increment, and the entity has no sequence")
	for _, w := range c.Warnings[1:] {
		require.Contains(t, w.Reason, "the key of index", "no pattern names the indexes")
	}
	require.Equal(t, "default", c.Group)
	table := c.Tables[0]
	require.Equal(t, KeyAttribute{"region", "S"}, table.PK)
	require.Equal(t, KeyAttribute{"number", "N"}, table.SK)
	require.Equal(t, Capacity{5, 6}, table.Capacity)
	require.Equal(t, Capacity{1, 2}, table.Indexes[0].Capacity)
	require.Equal(t, Capacity{5, 6}, table.Indexes[1].Capacity, "the table's where the index says none")
	e := c.Entities[0]
	require.Equal(t, []int{0, 1}, e.KeyColumns)
	require.Equal(t, Column{Name: "number", SQLType: "bigint", Kind: Int, Unsigned: true, Generated: "auto_increment"}, e.Columns[1])
	require.Equal(t, Bool, e.Columns[3].Kind, "BOOL by the contract")
	require.Equal(t, Int, e.Columns[2].Kind)
	require.Equal(t, "7", e.Columns[4].Default)
	require.Equal(t, Column{Name: "price", SQLType: "decimal", Kind: Decimal, Nullable: true, Precision: 10, Scale: 2, Default: "0.00"}, e.Columns[5])
}

func mustParse(t testing.TB, data []byte) *Document {
	t.Helper()
	d, err := Parse(data)
	require.NoError(t, err)
	return d
}

// FuzzParse: no document makes the check panic, and JSON is the same document.
func FuzzParse(f *testing.F) {
	for _, file := range []string{"users.json", "everything.json"} {
		data, err := os.ReadFile("testdata/" + file)
		require.NoError(f, err)
		f.Add(data)
	}
	f.Add([]byte(`[{"table":"A","type":"single-entity","gsis":[null],"columns":[1],"attributes":[{}]}]`))
	f.Add([]byte(`{"tables":[{"type":"multi-entity","entities":[3]}],"a":{"b":[]}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		d, err := Parse(data)
		if err != nil {
			return
		}
		c, findings := d.Check()
		require.Equal(t, c == nil, hasErrors(findings))
		for _, s := range d.SourceTables() {
			require.NoError(t, d.SetColumns(s.Entity, nil, nil))
		}
		again, err := Parse(d.JSON())
		require.NoError(t, err)
		require.Equal(t, d.JSON(), again.JSON())
		require.True(t, json.Valid(d.JSON()))
	})
}
