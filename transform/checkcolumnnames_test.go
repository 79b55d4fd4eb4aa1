package transform

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Names are found as by looking at one column after the other, whenever and
// wherever columns are added.
func TestColumnNames(t *testing.T) {
	words := []string{"id", "ID", "name", "Straße", "STRASSE", "ſ", "S", "s", "K", "\u212a", "k", "\xff", "", "x_joined"}
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 1))
		n, columns, own := newColumnNames(), []Column(nil), 0
		for range 30 {
			c := Column{Name: words[r.IntN(len(words))]}
			if r.IntN(2) == 0 {
				columns = slices.Insert(columns, own, c)
				own++
			} else {
				c.Join = &Join{}
				columns = append(columns, c)
			}
			if r.IntN(3) > 0 {
				continue
			}
			n.update(columns)
			for _, name := range words {
				require.Equal(t, slices.IndexFunc(columns, func(c Column) bool { return c.Name == name }), n.position(name), "%q", name)
				want := slices.IndexFunc(columns, func(c Column) bool { return c.IsOwn() && strings.EqualFold(c.Name, name) })
				got, ok := n.folded[folded(name)]
				require.Equal(t, want >= 0, ok)
				if ok {
					require.Equal(t, want, got, "%q", name)
				}
			}
		}
	}
}

// Four times as many attributes take some four times as long to check, and not
// sixteen times.
func BenchmarkCheckOfManyAttributes(b *testing.B) {
	for _, kind := range []struct{ name, attribute string }{
		{"columns", ""},
		{"template", `{"name": "x%d", "type": "S", "source_column": null, "transformation": {"type": "template", "template": "{c0}#%d"}}`},
		{"join", `{"name": "x%d", "type": "N", "source_column": "c0", "keep": {"dynamodb": "copy"}, "join":
			{"type": "self-join", "join_alias": "p%d", "join_condition": "p%[1]d.c0 = wide.c0", "select_column": "p%[1]d.c0"}}`},
	} {
		for _, n := range []int{5_000, 20_000} {
			contract := wide(kind.attribute, n)
			b.Run(fmt.Sprintf("%s/%d", kind.name, n), func(b *testing.B) {
				for b.Loop() {
					c, _ := Check(contract)
					require.NotNil(b, c)
				}
			})
		}
	}
}

// wide is a contract with that many attributes: like one, or columns.
func wide(attribute string, n int) []byte {
	columns := 2
	if attribute == "" {
		columns = n
	}
	var described, attributes []string
	for i := range columns {
		described = append(described, fmt.Sprintf(`{"name": "c%d", "type": "int"}`, i))
		attributes = append(attributes, fmt.Sprintf(`{"name": "c%d", "type": "N", "source_column": "c%d"}`, i, i))
	}
	for i := columns; i < n; i++ {
		attributes = append(attributes, fmt.Sprintf(attribute, i, i))
	}
	return []byte(`[{"table": "Wide", "type": "single-entity", "source_table": "wide", "pk": "c0", "primary_key": ["c0"], "columns": [` +
		strings.Join(described, ", ") + `], "attributes": [` + strings.Join(attributes, ", ") + `]}]`)
}
