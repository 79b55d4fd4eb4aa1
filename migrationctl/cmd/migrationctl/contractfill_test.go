package main

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/mysqlstore"
	"github.com/crossfade-go/crossfade/transform"
)

// TestFitsContract holds which unique indexes --write takes over. One too many is
// a promise that MySQL does not keep: a join that trusts it finds two rows one day.
func TestFitsContract(t *testing.T) {
	columns := []transform.Column{
		{Name: "id", SQLType: "int", Kind: transform.Int}, {Name: "n", SQLType: "int", Kind: transform.Int},
		{Name: "code", SQLType: "varchar", Kind: transform.Text, Collation: "utf8mb4_bin"},
		{Name: "mail", SQLType: "varchar", Kind: transform.Text, Collation: "utf8mb4_general_ci"},
		{Name: "ort", SQLType: "varchar", Kind: transform.Text, Collation: "utf8mb4_german2_ci"},
		{Name: "state", SQLType: "enum", Kind: transform.Text, Collation: "utf8mb4_general_ci"},
	}
	collations := map[string]string{}
	for _, c := range columns {
		collations[c.Name] = c.Collation
	}
	index := func(name string, partial bool, names ...string) mysqlstore.UniqueIndex {
		i := mysqlstore.UniqueIndex{Name: name, Columns: names, Partial: partial}
		for _, c := range names {
			i.Collations = append(i.Collations, collations[c])
		}
		return i
	}
	for name, c := range map[string]struct {
		index          mysqlstore.UniqueIndex
		key            []string
		entity, joined bool // whether it fits a table of that use
	}{
		"bytes":                     {index("by_code", false, "code"), []string{"id"}, true, true},
		"a number":                  {index("by_n", false, "n"), []string{"id"}, true, true},
		"labels":                    {index("by_state", false, "state"), []string{"id"}, true, true},
		"letters of either case":    {index("by_mail", false, "mail"), []string{"id"}, true, true},
		"nobody knows how":          {index("by_ort", false, "ort"), []string{"id"}, false, true},
		"a part of a value":         {index("by_start", true, "code"), []string{"id"}, false, false},
		"an expression":             {index("by_lower", true, ""), []string{"id"}, false, false},
		"a column and a part":       {index("by_both", true, "n", "code"), []string{"id"}, false, false},
		"the key":                   {index("again", false, "ID"), []string{"id"}, false, false},
		"more than the key":         {index("more", false, "n", "id"), []string{"id"}, false, false},
		"half of the key":           {index("half", false, "n"), []string{"id", "n"}, true, true},
		"no key":                    {index("by_code", false, "code"), nil, true, true},
		"a name the contract can't": {index("odd name", false, "code"), []string{"id"}, false, false},
		"a name of many kinds":      {index("u_1.a,b-c$", false, "code"), []string{"id"}, true, true},
		"two, one nobody knows how": {index("pair", false, "code", "ort"), []string{"id"}, false, true},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, c.entity, fitsContract(transform.SourceTable{Table: "t", Entity: "E"}, c.index, columns, c.key), "of an entity")
			require.Equal(t, c.joined, fitsContract(transform.SourceTable{Table: "t"}, c.index, columns, c.key), "of a table that joins read")
		})
	}
}
