package mysqlstore

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/jmoiron/sqlx"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// CheckLive compares a contract with the live schema: every table that it reads,
// also through joins, with columns, types, keys and engine; what in MySQL stands
// behind the joins and the declared indexes; which NULLs an item's key can't
// have; and what changes rows behind the library's back. The contract may be one
// that no store can migrate yet. Each finding points to the place in the contract
// that it is about. The error says that the schema could not be read.
//
// It finds what Store.CheckSchema finds, and what costs time or waits to go
// wrong beside it.
func CheckLive(ctx context.Context, db *sqlx.DB, c *transform.Contract) ([]transform.Finding, error) {
	if db == nil || c == nil {
		return nil, errors.New("mysqlstore: a check needs a database and a contract")
	}
	s := &Store{db: db, contract: c}
	l := &liveCheck{store: s, tables: map[string]*liveTable{}, compared: comparedColumns(c)}
	err := reading(ctx, db, func(conn *sqlx.Conn) error {
		l.conn = conn
		if err := l.read(ctx); err != nil {
			return err
		}
		return l.check(ctx)
	})
	return l.all.list, s.wrap("check live", nil, store.NoWrite, err)
}

// A liveCheck is one run of CheckLive.
type liveCheck struct {
	store    *Store
	conn     querier
	tables   map[string]*liveTable // those that are there
	compared columnsOf
	all      findings
}

// A liveTable is what the server says of a table.
type liveTable struct {
	engine  string
	columns []transform.Column
	key     []string
	indexes []liveIndex
	uniques []UniqueIndex
	foreign []liveKey
}

// read reads the schema of all tables that the contract reads.
func (l *liveCheck) read(ctx context.Context) error {
	there, err := readTables(ctx, l.conn)
	if err != nil {
		return err
	}
	for _, src := range l.store.contract.Sources {
		info, ok := there[src.Name]
		if !ok {
			continue
		}
		t := &liveTable{engine: info.engine}
		if t.columns, err = readColumns(ctx, l.conn, src.Name); err != nil {
			return err
		}
		if t.key, err = readPrimaryKey(ctx, l.conn, src.Name); err != nil {
			return err
		}
		if t.indexes, err = liveIndexes(ctx, l.conn, src.Name); err != nil {
			return err
		}
		if t.uniques, err = readIndexes(ctx, l.conn, src.Name); err != nil {
			return err
		}
		if t.foreign, err = readForeignKeys(ctx, l.conn, src.Name); err != nil {
			return err
		}
		l.tables[src.Name] = t
	}
	return nil
}

func (l *liveCheck) check(ctx context.Context) error {
	c := l.store.contract
	for _, src := range c.Sources {
		l.all.at = src.Pointer
		if l.tables[src.Name] == nil {
			l.all.add(transform.Error, "table "+src.Name+" is missing, or the account may not see it", "create it, or mend the contract or the DSN")
			continue
		}
		l.source(src)
		if err := l.sideEffects(ctx, src.Name); err != nil {
			return err
		}
	}
	for _, e := range c.Entities {
		if t := l.tables[e.Source]; t != nil {
			l.all.at = e.Pointer
			compareSequence(e, t.columns, &l.all)
			undeclared(e, t, &l.all)
			compareReferences(e, t.foreign, &l.all)
			l.nullableKeys(e, t)
			l.indexes(e)
			l.joins(e)
		}
	}
	l.patterns()
	return nil
}

// source compares a table that is there.
func (l *liveCheck) source(src *transform.Source) {
	t := l.tables[src.Name]
	ofEntity := slices.ContainsFunc(l.store.contract.Entities, func(e *transform.Entity) bool { return e.Source == src.Name })
	if !strings.EqualFold(t.engine, "InnoDB") {
		l.engine(src, t, ofEntity)
	}
	var want []string
	for _, i := range src.Key {
		want = append(want, src.Columns[i].Name)
	}
	if ofEntity || len(t.key)+len(want) > 0 {
		compareKey(src.Name, t.key, want, &l.all)
	}
	for _, c := range src.Columns {
		n := columnOf(t.columns, c.Name)
		if n < 0 {
			l.all.add(transform.Error, "table "+src.Name+" has no column "+c.Name, "mend the contract or the table")
			continue
		}
		compareColumn(src.Name, c, t.columns[n], l.compared.has(src.Name, c.Name), &l.all)
	}
	l.uniques(src, t)
	if ofEntity || isPart(l.store.contract, src.Name) {
		unmapped(src.Name, src.Columns, t.columns, &l.all)
	}
}

// engine says what an engine without transactions means.
func (l *liveCheck) engine(src *transform.Source, t *liveTable, ofEntity bool) {
	switch {
	case ofEntity || t.engine != "":
		l.all.add(transform.Error, notInnoDB(src.Name, t.engine), "")
	default:
		l.all.add(transform.Warning, src.Name+" is a view: nothing tells which items change when a table behind it does",
			"join the table itself")
	}
}

// nullableKeys finds columns of an item's key that may be NULL in MySQL.
func (l *liveCheck) nullableKeys(e *transform.Entity, t *liveTable) {
	columns, _ := e.ItemKeyColumns()
	for _, i := range columns {
		c := &e.Columns[i]
		n := columnOf(t.columns, c.Name)
		if !c.IsOwn() || n < 0 || !t.columns[n].Nullable {
			continue
		}
		severity := transform.Error
		if c.Nullable {
			severity = transform.Warning // which the contract knows of
		}
		l.all.add(severity, "column "+e.Source+"."+c.Name+" may be NULL and is part of the item's key, and no item has a key without it",
			"make it NOT NULL; contract check --data counts the rows that have none")
	}
}

// attributeOf returns where the contract describes what shows a column, and its
// name: of an attribute, or of the entity where none does.
func attributeOf(e *transform.Entity, column int) (pointer, name string) {
	shows := func(a transform.Attribute) bool { return a.Column == column }
	i := slices.IndexFunc(e.Attributes, shows)
	for n := 0; i < 0 && n < len(e.Attributes); n++ {
		if made, _ := e.MadeOf(n); slices.Contains(made, column) {
			i = n
		}
	}
	if i < 0 {
		return e.Pointer, e.Columns[column].Name
	}
	return e.AttributePointer(i), e.Attributes[i].Name
}
