package transform

import (
	"fmt"
	"slices"
	"strings"
)

// negatives warns of templates that pad numbers which may be below zero. It is
// asked when all joins are known, since ids that MySQL hands out are never below
// zero, nor are references to them: columns by which a join finds them, and those
// that are called so.
func (c *checker) negatives() {
	for _, k := range c.entities {
		for i, a := range k.entity.Attributes {
			if a.Column < 0 {
				continue
			}
			t, ok := k.entity.Columns[a.Column].computation.(*templated)
			if !ok {
				continue
			}
			for _, p := range t.parts() {
				if p.width > 0 && c.mayBeNegative(k, p.column) {
					name := k.entity.Columns[p.column].Name
					k.warn(k.attributeAt[i], fmt.Sprintf("column %s has a sign, and the template pads no number below zero: rows with one are refused", name),
						`declare the column "unsigned" if MySQL has it so`)
				}
			}
		}
	}
}

// mayBeNegative reports whether a column of whole numbers can be below zero, as
// far as the contract tells.
func (c *checker) mayBeNegative(k *entityChecker, column int) bool {
	of := &k.entity.Columns[column]
	switch {
	case of.Kind == Decimal:
		return !of.Unsigned
	case of.Kind != Int || of.Unsigned || of.Generated == "auto_increment" || of.SQLType == "year" || of.SQLType == "bit":
		return false
	case of.Join != nil && of.Join.Kind != JoinLookup:
		return of.Join.Operation != "COUNT" && of.Join.Kind != JoinDepth
	case of.Join != nil:
		r, alone := of.Join.value.Column()
		if !alone {
			return true
		}
		from := of.Join.column(k.entity, r)
		return from.Generated != "auto_increment"
	case of.IsComputed():
		return true
	}
	return !strings.HasSuffix(strings.ToLower(of.Name), "_id") && !c.refersToIDs(k.entity.Source, of.Name)
}

// refersToIDs reports whether a join of the contract finds rows by the column and
// an AUTO_INCREMENT, from either side.
func (c *checker) refersToIDs(table, column string) bool {
	for _, k := range c.entities {
		for i := range k.entity.Columns {
			j := k.entity.Columns[i].Join
			if j != nil && slices.ContainsFunc(j.Hops, func(h Hop) bool { return k.pairsWithID(j, h, table, column) }) {
				return true
			}
		}
	}
	return false
}

// pairsWithID is refersToIDs of one table of a join.
func (k *entityChecker) pairsWithID(j *Join, h Hop, table, column string) bool {
	for _, on := range h.On {
		fromTable, columns := k.entity.Source, k.entity.Columns
		if on.From >= 0 {
			fromTable, columns = j.Hops[on.From].Source.Name, j.Hops[on.From].Source.Columns
		}
		if on.FromColumn < 0 || on.FromColumn >= len(columns) || on.Column < 0 || on.Column >= len(h.Source.Columns) {
			continue
		}
		from, to := &columns[on.FromColumn], &h.Source.Columns[on.Column]
		switch {
		case fromTable == table && from.Name == column && to.Generated == "auto_increment",
			h.Source.Name == table && to.Name == column && from.Generated == "auto_increment":
			return true
		}
	}
	return false
}
