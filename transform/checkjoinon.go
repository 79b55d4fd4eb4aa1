package transform

import (
	"fmt"
	"slices"

	"github.com/crossfade-go/crossfade/transform/internal/fragment"
)

// on finds out which side of an equality is the hop's.
func (j *joiner) on(target *Source, name, table string, c condition) (On, bool) {
	left, right := c.Left.Ref, c.Right.Ref
	leftIs, rightIs := j.belongs(left, target, name, table), j.belongs(right, target, name, table)
	if leftIs && rightIs {
		leftIs, rightIs = j.byKey(target, left), j.byKey(target, right)
		if leftIs == rightIs {
			j.err(c.at, fmt.Sprintf("%q does not say which side is the row that is joined: %s", c.text, j.whichKey(target, leftIs)),
				`give the join a "join_alias", and name the columns of the joined row with it`)
			return On{}, false
		}
		if j.join.Kind != JoinAggregate && j.join.Kind != JoinChildren { // of which see manyRows
			j.selfReference(c, name)
		}
	}
	if !leftIs && !rightIs {
		j.err(c.at, fmt.Sprintf("%q has no column of %s, which it joins", c.text, name), "")
		return On{}, false
	}
	if rightIs {
		left, right = right, left
	}
	column := target.column(left.Name)
	if column < 0 {
		j.err(c.at, fmt.Sprintf("table %s has no column %q", target.Name, left.Name), suggest(left.Name, target.names()))
		return On{}, false
	}
	hop, from, ok := j.origin(right, c.at)
	if !ok {
		return On{}, false
	}
	on := On{Column: column, From: hop, FromColumn: from}
	j.sameType(on, target, c)
	return on, true
}

// selfReference warns that a table is joined with itself under one name.
func (j *joiner) selfReference(c condition, name string) {
	j.warn(c.at, fmt.Sprintf("%q joins %s with itself under one name: here the side that is the primary key is the joined row, and so is %s in what is selected; other readers of the format select the record's own row",
		c.text, name, name), `give the join a "join_alias", and name the columns of the joined row with it`)
}

// belongs reports whether a reference may be to the table that is joined.
func (j *joiner) belongs(r fragment.Ref, target *Source, name, table string) bool {
	switch r.Table {
	case name:
		return true
	case table:
		return name == table || table != j.entity.Source && !slices.Contains(j.called, table)
	case "":
		return target.ColumnIndex(r.Name) >= 0 && j.columnNamed(r.Name) < 0
	}
	return false
}

// byKey reports whether the column is the whole primary key of the table.
func (j *joiner) byKey(target *Source, r fragment.Ref) bool {
	column := target.column(r.Name)
	return slices.Equal(target.Key, []int{column})
}

func (j *joiner) whichKey(target *Source, both bool) string {
	if both {
		return "both are the primary key of " + target.Name
	}
	return "neither is the primary key of " + target.Name
}

// origin resolves the other side of a condition: a column of an earlier hop, the
// latest first, or of the own row.
func (j *joiner) origin(r fragment.Ref, at string) (hop, column int, ok bool) {
	for i := len(j.join.Hops) - 1; i >= 0; i-- {
		if r.Table == j.called[i] {
			if column = j.join.Hops[i].Source.column(r.Name); column < 0 {
				break
			}
			return i, column, true
		}
	}
	if j.isOwn(r) {
		if column = j.ownColumn(r.Name); column >= 0 {
			return -1, column, true
		}
		j.err(at, fmt.Sprintf("table %s has no column %q", j.entity.Source, r.Name), suggest(r.Name, j.columnNames()))
		return 0, 0, false
	}
	j.err(at, fmt.Sprintf("%s is neither a column of %s nor of a table that was joined before", r, j.entity.Source), "")
	return 0, 0, false
}

// sameType finds conditions that compare what MySQL compares by guessing.
func (j *joiner) sameType(on On, target *Source, c condition) {
	a, b := target.Columns[on.Column].Kind, j.originColumn(on).Kind
	if a == 0 || b == 0 || a == b || a == Bool && b == Int || a == Int && b == Bool {
		return
	}
	j.err(c.at, fmt.Sprintf("%q compares %s with %s, which MySQL does by guessing and without an index", c.text, a, b),
		"give both columns the same type")
}

func (j *joiner) originColumn(on On) Column {
	if on.From < 0 {
		return j.entity.Columns[on.FromColumn]
	}
	return j.join.Hops[on.From].Source.Columns[on.FromColumn]
}
