package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/crossfade-go/crossfade/dynamostore"
)

// A tableDiff is one thing that a table has otherwise than the contract wants.
type tableDiff struct {
	Table     string `json:"table"`
	Index     string `json:"index,omitempty"`
	Attribute string `json:"attribute,omitempty"`
	What      string `json:"what"`
	Want      string `json:"want"`
	Have      string `json:"have"`
	Mend      string `json:"mend,omitempty"`
	Severity  string `json:"severity"` // "error", "warning", or "pending": it goes by itself
	line      string
}

// diffsOf returns the differences and how many of them are errors.
func diffsOf(all []dynamostore.Difference) (list []tableDiff, errs int) {
	list = []tableDiff{}
	for _, d := range all {
		severity := "error"
		switch {
		case d.Advice:
			severity = "warning"
		case d.Pending:
			severity = "pending"
		default:
			errs++
		}
		list = append(list, tableDiff{d.Table, d.Index, d.Attribute, d.What, d.Want, d.Have, d.Mend, severity, d.String()})
	}
	return list, errs
}

// A tablesPlan is what tables apply would do.
type tablesPlan struct {
	Tables []plannedTable `json:"tables"`
}

// A plannedTable is what would become of one table.
type plannedTable struct {
	Table       string        `json:"table"`
	Action      string        `json:"action"` // "create", "wait", "none", or "refuse": it is there and differs
	Keys        string        `json:"keys,omitempty"`
	Indexes     []plannedPart `json:"indexes,omitempty"`
	Billing     string        `json:"billing,omitempty"`
	Differences []tableDiff   `json:"differences"`
}

// A plannedPart is an index that would be created with its table.
type plannedPart struct {
	Name       string `json:"name"`
	Keys       string `json:"keys"`
	Projection string `json:"projection"`
}

func (p tablesPlan) text(w io.Writer) {
	for _, t := range p.Tables {
		switch t.Action {
		case "create":
			t.describe(w)
		case "wait":
			fmt.Fprintf(w, "table %s is being created: apply would wait for it\n", t.Table)
		case "none":
			fmt.Fprintf(w, "table %s is there\n", t.Table)
		default:
			fmt.Fprintf(w, "table %s is there and differs: apply would refuse\n", t.Table)
		}
		for _, d := range t.Differences {
			fmt.Fprintf(w, "  %s %s\n", d.Severity, d.line)
		}
	}
}

// describe prints what would be created.
func (t plannedTable) describe(w io.Writer) {
	fmt.Fprintf(w, "table %s would be created\n  %s, %s\n", t.Table, t.Keys, t.Billing)
	for _, x := range t.Indexes {
		fmt.Fprintf(w, "  index %s: %s, projection %s\n", x.Name, x.Keys, x.Projection)
	}
}

// planned translates a plan, and reports whether apply would refuse it.
func planned(p dynamostore.TablePlan) (plannedTable, bool) {
	t := plannedTable{Table: p.Table, Action: "none"}
	diffs, errs := diffsOf(p.Differences)
	t.Differences = diffs
	switch {
	case !p.Exists():
		t.Action = "create"
		t.Billing = string(p.Create.BillingMode)
		t.Keys = keysOf(p.Create.KeySchema, p.Create.AttributeDefinitions)
		for _, x := range p.Create.GlobalSecondaryIndexes {
			t.Indexes = append(t.Indexes, plannedPart{
				Name: aws.ToString(x.IndexName), Keys: keysOf(x.KeySchema, p.Create.AttributeDefinitions),
				Projection: string(x.Projection.ProjectionType),
			})
		}
	case errs > 0:
		t.Action = "refuse"
	default:
		for _, d := range diffs {
			if d.Severity == "pending" {
				t.Action = "wait"
			}
		}
	}
	return t, errs > 0
}

// keysOf prints a key schema: "partition key PK S, sort key SK S".
func keysOf(schema []types.KeySchemaElement, defs []types.AttributeDefinition) string {
	var parts []string
	for _, k := range schema {
		what := "partition key "
		if k.KeyType == types.KeyTypeRange {
			what = "sort key "
		}
		name := aws.ToString(k.AttributeName)
		for _, d := range defs {
			if aws.ToString(d.AttributeName) == name {
				name += " " + string(d.AttributeType)
				break
			}
		}
		parts = append(parts, what+name)
	}
	return strings.Join(parts, ", ")
}

// planTables shows the plan. A table that is there and differs makes it fail,
// because apply would refuse the whole of it.
func (c *cli) planTables(ctx context.Context) error {
	s, err := c.openDynamoDB(ctx)
	if err != nil {
		return err
	}
	plans, err := s.dynamo.Plan(ctx)
	if err != nil {
		return err
	}
	var doc tablesPlan
	differ := 0
	for _, p := range plans {
		t, refuse := planned(p)
		doc.Tables = append(doc.Tables, t)
		if refuse {
			differ++
		}
	}
	if err := c.out.print(doc); err != nil || differ == 0 {
		return err
	}
	return found("%s not as the contract says; apply changes no table that is there", count(differ, "table"))
}
