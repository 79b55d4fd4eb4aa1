package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestBuiltInContract(t *testing.T) {
	m, err := loadMapping("contract.json", contractJSON)
	require.NoError(t, err)
	require.Empty(t, m.contract.Warnings)
	require.Equal(t, "Users", m.entity.Name)
	require.Equal(t, "userId", m.entity.Table.PK.Name)
	require.Equal(t, "N", m.entity.Table.PK.Type)
	require.Equal(t, "profileData", m.attribute("profile_data"))
	in, err := (&settings{rows: 300, seed: 9}).read()
	require.NoError(t, err)
	for _, p := range in.all() {
		require.NoError(t, m.checkRow(p))
	}
}

func TestContractFaults(t *testing.T) {
	tables, _, found := strings.Cut(string(contractJSON), ",\n  \"access_patterns\"")
	require.True(t, found)
	bare := tables + "\n}\n" // or the check would find first that a pattern is not served
	for name, c := range map[string]struct{ old, new, want string }{
		"no JSON":              {"{", "[", "not JSON"},
		"unknown column":       {`"source_column": "email"`, `"source_column": "e_mail"`, `"e_mail"`},
		"column not in table":  {`{"name": "email", "type": "varchar"`, `{"name": "nick", "type": "text"}, {"name": "email", "type": "varchar"`, "nick"},
		"other table":          {`"source_table": "users"`, `"source_table": "people"`, "this program fills the table users"},
		"no username index":    {`"index_name": "UsernameIndex"`, `"index_name": "NameIndex"`, "there is no index UsernameIndex"},
		"index of another one": {`"EmailIndex", "pk": "email"`, `"EmailIndex", "pk": "registrationDate"`, "index EmailIndex does not look up column email"},
		"unknown property":     {`"sk": null`, `"sortkey": null`, `"sortkey"`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := loadMapping("c.json", []byte(strings.ReplaceAll(bare, c.old, c.new)))
			require.ErrorContains(t, err, c.want)
			require.ErrorContains(t, err, "c.json: ")
			require.Equal(t, exitFound, exitCode(err))
		})
	}
}

// TestRowsThatAreNoItems: rows that DynamoDB could not hold are named before
// anything is made.
func TestRowsThatAreNoItems(t *testing.T) {
	m, err := loadMapping("contract.json", contractJSON)
	require.NoError(t, err)
	for _, profile := range []string{`[1]`, `{"": 1}`, strings.Repeat(`{"a":`, 40) + "1" + strings.Repeat("}", 40)} {
		err := m.checkRows("x.csv", []csvRow{{*some(1, "a"), 2}, {plain{ID: 2, Username: "b", Email: "b", Profile: profile}, 7}})
		require.ErrorContains(t, err, "x.csv:7: ")
		require.ErrorContains(t, err, "profile_data")
		require.Equal(t, exitFound, exitCode(err))
	}
}
