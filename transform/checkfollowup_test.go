package transform

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// What follows from a fault alone is not found again.
func TestNoFollowUps(t *testing.T) {
	for name, c := range map[string]struct {
		edits []string
		want  []string
	}{
		"a sort key of nothing": {[]string{`ORDER#{placed}#{id:010d} => ORDER#{placd}#{id:010d}`},
			[]string{`error /tables/0/entities/1/sk_template: {placd} is no attribute`}},
		"a partition key of nothing": {[]string{`"pk_template": "{email}", "sk_template": "#USER" => "pk_template": "{e_mail}", "sk_template": "#USER"`},
			[]string{`error /tables/0/entities/0/pk_template: {e_mail} is no attribute`}},
		"a template that is none": {[]string{`ORDER#{placed}#{id:010d} => ORDER#{placed`},
			[]string{`error /tables/0/entities/1/sk_template: `}},
		"a sort key of an index": {[]string{`{"name": "placed", "type": "S", "source_column": "placed"} => {"name": "placed", "type": "S", "source_column": "placd"}, {"name": "placed2", "type": "S", "source_column": "placed"}`},
			[]string{`error /tables/0/entities/1/attributes/1/source_column: table orders has no column "placd"`}},
		"no type": {[]string{`"type": "multi-entity", =>`},
			[]string{`error /tables/0: has no type; add it, as one of single-entity, multi-entity`}},
		"a type unknown": {[]string{`"type": "multi-entity" => "type": "multiple"`},
			[]string{`error /tables/0/type: "multiple" is none of single-entity, multi-entity`}},
		"no type, and attributes": {[]string{`"type": "multi-entity", => "attributes": [],`},
			[]string{`error /tables/0: has no type; add it`}},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, s := range checkedTexts(market(t, c.edits...)) {
				if strings.HasPrefix(s, "error") {
					got = append(got, s)
				}
			}
			require.Len(t, got, len(c.want), "%s", strings.Join(got, "\n"))
			for i, want := range c.want {
				require.True(t, strings.HasPrefix(got[i], want), "%s\n\nis not\n\n%s", got[i], want)
			}
		})
	}
}
