package dynamostore

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// A Difference is one thing that a table has otherwise than the contract wants.
type Difference struct {
	Table     string // with the prefix
	Index     string // "" where it is about the table itself
	Attribute string // the key attribute, "" where it is about none
	What      string // "table", "index", "partition key", "sort key", "attribute type", "projection", "status", "billing mode", "time to live"
	Want      string
	Have      string
	Mend      string
	// Advice says that the store works all the same: Check lets it pass.
	Advice bool
	// Pending says that it will be gone by itself: something is being created.
	Pending bool
}

// String returns the difference in one line: what it is about, what is there,
// what is wanted, and the mend.
func (d Difference) String() string {
	var b strings.Builder
	b.WriteString("table " + d.Table)
	if d.Index != "" {
		b.WriteString(", index " + d.Index)
	}
	if d.Attribute != "" {
		b.WriteString(", attribute " + d.Attribute)
	}
	switch {
	case d.Want == present:
		b.WriteString(" is not there")
	case d.Have == present:
		b.WriteString(" is there, and the contract does not name it")
	default:
		fmt.Fprintf(&b, ": %s is %s, wanted is %s", d.What, d.Have, d.Want)
	}
	if d.Mend != "" {
		b.WriteString(": " + d.Mend)
	}
	return b.String()
}

// What a difference's Have and Want say of something that is there, or is not.
const (
	present = "there"
	none    = "none"
)

// Verify compares every table with the contract: key schema, attribute types,
// indexes with their keys and projections, status, billing mode, and indexes
// that the contract does not name; and the library's own table, its time to live
// too. It changes nothing and returns no
// differences if all is as wanted.
func (s *Store) Verify(ctx context.Context) ([]Difference, error) {
	all, err := s.verify(ctx, "verify")
	if err != nil || slices.ContainsFunc(all, func(d Difference) bool { return d.Table == s.library.table }) {
		return all, err
	}
	kept, err := s.keepsForever(ctx, "verify")
	return append(all, kept...), err
}

// verify is Verify on behalf of an operation that its errors name.
func (s *Store) verify(ctx context.Context, op string) ([]Difference, error) {
	var all []Difference
	for _, t := range s.tables {
		have, err := s.describe(ctx, op, t)
		if err != nil {
			return nil, err
		}
		if have == nil {
			all = append(all, Difference{
				Table: s.tableName(t), What: "table", Want: present, Have: none, Mend: "run migrationctl tables apply",
			})
			continue
		}
		all = append(all, s.compare(t, have)...)
	}
	return all, nil
}

// Check returns ErrInvalid with every difference that matters, or ErrUnavailable
// if the service cannot be asked.
func (s *Store) Check(ctx context.Context) error {
	differences, err := s.verify(ctx, "check")
	if err != nil {
		return err
	}
	var lines []string
	for _, d := range differences {
		if !d.Advice {
			lines = append(lines, d.String())
		}
	}
	if len(lines) == 0 {
		return nil
	}
	return invalid("check", "", store.NoWrite, "%s", strings.Join(lines, "; "))
}

// A tableDiff collects the differences of one table.
type tableDiff struct {
	want  *transform.Table
	have  *types.TableDescription
	table string
	found []Difference
}

// compare returns what a table has otherwise than the contract wants.
func (s *Store) compare(t *transform.Table, have *types.TableDescription) []Difference {
	c := &tableDiff{want: t, have: have, table: s.tableName(t)}
	c.keys("", t.PK, t.SK, have.KeySchema, "a table's key cannot be changed: "+
		"create a table of another name, or delete this one and run migrationctl tables apply")
	c.status()
	for i := range t.Indexes {
		c.index(&t.Indexes[i])
	}
	c.types()
	c.billing()
	c.extras()
	return c.found
}

// add notes a difference.
func (c *tableDiff) add(d Difference) {
	d.Table = c.table
	c.found = append(c.found, d)
}

// keys compares a key schema, of the table or of an index.
func (c *tableDiff) keys(index string, pk, sk transform.KeyAttribute, have []types.KeySchemaElement, mend string) {
	for _, k := range []struct {
		what string
		kind types.KeyType
		want string
	}{{"partition key", types.KeyTypeHash, pk.Name}, {"sort key", types.KeyTypeRange, sk.Name}} {
		if name := keyName(have, k.kind); name != k.want {
			c.add(Difference{
				Index: index, Attribute: k.want, What: k.what, Want: orNone(k.want), Have: orNone(name), Mend: mend,
			})
		}
	}
}

