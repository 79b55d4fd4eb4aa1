package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/crossfade-go/crossfade/dynamostore"
)

// tablesCommand is the group of commands about the DynamoDB tables. They need no
// database: the contract says all there is to know.
func (c *cli) tablesCommand() *cobra.Command {
	var yes bool
	plan := &cobra.Command{
		Use: "plan", Short: "Show which tables would be created", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return c.planTables(cmd.Context()) },
	}
	apply := &cobra.Command{
		Use: "apply", Short: "Create the tables that are not there and wait until they are ACTIVE", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return c.applyTables(cmd.Context(), yes) },
	}
	apply.Flags().BoolVar(&yes, "yes", false, "create every table without asking")
	verify := &cobra.Command{
		Use: "verify", Short: "Compare the tables that are there with the contract", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return c.verifyTables(cmd.Context()) },
	}
	return c.group("tables", "Plan, create and compare the DynamoDB tables of the contract", plan, apply, verify)
}

// A tablesApplied says what became of each table.
type tablesApplied struct {
	Tables []appliedTable `json:"tables"`
}

// An appliedTable is one of them, in the order of the contract.
type appliedTable struct {
	Table  string `json:"table"`
	Result string `json:"result"` // "created", "active": it was there, or "skipped"
}

func (t tablesApplied) text(w io.Writer) {
	for _, a := range t.Tables {
		switch a.Result {
		case "created":
			fmt.Fprintf(w, "table %s is created and ACTIVE\n", a.Table)
		case "active":
			fmt.Fprintf(w, "table %s was there and is ACTIVE\n", a.Table)
		default:
			fmt.Fprintf(w, "table %s was left out\n", a.Table)
		}
	}
}

// set keeps the latest that is known of a table.
func (t *tablesApplied) set(step dynamostore.TableStep) {
	i := 0
	for i < len(t.Tables) && t.Tables[i].Table != step.Table {
		i++
	}
	if i == len(t.Tables) {
		t.Tables = append(t.Tables, appliedTable{Table: step.Table})
	}
	switch step.Step {
	case "creating":
		t.Tables[i].Result = "created"
	case "skipped":
		t.Tables[i].Result = "skipped"
	case "exists":
		t.Tables[i].Result = "active"
	}
}

// applyTables creates what is missing. Killed anywhere, it may be called again:
// a table that is being created is waited for, one that is there is left alone.
func (c *cli) applyTables(ctx context.Context, yes bool) error {
	s, err := c.openDynamoDB(ctx)
	if err != nil {
		return err
	}
	var (
		doc     tablesApplied
		skipped int
		confirm func(dynamostore.TablePlan) (bool, error)
	)
	if !yes {
		confirm = c.asker(ctx)
	}
	err = s.dynamo.Apply(ctx, confirm, func(step dynamostore.TableStep) {
		doc.set(step)
		if step.Step == "skipped" {
			skipped++
		}
		if step.Step == "creating" || step.Step == "waiting" {
			c.warn("%s %s %s", span(step.After), step.Table, strings.TrimSpace(step.Step+" "+step.Detail))
		}
	})
	if err != nil {
		return err
	}
	if err := c.out.print(doc); err != nil || skipped == 0 {
		return err
	}
	return found("%s left out; the same command asks again", count(skipped, "table"))
}

// A tablesVerified is what tables verify found.
type tablesVerified struct {
	Differences []tableDiff `json:"differences"`
	// Errors is how many of them keep the library from working. The others are
	// advice, such as another billing mode.
	Errors int `json:"errors"`
}

func (v tablesVerified) text(w io.Writer) {
	for _, d := range v.Differences {
		fmt.Fprintf(w, "%s %s\n", d.Severity, d.line)
	}
	if len(v.Differences) == 0 {
		fmt.Fprintln(w, "every table is as the contract says")
	}
}

// verifyTables compares and changes nothing.
func (c *cli) verifyTables(ctx context.Context) error {
	s, err := c.openDynamoDB(ctx)
	if err != nil {
		return err
	}
	all, err := s.dynamo.Verify(ctx)
	if err != nil {
		return err
	}
	var doc tablesVerified
	doc.Differences, doc.Errors = diffsOf(all)
	for _, d := range doc.Differences {
		if d.Severity == "pending" {
			doc.Errors++ // not ready is not as the contract says
		}
	}
	if err := c.out.print(doc); err != nil || doc.Errors == 0 {
		return err
	}
	return found("%s between the tables and the contract", count(doc.Errors, "difference"))
}
