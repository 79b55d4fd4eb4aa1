package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/crossfade-go/crossfade/dynamostore"
)

// A tablesVerified is what tables verify found.
type tablesVerified struct {
	Differences []tableDiff `json:"differences"`
	// Errors is how many of them keep the library from working. The others are
	// advice, such as another billing mode.
	Errors int `json:"errors"`
	// Contents are of the tables that are there, but for the library's own.
	Contents []tableContent `json:"contents"`
}

// A tableContent says whether a table holds anything. The counts are of the first
// items only.
type tableContent struct {
	Table      string `json:"table"`
	Empty      bool   `json:"empty"`
	Records    int    `json:"records"`
	Tombstones int    `json:"tombstones"` // what deletes left
	Foreign    int    `json:"foreign"`    // what the library did not write
	More       bool   `json:"more"`       // there are more items than were counted
}

func (v tablesVerified) text(w io.Writer) {
	for _, d := range v.Differences {
		fmt.Fprintf(w, "%s %s\n", d.Severity, d.line)
	}
	if len(v.Differences) == 0 {
		fmt.Fprintln(w, "every table is as the contract says")
	}
	filled := false
	for _, c := range v.Contents {
		fmt.Fprintf(w, "table %s %s\n", c.Table, c.holds())
		filled = filled || !c.Empty
	}
	if filled {
		fmt.Fprintln(w, "where capture begins while a table holds something, the backfill writes each record anew instead of inserting it")
	}
}

// holds says in words what is in the table.
func (c tableContent) holds() string {
	if c.Empty {
		return "is empty"
	}
	var parts []string
	for _, p := range []struct {
		n    int
		what string
	}{{c.Records, "of a record"}, {c.Tombstones, "left by a delete"}, {c.Foreign, "not written by the library"}} {
		if p.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", p.n, p.what))
		}
	}
	if c.More {
		return "holds items, of the first ones " + strings.Join(parts, ", ")
	}
	return "holds items: " + strings.Join(parts, ", ")
}

// verifyTables compares and changes nothing. What the tables hold is told and is
// no fault.
func (c *cli) verifyTables(ctx context.Context) error {
	tables, err := c.openTables(ctx)
	if err != nil {
		return err
	}
	all, err := tables.Verify(ctx)
	if err != nil {
		return err
	}
	doc := tablesVerified{Contents: c.contents(ctx, tables)}
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

// contents looks into the tables. One that can't be read, as while it is being
// created, is no reason to say less of the others' keys.
func (c *cli) contents(ctx context.Context, tables *dynamostore.Tables) []tableContent {
	list := []tableContent{}
	all, err := tables.Contents(ctx)
	if err != nil {
		c.warn("whether the tables are empty can't be seen: %s", oneLine(err))
	}
	for _, t := range all {
		list = append(list, tableContent{t.Table, t.Empty, t.Live, t.Tombstones, t.Foreign, t.More})
	}
	return list
}
