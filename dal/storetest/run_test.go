package storetest

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/internal/enginetest/leaks"
	"github.com/crossfade-go/crossfade/transform"
)

func TestMain(m *testing.M) { leaks.Main(m) }

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
	var statements []string
	var entities []*transform.Entity
	for _, c := range []*transform.Contract{Contract(t), ListContract(t), SharedContract(t), OrderContract(t)} {
		for _, w := range c.Warnings { // which is what a case is about
			require.Contains(t, w.Reason, "a query of index MonthIndex for ORDER reads items of MEMBER too")
		}
		require.Empty(t, c.NotYet)
		statements = append(statements, Schema(c)...)
		for _, e := range c.Entities {
			entities = append(entities, e)
			for _, ch := range e.Children() {
				entities = append(entities, ch.Rows)
			}
		}
	}
	require.Len(t, statements, len(entities))
	for i, e := range entities {
		require.True(t, strings.HasPrefix(statements[i], "CREATE TABLE "+e.Source+" "))
		for _, column := range e.Own() {
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
