package transform

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A joinCase is one case of testdata/check/joins.txt.
type joinCase struct {
	name, entity, typ, property, join string
	want                              []string
}

func joinCases(t testing.TB) []joinCase {
	t.Helper()
	data, err := os.ReadFile("testdata/check/joins.txt")
	require.NoError(t, err)
	var cases []joinCase
	for _, block := range strings.Split(string(data), "\n== ")[1:] {
		lines := strings.Split(strings.TrimRight(block, "\n"), "\n")
		c := joinCase{name: lines[0], property: "join", want: lines[2:]}
		var found bool
		c.entity, c.join, found = strings.Cut(lines[1], " ")
		require.True(t, found, lines[1])
		c.typ, c.join, _ = strings.Cut(c.join, " ")
		if rest, ok := strings.CutPrefix(c.join, "calculation "); ok {
			c.property, c.join = "calculation", rest
		}
		require.NotEmpty(t, c.want, c.name)
		cases = append(cases, c)
	}
	return cases
}

// contract returns the shop with the case's attribute x in its entity.
func (c *joinCase) contract(t testing.TB) []byte {
	t.Helper()
	data, err := os.ReadFile("testdata/check/shop.json")
	require.NoError(t, err)
	before, after, found := strings.Cut(string(data), fmt.Sprintf(`"table": %q`, c.entity))
	require.True(t, found)
	return []byte(before + fmt.Sprintf(`"table": %q`, c.entity) + strings.Replace(after, `"attributes": [`,
		fmt.Sprintf(`"attributes": [{"name": "x", "type": %q, "source_column": null, %q: %s},`, c.typ, c.property, c.join), 1))
}

// What every join of the format means: written from the rules, not from what
// comes out.
func TestJoins(t *testing.T) {
	for _, c := range joinCases(t) {
		t.Run(c.name, func(t *testing.T) {
			d, err := Parse(c.contract(t))
			require.NoError(t, err)
			contract, findings := d.Check()
			var got []string
			if contract != nil {
				e := contract.Entity(c.entity)
				got = append(got, describeJoin(e, e.Attributes[0].Column))
			}
			at := map[string]string{"Categories": "/tables/0", "Products": "/tables/1", "Orders": "/tables/2"}[c.entity] + "/attributes/0"
			for _, f := range findings {
				if f.Pointer == at && strings.Contains(f.Reason, "how the attribute is kept") {
					continue // of which see checkrules_test.go
				}
				got = append(got, strings.Replace(f.String(), at, "", 1))
			}
			require.Len(t, got, len(c.want), "%s", strings.Join(got, "\n"))
			for i, want := range c.want {
				if strings.HasPrefix(want, "error ") || strings.HasPrefix(want, "warning ") {
					require.True(t, strings.HasPrefix(got[i], want), "%s\nis not\n%s", got[i], want)
				} else {
					require.Equal(t, want, got[i])
				}
			}
		})
	}
}

// describeJoin writes a joined column for the table of cases.
func describeJoin(e *Entity, column int) string {
	c := &e.Columns[column]
	if c.Join == nil {
		return "own " + c.Name
	}
	j := c.Join
	parts := []string{strings.TrimSpace(joinKindNames[j.Kind] + " " + describeHops(e, j))}
	switch j.Kind {
	case JoinAggregate:
		parts[0] = j.Operation + " " + parts[0]
		parts = append(parts, j.value.String())
	case JoinLookup:
		parts = append(parts, j.value.String())
	case JoinDepth:
		parts[0] += " by " + e.Columns[j.Parent].Name
	case JoinPath:
		parts[0] += fmt.Sprintf(" of %s by %s with %q", e.Columns[j.Text].Name, e.Columns[j.Parent].Name, j.Separator)
	default:
		parts = append(parts, describeFields(j)...)
	}
	if j.hasElse {
		parts = append(parts, fmt.Sprintf("or %q", j.orElse))
	}
	typ := c.typeName()
	if c.Nullable {
		typ += " NULL"
	}
	return strings.Join(append(parts, typ), "; ")
}

var joinKindNames = map[JoinKind]string{JoinLookup: "lookup", JoinAggregate: "", JoinChildren: "children",
	JoinObject: "object", JoinDepth: "depth", JoinPath: "path"}

func describeHops(e *Entity, j *Join) string {
	var hops []string
	for i, h := range j.Hops {
		var on []string
		for _, o := range h.On {
			from := ownAlias + "." + e.Columns[max(o.FromColumn, 0)].Name
			if o.From >= 0 {
				from = hopAlias(o.From) + "." + j.Hops[o.From].Source.Columns[o.FromColumn].Name
			}
			on = append(on, h.Source.Columns[o.Column].Name+" = "+from)
		}
		hops = append(hops, hopAlias(i)+" "+h.Source.Name+" "+strings.Join(on, " and "))
	}
	return strings.Join(hops, ", ")
}

func describeFields(j *Join) []string {
	columns := j.Hops[0].Source.Columns
	var fields, order, parts []string
	for _, f := range j.Fields {
		fields = append(fields, f.Name+": "+columns[f.Column].Name)
	}
	parts = append(parts, "{"+strings.Join(fields, ", ")+"}")
	for _, o := range j.Order {
		order = append(order, columns[o.Column].Name+map[bool]string{true: " desc"}[o.Descending])
	}
	if j.Kind == JoinChildren {
		parts = append(parts, "by "+strings.Join(order, ", "))
	}
	if j.Limit > 0 {
		parts = append(parts, fmt.Sprintf("limit %d", j.Limit))
	}
	if j.Owned {
		parts = append(parts, "owned")
	}
	return parts
}

// A contract that does not describe its tables is checked as far as its text goes:
// the same joins, each with the tables' columns unknown.
func TestJoinsOfUnknownTables(t *testing.T) {
	for _, c := range joinCases(t) {
		var v struct {
			Tables []map[string]any `json:"tables"`
		}
		require.NoError(t, json.Unmarshal(c.contract(t), &v))
		for _, table := range v.Tables {
			delete(table, "columns")
			delete(table, "primary_key")
		}
		data, err := json.Marshal(v)
		require.NoError(t, err)
		contract, findings := Check(data)
		require.Nil(t, contract)
		if strings.Contains(strings.Join(c.want, "\n"), "error ") {
			continue
		}
		for _, f := range findings {
			undescribed := strings.Contains(f.Reason, "does not say the columns")
			require.True(t, f.Severity == Warning || undescribed, "%s: %s", c.name, f)
		}
	}
}
