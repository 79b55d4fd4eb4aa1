package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/jmoiron/sqlx"
	"github.com/spf13/cobra"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/mysqlstore"
	"github.com/crossfade-go/crossfade/transform"
)

// contractCommand is the group of commands about the contract itself.
func (c *cli) contractCommand() *cobra.Command {
	var write bool
	check := &cobra.Command{
		Use: "check", Short: "List every finding of the contract; with a database, also against its schema", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return c.checkContract(cmd.Context(), write) },
	}
	check.Flags().BoolVar(&write, "write", false,
		`fill "columns" and "primary_key" of the contract in from the database`)
	return c.group("contract", "Check the migration contract", check)
}

// A contractDoc is what a check found.
type contractDoc struct {
	Contract string    `json:"contract"`
	Findings []finding `json:"findings"`
	Errors   int       `json:"errors"`
	Warnings int       `json:"warnings"`
	// Written says that the file was changed.
	Written bool   `json:"written"`
	note    string // what became of the file, for people
}

// A finding is a transform.Finding as it is printed.
type finding struct {
	Severity string `json:"severity"`
	Pointer  string `json:"pointer"`
	Reason   string `json:"reason"`
	Mend     string `json:"mend,omitempty"`
	line     string
}

// add appends findings, each once: the same thing may be seen in the file and
// in what the file becomes.
func (d *contractDoc) add(findings ...transform.Finding) {
	for _, f := range findings {
		next := finding{f.Severity.String(), f.Pointer, f.Reason, f.Mend, f.String()}
		if d.has(next) {
			continue
		}
		d.Findings = append(d.Findings, next)
		if f.Severity == transform.Error {
			d.Errors++
		} else {
			d.Warnings++
		}
	}
}

func (d *contractDoc) has(other finding) bool {
	for _, f := range d.Findings {
		if f == other {
			return true
		}
	}
	return false
}

func (d *contractDoc) text(w io.Writer) {
	for _, f := range d.Findings {
		fmt.Fprintln(w, f.line)
	}
	fmt.Fprintf(w, "%s: %s, %s\n", d.Contract, count(d.Errors, "error"), count(d.Warnings, "warning"))
	if d.note != "" {
		fmt.Fprintln(w, d.note)
	}
}

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
func (c *cli) checkContract(ctx context.Context, write bool) error {
	data, err := c.readContract()
	if err != nil {
		return err
	}
	if write && c.mysqlDSN() == "" {
		return usage("--write takes the columns from a database; give --mysql DSN or set %s", envMySQL)
	}
	doc := &contractDoc{Contract: c.contractFile, Findings: []finding{}}
	if !write {
		_, findings := transform.Check(data)
		doc.add(findings...)
	}
	if c.mysqlDSN() != "" {
		if err := c.checkSchema(ctx, data, doc, write); err != nil {
			return err
		}
	}
	if err := c.out.print(doc); err != nil || doc.Errors == 0 {
		return err
	}
	return found("the contract has %s", count(doc.Errors, "error"))
}

// checkSchema checks the contract against the database. Columns that the file
// does not say are taken from there, so that the rest can be checked.
func (c *cli) checkSchema(ctx context.Context, data []byte, doc *contractDoc, write bool) error {
	text, err := transform.Parse(data)
	if err != nil {
		_, findings := transform.Check(data)
		doc.add(findings...)
		return nil
	}
	db, err := c.connectMySQL(ctx)
	if err != nil {
		return err
	}
	defer db.Close()
	complete, err := fillColumns(ctx, db, text, doc, write)
	if err != nil {
		return err
	}
	contract, findings := text.Check()
	doc.add(findings...)
	if !complete {
		if write {
			doc.note = "nothing was written: not every table is there"
		}
		return nil
	}
	if contract != nil {
		if findings, err = compareSchema(ctx, db, contract); err != nil {
			return err
		}
		doc.add(findings...)
	}
	if !write {
		return nil
	}
	return c.writeContract(data, text.JSON(), doc)
}

// fillColumns sets the columns of the entities from the database: of all of
// them, or of those the text says none for. A table that is not there is a
// finding, and the columns are then not complete.
func fillColumns(ctx context.Context, db *sqlx.DB, text *transform.Document, doc *contractDoc, all bool) (bool, error) {
	complete := true
	for _, t := range text.SourceTables() {
		columns, key, err := mysqlstore.Introspect(ctx, db, t.Table)
		if f, ok := missingTable(t, err); ok {
			doc.add(f)
			complete = false
			continue
		}
		if err != nil {
			return false, err
		}
		if t.Columns && !all {
			continue
		}
		if err := text.SetColumns(t.Entity, columns, key); err != nil {
			return false, found("entity %s: %w", t.Entity, err)
		}
	}
	return complete, nil
}

// missingTable turns the error of a table that is not there into a finding: an
// error that comes from no server, but from what the server does not list.
func missingTable(t transform.SourceTable, err error) (transform.Finding, bool) {
	var e *store.Error
	if !errors.As(err, &e) || e.Kind != store.ErrInvalid || e.Cause != nil {
		return transform.Finding{}, false
	}
	return transform.Finding{
		Severity: transform.Error, Reason: "entity " + t.Entity + ": " + e.Detail,
		Mend: "create it, or mend source_table, --mysql or the account's rights",
	}, true
}

// compareSchema compares a contract that can be used with the live schema.
func compareSchema(ctx context.Context, db *sqlx.DB, contract *transform.Contract) ([]transform.Finding, error) {
	s, err := mysqlstore.New(db, contract, nil)
	if err != nil {
		return nil, found("%w", err)
	}
	return s.CheckSchema(ctx)
}

// writeContract replaces the file, whole or not at all. Errors elsewhere in the
// contract don't make the columns wrong, so they don't prevent it.
func (c *cli) writeContract(before, after []byte, doc *contractDoc) error {
	if bytes.Equal(before, after) {
		doc.note = "the columns in the contract are those of the database, nothing was written"
		return nil
	}
	if err := replaceFile(c.contractFile, after); err != nil {
		return usage("the contract can't be written: %w", err)
	}
	doc.Written = true
	doc.note = "columns and primary keys were written from the database"
	return nil
}

// replaceFile replaces a file's content atomically and keeps its mode. A link
// stays one: what it points to is replaced.
func replaceFile(path string, data []byte) (err error) {
	if path, err = filepath.EvalSymlinks(path); err != nil {
		return err
	}
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	// Beside the file, since a rename does not cross file systems.
	temp, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			os.Remove(temp.Name())
		}
	}()
	_, err = temp.Write(data)
	err = errors.Join(err, temp.Chmod(info.Mode().Perm()), temp.Sync(), temp.Close())
	if err != nil {
		return err
	}
	return os.Rename(temp.Name(), path)
}

// requireSchema refuses unless the database has the contract's tables as the
// contract says.
func (c *cli) requireSchema(ctx context.Context, s *session) error {
	findings, err := s.mysql.CheckSchema(ctx)
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
