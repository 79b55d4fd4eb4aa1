package dynamostore

import (
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/crossfade-go/crossfade/transform"
)

// A tableDiff collects the differences of one table.
type tableDiff struct {
	want  *transform.Table
	have  *types.TableDescription
	table string
	found []Difference
	mends []Step // of the differences that are Mendable
	blind []Step // of what is wanted and can't be seen
}

// compare returns what a table has otherwise than the contract wants, as far as
// DescribeTable says.
func (s *Tables) compare(t *transform.Table, have *types.TableDescription) *tableDiff {
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
	return c
}

// add notes a difference.
func (c *tableDiff) add(d Difference) {
	d.Table = c.table
	c.found = append(c.found, d)
}

// mend notes a difference that Apply mends by a step.
func (c *tableDiff) mend(step Step, d Difference) {
	d.Mend, d.Mendable = runApply, true
	c.mends = append(c.mends, step)
	c.add(d)
}

// steps returns what Apply does about the differences: what is quick first, and
// each index in the order of the contract.
func (c *tableDiff) steps() []Step {
	var quick, slow []Step
	for _, step := range c.mends {
		if step.What == StepIndex {
			slow = append(slow, step)
		} else {
			quick = append(quick, step)
		}
	}
	return append(quick, slow...)
}

// lacks reports whether a step is still to be done, for all that can be seen.
func (c *tableDiff) lacks(step Step) bool {
	return slices.ContainsFunc(c.mends, step.is) || slices.ContainsFunc(c.blind, step.is)
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

// described returns what the service says of an index, nil if it is not there.
func (c *tableDiff) described(name string) *types.GlobalSecondaryIndexDescription {
	i := slices.IndexFunc(c.have.GlobalSecondaryIndexes, func(g types.GlobalSecondaryIndexDescription) bool {
		return aws.ToString(g.IndexName) == name
	})
	if i < 0 {
		return nil
	}
	return &c.have.GlobalSecondaryIndexes[i]
}

// index compares one index of the contract.
func (c *tableDiff) index(want *transform.Index) {
	have := c.described(want.Name)
	if have == nil {
		c.mend(Step{What: StepIndex, Name: want.Name, Index: want},
			Difference{Index: want.Name, What: "index", Want: present, Have: none})
		return
	}
	const mend = "an index cannot be changed: name the wanted one otherwise in the contract, " +
		"or delete this one, when nothing reads it any more, and run migrationctl tables apply"
	c.keys(want.Name, want.PK, want.SK, have.KeySchema, mend)
	if w, h := projectionText(projection(*want), want.Projected), haveProjection(have.Projection); w != h {
		c.add(Difference{Index: want.Name, What: "projection", Want: w, Have: h, Mend: mend})
	}
	switch have.IndexStatus {
	case types.IndexStatusActive, types.IndexStatusUpdating:
	default:
		status := string(have.IndexStatus)
		if aws.ToBool(have.Backfilling) {
			status += ", being filled from the table"
		}
		c.add(Difference{
			Index: want.Name, What: "status", Want: string(types.IndexStatusActive), Have: status,
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
	for _, k := range definitions(keyAttributes(c.want)...) {
		for _, d := range c.have.AttributeDefinitions {
			if aws.ToString(d.AttributeName) == *k.AttributeName && d.AttributeType != k.AttributeType {
				c.add(Difference{
					Attribute: *k.AttributeName, What: "attribute type", Want: string(k.AttributeType), Have: string(d.AttributeType),
					Mend: "the type of a key attribute cannot be changed: create the table, or the index, anew",
				})
			}
		}
	}
}

// haveBilling returns how the table is paid for.
func haveBilling(have *types.TableDescription) types.BillingMode {
	if have.BillingModeSummary == nil {
		return types.BillingModeProvisioned // what the service means by saying nothing
	}
	return have.BillingModeSummary.BillingMode
}

// billing compares the billing mode, and the capacity of a table that has one:
// no operation depends on them, but how many there can be.
func (c *tableDiff) billing() {
	have, want := haveBilling(c.have), billing(c.want)
	if have != want {
		c.add(Difference{
			What: "billing mode", Want: string(want), Have: string(have), Advice: true,
			Mend: "say it in the contract, or change it with UpdateTable",
		})
	}
	if have != types.BillingModeProvisioned || want != have {
		return
	}
	c.capacity("", c.want.Capacity, c.have.ProvisionedThroughput)
	for _, x := range c.want.Indexes {
		if g := c.described(x.Name); g != nil {
			c.capacity(x.Name, x.Capacity, g.ProvisionedThroughput)
		}
	}
}

// capacity compares the capacity of the table or an index.
func (c *tableDiff) capacity(index string, want transform.Capacity, have *types.ProvisionedThroughputDescription) {
	if have == nil {
		have = &types.ProvisionedThroughputDescription{}
	}
	for _, u := range []struct {
		what string
		want int64
		have int64
	}{
		{"read capacity", want.Read, aws.ToInt64(have.ReadCapacityUnits)},
		{"write capacity", want.Write, aws.ToInt64(have.WriteCapacityUnits)},
	} {
		d := Difference{Index: index, What: u.what, Want: strconv.FormatInt(u.want, 10), Have: strconv.FormatInt(u.have, 10), Advice: true}
		switch {
		case u.want == u.have:
			continue
		case u.have == 0: // which nothing that is provisioned has
			d.Have, d.Mend = Untold, "look at it by other means"
		default:
			d.Mend = "say it in the contract, or change it with UpdateTable; where it is scaled automatically it differs at times"
		}
		c.add(d)
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
