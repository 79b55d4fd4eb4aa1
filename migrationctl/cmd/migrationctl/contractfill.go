package main

import (
	"context"
	"errors"
	"regexp"
	"slices"
	"strings"

	"github.com/jmoiron/sqlx"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/mysqlstore"
	"github.com/crossfade-go/crossfade/transform"
)

// A filling puts the tables of the database into a contract's text: those that
// it does not describe, or all of them.
type filling struct {
	db      *sqlx.DB
	text    *transform.Document
	doc     *contractDoc
	all     bool
	missing bool // a table is not there
}

// fill goes through the tables. One that is not there is a finding, of the
// contract's check against the schema where the contract describes the table.
func (f *filling) fill(ctx context.Context) error {
	tables := append(f.text.SourceTables(), f.text.JoinedTables()...)
	described := map[string]bool{}
	for _, t := range tables {
		if t.Columns {
			described[t.Table] = true
		}
	}
	for _, t := range tables {
		columns, key, err := mysqlstore.Introspect(ctx, f.db, t.Table)
		if missing, ok := missingTable(t, err); ok {
			f.missing = true
			if !described[t.Table] {
				f.doc.add(missing)
			}
			continue
		}
		if err != nil {
			return err
		}
		if t.Columns && !f.all || !t.Columns && described[t.Table] {
			continue
		}
		described[t.Table] = true
		if err := f.table(ctx, t, columns, key); err != nil {
			return err
		}
	}
	return nil
}

// table describes one table.
func (f *filling) table(ctx context.Context, t transform.SourceTable, columns []transform.Column, key []string) error {
	if t.Entity == "" {
		f.text.SetTable(t.Table, columns, key)
	} else if err := f.text.SetColumns(t.Entity, columns, key); err != nil {
		return found("entity %s: %w", t.Entity, err)
	}
	if id := assignedKey(columns, key); id != "" && t.Entity != "" {
		if _, err := f.text.AddSequence(t.Entity, id); err != nil {
			return found("entity %s: %w", t.Entity, err)
		}
	}
	uniques, err := mysqlstore.IntrospectUnique(ctx, f.db, t.Table)
	if err != nil {
		return err
	}
	for _, u := range uniques {
		if !fitsContract(t, u, columns, key) {
			continue
		}
		if _, err := f.text.AddUnique(t, u.Name, u.Columns); err != nil {
			return found("table %s: %w", t.Table, err)
		}
	}
	return nil
}

// assignedKey returns the column that is the whole primary key and of which MySQL
// assigns integers, or "".
func assignedKey(columns []transform.Column, key []string) string {
	for _, c := range columns {
		if c.Generated == "auto_increment" && slices.Equal(key, []string{c.Name}) && strings.HasSuffix(c.SQLType, "int") {
			return c.Name
		}
	}
	return ""
}

// indexName is what the contract takes as the name of a unique index.
var indexName = regexp.MustCompile(`^[a-zA-Z0-9_.,$-]{1,200}$`)

// fitsContract reports whether a unique index is one that the contract says.
// Those of an entity are kept unique by the library, which knows what some of MySQL's
// collations take for equal: one that compares by another would make a contract that
// can be used one that can't.
// What holds the primary key says nothing new.
func fitsContract(t transform.SourceTable, u mysqlstore.UniqueIndex, columns []transform.Column, key []string) bool {
	holds := func(name string) bool {
		return slices.ContainsFunc(u.Columns, func(c string) bool { return strings.EqualFold(c, name) })
	}
	if u.Partial || !indexName.MatchString(u.Name) || len(key) > 0 && !slices.ContainsFunc(key, func(k string) bool { return !holds(k) }) {
		return false
	}
	return t.Entity == "" || u.Foldable(columns)
}

// missingTable turns the error of a table that is not there into a finding: an
// error that comes from no server, but from what the server does not list.
func missingTable(t transform.SourceTable, err error) (transform.Finding, bool) {
	var e *store.Error
	if !errors.As(err, &e) || e.Kind != store.ErrInvalid || e.Cause != nil {
		return transform.Finding{}, false
	}
	f := transform.Finding{
		Severity: transform.Error, Reason: "entity " + t.Entity + ": " + e.Detail,
		Mend: "create it, or mend source_table, --mysql or the account's rights",
	}
	if t.Entity == "" {
		f.Reason, f.Mend = "a join: "+e.Detail, "create it, or mend the join, --mysql or the account's rights"
	}
	return f, true
}
