package main

import (
	"context"
	"errors"
	"os"
	"strings"

	"github.com/jmoiron/sqlx"
	"github.com/spf13/cobra"

	"github.com/crossfade-go/crossfade/transform"
)

// contractCommand is the group of commands about the contract itself.
func (c *cli) contractCommand() *cobra.Command {
	return c.group("contract", "Check the migration contract, and show it as views", c.contractCheckCommand(), c.contractViewsCommand())
}

// A checking is what a contract check is asked for.
type checking struct {
	graph, data, write bool
}

func (c *cli) contractCheckCommand() *cobra.Command {
	var what checking
	check := &cobra.Command{
		Use: "check", Short: "List every finding of the contract; with a database, also against its schema and rows", Args: cobra.NoArgs,
		Long:    longCheckHelp,
		Example: checkExamples,
		RunE:    func(cmd *cobra.Command, _ []string) error { return c.checkContract(cmd.Context(), what) },
	}
	check.Flags().BoolVar(&what.graph, "graph", false, "print which attributes each column of each table feeds, and how they are kept")
	check.Flags().BoolVar(&what.data, "data", false, "read every row too, and show the primary keys of rows that can't become items")
	check.Flags().BoolVar(&what.write, "write", false,
		`fill columns, primary keys, sequences and unique indexes of the contract in from the database`)
	return check
}

const longCheckHelp = `List every finding of the contract: errors, which forbid its use, and warnings. What is
said of more than five places, or of names at them, is one line; --json has each.

With --mysql, the live schema is compared too: tables, columns, types, keys, engines
and collations, columns the contract leaves out, indexes that joins and queries lack,
foreign keys that cascade. Columns that the contract does not say are taken from there.

--data reads every row of every entity in the order of the primary key, and finds what
can't become an item: values without a form, keys that are empty, too long or those of
other rows' items too, items over 400 KB. Each finding has the number of rows and the
first of their primary keys; a row counts for each thing that is wrong with it.
Keys are shown as they are: mind where the output goes.
It can be interrupted at any time, lists then what it found so far, and changes nothing.

--write replaces the columns and primary keys in the file by those of the database, adds
unique indexes and a "sequence" where one AUTO_INCREMENT column is the whole key, and
describes tables that only joins read in "source_tables". Everything else in the file
stays as it is written.`

const checkExamples = `  migrationctl contract check --contract contract.json
  migrationctl contract check --contract contract.json --mysql DSN --write
  migrationctl contract check --contract contract.json --mysql DSN --data --json
  migrationctl contract check --contract contract.json --graph`

// readContract returns the text of the contract. A file that can't be read is a
// matter of usage; what is wrong inside it is a finding.
func (c *cli) readContract() ([]byte, error) {
	if c.contractFile == "" {
		return nil, usage("no contract is named; give --contract FILE")
	}
	data, err := os.ReadFile(c.contractFile)
	if err != nil {
		return nil, usage("the contract can't be read: %w; mend --contract", err)
	}
	return data, nil
}

// checkContract lists what there is to say, of the file alone or beside the
// database. With write, the findings are those of the file as it becomes.
func (c *cli) checkContract(ctx context.Context, what checking) error {
	if what.write && c.contractFile != "" {
		if err := requireWritable(c.contractFile); err != nil {
			return usage("the contract can't be written: %w; mend --contract, or leave --write out", err)
		}
	}
	data, err := c.readContract()
	if err != nil {
		return err
	}
	if c.mysqlDSN() == "" {
		switch {
		case what.write:
			return usage("--write takes the columns from a database; give --mysql DSN or set %s", envMySQL)
		case what.data:
			return usage("--data reads the rows of a database; give --mysql DSN or set %s", envMySQL)
		}
	}
	doc := &contractDoc{Contract: c.contractFile, Findings: []finding{}}
	var contract *transform.Contract
	if c.mysqlDSN() == "" {
		var findings []transform.Finding
		contract, findings = transform.Check(data)
		doc.add(findings...)
	} else if contract, err = c.checkDatabase(ctx, data, doc, what); err != nil {
		if doc.Stopped != "" {
			return errors.Join(err, c.out.print(doc))
		}
		return err
	}
	doc.describe(contract, what.graph)
	if err := c.out.print(doc); err != nil || doc.Errors == 0 {
		return err
	}
	return found("the contract has %s", count(doc.Errors, "error"))
}

// checkDatabase checks the contract against the database, and returns it if it
// can be used. Columns that the file does not say are taken from the database,
// so that the rest can be checked.
func (c *cli) checkDatabase(ctx context.Context, data []byte, doc *contractDoc, what checking) (*transform.Contract, error) {
	text, err := transform.Parse(data)
	if err != nil {
		_, findings := transform.Check(data)
		doc.add(findings...)
		return nil, nil
	}
	db, err := c.connectMySQL(ctx)
	if err != nil {
		return nil, err
	}
	defer db.Close()
	if !what.write {
		doc.addUndescribed(text)
	}
	f := &filling{db: db, text: text, doc: doc, all: what.write}
	if err := f.fill(ctx); err != nil {
		return nil, err
	}
	if what.write {
		if text, err = transform.Parse(text.JSON()); err != nil {
			return nil, err
		}
	}
	contract, findings := text.Check()
	doc.add(findings...)
	look := contract
	if look == nil {
		look = text.Salvage() // so that everything is seen at once
	}
	if err := c.checkLive(ctx, db, look, doc, what); err != nil {
		return nil, err
	}
	switch {
	case !what.write:
		return contract, nil
	case f.missing:
		doc.note = "nothing was written: not every table is there"
		return contract, nil
	}
	return contract, c.writeContract(data, text.JSON(), doc)
}

// checkLive compares what there is of the contract with the schema, and then with
// the rows, if they can be read.
func (c *cli) checkLive(ctx context.Context, db *sqlx.DB, contract *transform.Contract, doc *contractDoc, what checking) error {
	fits := contract != nil
	if fits {
		before := doc.Errors
		if err := doc.addLive(ctx, db, contract); err != nil {
			return err
		}
		fits = doc.Errors == before
	}
	switch {
	case !what.data:
		return nil
	case !fits:
		doc.data = "the rows were not read: mend the errors first"
		return nil
	}
	if doc.Errors > 0 {
		doc.data = "an entity that is not listed here has errors that keep its rows from being read"
	}
	return c.checkData(ctx, db, contract, doc)
}

// requireSchema refuses unless the database has the contract's tables as the
// contract says.
func (c *cli) requireSchema(ctx context.Context, check func(context.Context) ([]transform.Finding, error)) error {
	findings, err := check(ctx)
	if err != nil {
		return err
	}
	var lines []string
	for _, f := range findings {
		if f.Severity == transform.Error {
			lines = append(lines, f.String())
		} else {
			c.warn("%s", f)
		}
	}
	if len(lines) == 0 {
		return nil
	}
	return found("the database is not as the contract says, nothing changed; is it the right one?\n%s", strings.Join(lines, "\n"))
}
