package storetest

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestRulesAreDocumented holds that package store's documentation lists the
// rules by the names of the tests, and no others.
func TestRulesAreDocumented(t *testing.T) {
	source, err := os.ReadFile("../store/doc.go")
	require.NoError(t, err)
	var documented []string
	for line := range strings.Lines(string(source)) {
		if rule, ok := strings.CutPrefix(line, "//   - "); ok {
			documented = append(documented, strings.TrimSuffix(strings.TrimSpace(rule), "."))
		}
	}
	var tested []string
	for _, c := range slices.Concat(authorityCases(), controlCases(), followerCases()) {
		if !slices.Contains(tested, c.rule) {
			tested = append(tested, c.rule)
		}
	}
	require.ElementsMatch(t, tested, documented)
}

// TestCaseNames holds that no two cases of a part have one name, so that a name
// in a report says which it was.
func TestCaseNames(t *testing.T) {
	for _, cases := range [][]testCase{authorityCases(), controlCases(), followerCases()} {
		seen := map[string]bool{}
		for _, c := range cases {
			require.False(t, seen[c.rule+"/"+c.name], "%s/%s", c.rule, c.name)
			seen[c.rule+"/"+c.name] = true
		}
	}
}

// TestSchemaFitsContract holds that the tables have the contract's columns.
func TestSchemaFitsContract(t *testing.T) {
	c := Contract(t)
	require.Empty(t, c.Warnings)
	statements := Schema()
	require.Len(t, statements, len(c.Entities))
	for i, e := range c.Entities {
		require.True(t, strings.HasPrefix(statements[i], "CREATE TABLE "+e.Source+" "))
		for _, column := range e.Columns {
			require.Regexp(t, "(?m)^  `?"+column.Name+"`? (?i:"+column.SQLType+")", statements[i])
		}
	}
}

// TestContractIsFresh holds that a harness may rename a contract's tables
// without another test seeing it.
func TestContractIsFresh(t *testing.T) {
	Contract(t).Tables[0].Name = "renamed"
	require.Equal(t, "Users", Contract(t).Tables[0].Name)
}