// keyName returns the attribute that plays the part in a key schema, "" if none.
func keyName(schema []types.KeySchemaElement, kind types.KeyType) string {
	for _, k := range schema {
		if k.KeyType == kind {
			return aws.ToString(k.AttributeName)
		}
	}
	return ""
}

// orNone names an attribute in a difference.
func orNone(name string) string {
	if name == "" {
		return none
	}
	return name
}

// status compares the table's own status. A table that is UPDATING serves.
func (c *tableDiff) status() {
	switch have := c.have.TableStatus; have {
	case types.TableStatusActive, types.TableStatusUpdating:
	default:
		c.add(Difference{
			What: "status", Want: string(types.TableStatusActive), Have: string(have),
			Mend: "wait, or run migrationctl tables apply, which does", Pending: have == types.TableStatusCreating,
		})
	}
}

// index compares one index of the contract.
func (c *tableDiff) index(want *transform.Index) {
	i := slices.IndexFunc(c.have.GlobalSecondaryIndexes, func(g types.GlobalSecondaryIndexDescription) bool {
		return aws.ToString(g.IndexName) == want.Name
	})
	if i < 0 {
		c.add(Difference{
			Index: want.Name, What: "index", Want: present, Have: none,
			Mend: "add it with UpdateTable; the library never alters a table",
		})
		return
	}
	have := c.have.GlobalSecondaryIndexes[i]
	const mend = "delete the index and add it again with UpdateTable; the library never alters a table"
	c.keys(want.Name, want.PK, want.SK, have.KeySchema, mend)
	if w, h := projectionText(projection(*want), want.Projected), haveProjection(have.Projection); w != h {
		c.add(Difference{Index: want.Name, What: "projection", Want: w, Have: h, Mend: mend})
	}
	switch have.IndexStatus {
	case types.IndexStatusActive, types.IndexStatusUpdating:
	default:
		c.add(Difference{
			Index: want.Name, What: "status", Want: string(types.IndexStatusActive), Have: string(have.IndexStatus),
			Mend:    "wait, or run migrationctl tables apply, which does",
			Pending: have.IndexStatus == types.IndexStatusCreating,
		})
	}
}

// projectionText returns a projection in one form, whatever the order of its
// attributes.
func projectionText(t types.ProjectionType, names []string) string {
	if t != types.ProjectionTypeInclude {
		return string(t)
	}
	names = slices.Clone(names)
	slices.Sort(names)
	return string(t) + " " + strings.Join(names, ", ")
}

// haveProjection is projectionText of what the service describes.
func haveProjection(p *types.Projection) string {
	if p == nil {
		return none
	}
	return projectionText(p.ProjectionType, p.NonKeyAttributes)
}

// types compares the types of the key attributes. One that no key of the table
// has is reported as a missing key already.
func (c *tableDiff) types() {
	for _, k := range keyAttributes(c.want) {
		for _, d := range c.have.AttributeDefinitions {
			if aws.ToString(d.AttributeName) == k.Name && string(d.AttributeType) != k.Type {
				c.add(Difference{
					Attribute: k.Name, What: "attribute type", Want: k.Type, Have: string(d.AttributeType),
					Mend: "the type of a key attribute cannot be changed: create the table, or the index, anew",
				})
			}
		}
	}
}

// billing compares the billing mode, which no operation depends on.
func (c *tableDiff) billing() {
	have := types.BillingModeProvisioned // what the service means by saying nothing
	if c.have.BillingModeSummary != nil {
		have = c.have.BillingModeSummary.BillingMode
	}
	if want := billing(c.want); have != want {
		c.add(Difference{
			What: "billing mode", Want: string(want), Have: string(have), Advice: true,
			Mend: "say it in the contract, or change it with UpdateTable",
		})
	}
}

// extras reports indexes that the contract does not name. They cost writes, and
// refuse an item whose attribute has another type than theirs.
func (c *tableDiff) extras() {
	for _, g := range c.have.GlobalSecondaryIndexes {
		name := aws.ToString(g.IndexName)
		if !slices.ContainsFunc(c.want.Indexes, func(x transform.Index) bool { return x.Name == name }) {
			c.add(Difference{
				Index: name, What: "index", Want: none, Have: present, Advice: true,
				Mend: "name it in the contract, or delete it if nothing needs it",
			})
		}
	}
}
