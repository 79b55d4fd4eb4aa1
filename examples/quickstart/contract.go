package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/crossfade-go/crossfade/transform"
)

// What the contract must have, since the load uses it by name.
const (
	sourceTable   = "users"
	usernameIndex = "UsernameIndex"
	emailIndex    = "EmailIndex"
)

// A mapping is the contract as this program needs it: one entity on the users
// table, with the two indexes.
type mapping struct {
	contract *transform.Contract
	entity   *transform.Entity
}

// loadMapping checks a contract: first as any contract is checked, then whether
// it fits what the program does.
func loadMapping(file string, data []byte) (*mapping, error) {
	c, err := transform.Load(data)
	if err != nil {
		return nil, found("%s: %w", file, err)
	}
	if len(c.Entities) != 1 || c.Entities[0].Source != sourceTable {
		return nil, found("%s: this program fills the table %s; let the contract have one table with that source_table", file, sourceTable)
	}
	m := &mapping{c, c.Entities[0]}
	if err := errors.Join(m.checkColumns(), m.checkIndex(usernameIndex, "username"), m.checkIndex(emailIndex, "email")); err != nil {
		return nil, found("%s: %w", file, err)
	}
	return m, nil
}

// checkColumns finds columns that the table will not have, before it is made.
func (m *mapping) checkColumns() error {
	var errs []error
	for _, c := range m.entity.Columns {
		if !slices.Contains(columns(), c.Name) {
			errs = append(errs, fmt.Errorf("table %s has no column %s; it has %s", sourceTable, c.Name, strings.Join(columns(), ", ")))
		}
	}
	for _, name := range columns() {
		if m.entity.ColumnIndex(name) < 0 {
			errs = append(errs, fmt.Errorf("the contract leaves out column %s; add it to columns, and an attribute for it", name))
		}
	}
	return errors.Join(errs...)
}

// checkIndex finds an index that the load could not look users up by.
func (m *mapping) checkIndex(name, column string) error {
	index := m.entity.Index(name)
	if index == nil {
		return fmt.Errorf("there is no index %s, which the load looks users up by; add it to gsis", name)
	}
	if i := m.entity.AttributeIndex(index.PK.Name); i < 0 || m.entity.Columns[m.entity.Attributes[i].Column].Name != column {
		return fmt.Errorf("index %s does not look up column %s; let its pk be that column's attribute", name, column)
	}
	return nil
}

// attribute returns the name of the attribute that carries a column.
func (m *mapping) attribute(column string) string {
	for _, a := range m.entity.Attributes {
		if m.entity.Columns[a.Column].Name == column {
			return a.Name
		}
	}
	return ""
}

// checkRows finds rows that the contract can't turn into items. Nothing has
// been written yet; left in, such a row would end as a dead letter of the
// backfill.
func (m *mapping) checkRows(file string, rows []csvRow) error {
	for _, row := range rows {
		if err := m.checkRow(row.plain); err != nil {
			return found("%s:%d: %w", file, row.line, err)
		}
	}
	return nil
}

func (m *mapping) checkRow(p plain) error {
	record := m.entity.NewRecord()
	for i, text := range p.sql() {
		column := m.entity.Columns[m.entity.ColumnIndex(columns()[i])]
		if text == nil {
			continue
		}
		v, err := column.Parse(fmt.Sprint(text))
		if err != nil {
			return err
		}
		record.SetAt(m.entity.ColumnIndex(column.Name), v)
	}
	_, err := m.entity.Item(record)
	return err
}
