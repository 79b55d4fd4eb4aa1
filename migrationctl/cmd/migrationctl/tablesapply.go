package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/crossfade-go/crossfade/dynamostore"
)

// A tablesApplied says what became of each table.
type tablesApplied struct {
	Tables []appliedTable `json:"tables"`
}

// An appliedTable is one of them, in the order of the contract.
type appliedTable struct {
	Table string `json:"table"`
	// Result is "created", "changed", "active": it was there with all there is to
	// add, or "skipped".
	Result string `json:"result"`
	// Steps are what was done to a table once it was there.
	Steps []string `json:"steps,omitempty"`
	// Unsupported are those that the service has no call for.
	Unsupported []string `json:"unsupported,omitempty"`
}

func (t tablesApplied) text(w io.Writer) {
	for _, a := range t.Tables {
		switch a.Result {
		case "created":
			fmt.Fprintf(w, "table %s is created and ACTIVE\n", a.Table)
		case "changed":
			fmt.Fprintf(w, "table %s was there, is changed and ACTIVE\n", a.Table)
		case "active":
			fmt.Fprintf(w, "table %s was there and is ACTIVE\n", a.Table)
		default:
			fmt.Fprintf(w, "table %s was left out\n", a.Table)
		}
		if a.Result == "changed" {
			for _, step := range a.Steps {
				fmt.Fprintf(w, "  %s: done\n", step)
			}
		}
		for _, step := range a.Unsupported {
			fmt.Fprintf(w, "  %s: left out, this service has no call for it\n", step)
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
	a := &t.Tables[i]
	switch step.Step {
	case "creating":
		a.Result = "created"
	case "skipped":
		a.Result = "skipped"
	case "exists":
		a.Result = "active"
	case "changing":
		a.Steps = append(a.Steps, step.Detail)
		if a.Result == "active" {
			a.Result = "changed"
		}
	case "unsupported":
		a.unsupported(step.Detail)
	}
}

// unsupported takes a step back that could not be done.
func (a *appliedTable) unsupported(step string) {
	a.Unsupported = append(a.Unsupported, step)
	a.Steps = a.Steps[:len(a.Steps)-1]
	if len(a.Steps) == 0 && a.Result == "changed" {
		a.Result = "active"
	}
}

// skipped counts the tables that were left out.
func (t *tablesApplied) skipped() int {
	n := 0
	for _, a := range t.Tables {
		if a.Result == "skipped" {
			n++
		}
	}
	return n
}

// applyTables makes the tables what the contract says. Killed anywhere, it may be
// called again: what was begun is waited for.
func (c *cli) applyTables(ctx context.Context, yes bool) error {
	tables, err := c.openTables(ctx)
	if err != nil {
		return err
	}
	doc, err := c.makeTables(ctx, tables, yes)
	if err != nil {
		return err
	}
	if err := c.out.print(doc); err != nil || doc.skipped() == 0 {
		return err
	}
	return found("%s left out; the same command asks again", count(doc.skipped(), "table"))
}

// makeTables applies the contract and shows how far that is.
func (c *cli) makeTables(ctx context.Context, tables *dynamostore.Tables, yes bool) (tablesApplied, error) {
	var (
		doc     tablesApplied
		confirm func(dynamostore.TablePlan) (bool, error)
	)
	if !yes {
		confirm = c.asker(ctx)
	}
	err := tables.Apply(ctx, confirm, func(step dynamostore.TableStep) {
		doc.set(step)
		if line := stepLine(step); line != "" {
			c.warn("%s %s %s", span(step.After), step.Table, line)
		}
	})
	return doc, err
}

// stepLine says what is being done or waited for, "" for what is not worth a line.
func stepLine(step dynamostore.TableStep) string {
	switch step.Step {
	case "creating":
		return "creating"
	case "changing":
		return step.Detail
	case "waiting":
		return strings.TrimSpace("waiting: " + step.Detail)
	case "unsupported":
		return step.Detail + ": left out, this service has no call for it"
	}
	return ""
}
