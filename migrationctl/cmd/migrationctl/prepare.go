package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

// prepareCommand is prepare.
func (c *cli) prepareCommand() *cobra.Command {
	var yes bool
	cmd := &cobra.Command{
		Use: "prepare", Short: "Do all that comes before capture on: check, tables apply, init, tables verify", Args: cobra.NoArgs,
		Long: longPrepareHelp,
		Example: `  migrationctl prepare --contract contract.json --mysql DSN
  migrationctl prepare --contract contract.json --mysql DSN --yes --json`,
		RunE: func(cmd *cobra.Command, _ []string) error { return c.prepare(cmd.Context(), yes) },
	}
	cmd.Flags().BoolVar(&yes, "yes", false, "create and change every table without asking")
	return cmd
}

const longPrepareHelp = `Do, one after the other, contract check, tables apply, init and tables verify. Each asks
where it would ask by itself, and the first that finds an error, refuses or fails ends it,
with what to do and its exit code.

The same command goes on: what is done is looked at again and left as it is.`

// The states of a step of prepare.
const (
	stateDone   = "done"
	stateBefore = "was done"
	stateFailed = "failed"
)

// A preparedStep is one step of prepare, that was begun.
type preparedStep struct {
	Step  string `json:"step"`  // the command that does it alone
	State string `json:"state"` // "done", "was done" or "failed"
	// Result is what that command prints with --json.
	Result json.RawMessage `json:"result,omitempty"`
}

// A prepareDoc is what prepare did.
type prepareDoc struct {
	Steps []preparedStep `json:"steps"`
	Done  bool           `json:"done"`
	Error string         `json:"error,omitempty"`
}

// A preparation is a step to do. It prints its result with the cli it is given,
// and reports whether there was nothing to do.
type preparation struct {
	name string
	do   func(ctx context.Context, c *cli) (before bool, err error)
}

// prepare does the steps until one fails.
func (c *cli) prepare(ctx context.Context, yes bool) error {
	if c.mysqlDSN() == "" {
		return usage("no database is named; give --mysql DSN or set %s", envMySQL)
	}
	steps := []preparation{
		{"contract check", prepareContract},
		{"tables apply", func(ctx context.Context, c *cli) (bool, error) { return prepareTables(ctx, c, yes) }},
		{"init", prepareInit},
		{"tables verify", func(ctx context.Context, c *cli) (bool, error) { return false, c.verifyTables(ctx) }},
	}
	doc := prepareDoc{Steps: []preparedStep{}}
	for i, step := range steps {
		done, err := c.prepareStep(ctx, step, fmt.Sprintf("%d of %d, %s", i+1, len(steps), step.name))
		doc.Steps = append(doc.Steps, done)
		if err != nil {
			_, lines := report(ctx, err)
			doc.Error = strings.Join(lines, "\n")
			c.warn("prepare stopped at %s; mended, the same command goes on there", step.name)
			return c.prepared(doc, err)
		}
	}
	doc.Done = true
	return c.prepared(doc, nil)
}

// prepared prints the one document, and returns the error that ended it. Text was
// printed step by step.
func (c *cli) prepared(doc prepareDoc, err error) error {
	if c.out.json {
		c.out.printed = true
		if failed := c.out.document(doc); failed != nil {
			return failed
		}
	} else if doc.Done {
		fmt.Fprintln(c.out.w, "everything is prepared; migrationctl capture on begins")
	}
	return err
}

// prepareStep does one step as if its own command had been called, and keeps what
// that prints.
func (c *cli) prepareStep(ctx context.Context, step preparation, title string) (preparedStep, error) {
	var printed bytes.Buffer
	alone := *c
	alone.out = output{w: &printed, json: c.out.json}
	if !c.out.json {
		fmt.Fprintln(c.out.w, title)
		alone.out.w = c.out.w
	}
	before, err := step.do(ctx, &alone)
	done := preparedStep{Step: step.name, State: stateDone, Result: printed.Bytes()}
	switch {
	case err != nil:
		done.State = stateFailed
	case before:
		done.State = stateBefore
		if !c.out.json {
			fmt.Fprintln(c.out.w, "it was done before")
		}
	}
	return done, err
}

// prepareContract checks the contract beside the database, and that this version
// can migrate it: tables that nothing fills are litter.
func prepareContract(ctx context.Context, c *cli) (bool, error) {
	if err := c.checkContract(ctx, checking{}); err != nil {
		return false, err
	}
	contract, err := c.loadContract()
	if err != nil {
		return false, err
	}
	var lines []string
	for _, f := range contract.NotYet {
		lines = append(lines, f.Reason)
	}
	if lines != nil {
		return false, found("this version can't migrate the contract yet, nothing changed\n%s", strings.Join(lines, "\n"))
	}
	return false, nil
}

// prepareTables makes the tables.
func prepareTables(ctx context.Context, c *cli, yes bool) (before bool, err error) {
	tables, err := c.openTables(ctx)
	if err != nil {
		return false, err
	}
	doc, err := c.makeTables(ctx, tables, yes)
	if err != nil {
		return false, err
	}
	before = true
	for _, t := range doc.Tables {
		before = before && t.Result == "active"
	}
	if err := c.out.print(doc); err != nil || doc.skipped() == 0 {
		return before, err
	}
	return false, found("%s left out; the same command asks again", count(doc.skipped(), "table"))
}

// prepareInit makes the library's own tables in MySQL and the phase records of both
// stores. init alone does without DynamoDB's, which the step to phase 2 makes then;
// here it is part of what is said to be there.
func prepareInit(ctx context.Context, c *cli) (before bool, err error) {
	if missing, err := c.uninitialised(ctx); err != nil {
		return false, err
	} else if missing == nil {
		before = true
	}
	if err := c.initialise(ctx); err != nil {
		return false, err
	}
	missing, err := c.uninitialised(ctx)
	return before, errors.Join(err, missing)
}

// uninitialised returns why a store has no phase record, nil if both have theirs.
func (c *cli) uninitialised(ctx context.Context) (missing, err error) {
	s, err := c.open(ctx, true)
	if err != nil {
		return nil, err
	}
	defer s.close()
	_, mysql := s.mysql.Phase(ctx)
	_, dynamo := s.dynamo.Phase(ctx)
	return cmp.Or(mysql, dynamo), nil
}
