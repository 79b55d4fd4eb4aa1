package transform

import (
	"fmt"
	"slices"
	"strings"

	"github.com/crossfade-go/crossfade/transform/internal/fragment"
)

// selfTarget finds the table of a self-join: the source table, unless the
// contract means another one and only one can be meant.
func (j *joiner) selfTarget(target, alias string) string {
	own := j.entity.Source
	if target != "" {
		if target != own {
			j.warn(j.at+"/target_table", fmt.Sprintf("a self-join of %s, and not of %s", target, own), `use "foreign-key"`)
		}
		return target
	}
	wanted, named := j.aliasColumns(alias), j.namedAfter(alias)
	var fits []string
	for _, table := range j.tableNames {
		desc := j.described[table]
		if table != own && (desc == nil || desc.source.guessed) && slices.Contains(named, table) ||
			desc != nil && !desc.source.guessed && !slices.ContainsFunc(wanted, func(c string) bool { return desc.source.ColumnIndex(c) < 0 }) {
			fits = append(fits, table)
		}
	}
	fits = slices.DeleteFunc(fits, func(table string) bool { return table == own })
	if len(fits) > 1 && len(named) == 1 && slices.Contains(fits, named[0]) {
		fits = named
	}
	switch {
	case !slices.ContainsFunc(wanted, func(c string) bool { return j.from.column(c) < 0 }) && len(named) == 0:
		return own
	case len(fits) == 1:
		j.warn(j.at, fmt.Sprintf("a self-join through which another table is joined: %s is taken to be %s, the only table that fits", alias, fits[0]),
			fmt.Sprintf(`use "foreign-key" with "target_table": %q`, fits[0]))
		return fits[0]
	}
	j.err(j.at, fmt.Sprintf("a self-join that does not look like one: %s of %s is compared, and which table %s is can't be told",
		strings.Join(wanted, " and "), alias, alias), `use "foreign-key" with a "target_table"`)
	return ""
}

// aliasColumns returns the columns of the alias that a self-join names.
func (j *joiner) aliasColumns(alias string) []string {
	var names []string
	add := func(r fragment.Ref) {
		if r.Table == alias && !slices.Contains(names, r.Name) {
			names = append(names, r.Name)
		}
	}
	for _, property := range []string{"join_condition", "select_column"} {
		if f, err := fragment.Parse(j.n.str(property)); err == nil {
			for _, r := range f.Refs() {
				add(r)
			}
		}
	}
	return names
}

// namedAfter returns the other tables that a column of the record's own row is
// named after, as category_id is after categories: a self-join that compares it
// would find a row of its own table that happens to have the same number.
func (j *joiner) namedAfter(alias string) []string {
	f, err := fragment.Parse(j.n.str("join_condition"))
	if err != nil {
		return nil
	}
	var tables []string
	for _, r := range f.Refs() {
		stem, isID := strings.CutSuffix(strings.ToLower(r.Name), "_id")
		if r.Table == alias || !isID || len(stem) < 3 {
			continue
		}
		is := func(table string) bool { return strings.HasPrefix(strings.ToLower(table), stem[:len(stem)-1]) }
		if is(j.entity.Source) {
			return nil
		}
		for _, table := range j.tableNames {
			if is(table) {
				tables = append(tables, table)
			}
		}
	}
	return tables
}
