package transform

import (
	"slices"
	"strings"
)

// A Source is a table of MySQL that a contract reads, as the source of an
// entity or through a join.
type Source struct {
	Name    string
	Columns []Column
	Key     []int   // positions in Columns, in the order of the primary key
	Unique  [][]int // sets of positions that hold no combination of values twice, but for NULLs
	// Pointer is where the contract describes the table, a JSON pointer.
	Pointer string `json:"-"`

	// guessed says that the contract does not tell the columns. They are then
	// those that it uses, of no kind, so that a check finds what else is wrong.
	guessed bool
}

// ColumnIndex returns the position of the named column, or -1. As in MySQL, the
// case of letters makes no difference.
func (s *Source) ColumnIndex(name string) int {
	return slices.IndexFunc(s.Columns, func(c Column) bool { return strings.EqualFold(c.Name, name) })
}

// identifies reports whether no two rows have the same values in the columns.
func (s *Source) identifies(columns []int) bool {
	holds := func(set []int) bool {
		return len(set) > 0 && !slices.ContainsFunc(set, func(c int) bool { return !slices.Contains(columns, c) })
	}
	return holds(s.Key) || slices.ContainsFunc(s.Unique, holds)
}

// column is ColumnIndex, but a table whose columns are not known has each that
// is asked for.
func (s *Source) column(name string) int {
	i := s.ColumnIndex(name)
	if i < 0 && s.guessed && name != "" {
		i = len(s.Columns)
		s.Columns = append(s.Columns, Column{Name: name, Nullable: true})
		if strings.EqualFold(name, "id") {
			s.Key = []int{i} // as nearly everywhere; the contract is not used
			s.Columns[i].Nullable = false
		}
	}
	return i
}

func (s *Source) names() []string { return columnNamesOf(s.Columns) }

func columnNamesOf(columns []Column) []string {
	names := make([]string, len(columns))
	for i, c := range columns {
		names[i] = c.Name
	}
	return names
}
