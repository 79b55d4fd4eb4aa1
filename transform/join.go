package transform

import (
	"strconv"

	"github.com/crossfade-go/crossfade/transform/internal/fragment"
)

// A JoinKind says how many rows a joined column is made of, and how.
type JoinKind uint8

// The kinds of joins.
const (
	// JoinLookup is a value of at most one row of each table: of all joins but
	// the following.
	JoinLookup JoinKind = iota + 1
	// JoinAggregate is SUM, COUNT, AVG, MIN or MAX over the rows of one table.
	JoinAggregate
	// JoinChildren is the rows of one table, as a list of maps.
	JoinChildren
	// JoinObject is one row of one table, as a map.
	JoinObject
	// JoinDepth is how far a row is from the root of its tree.
	JoinDepth
	// JoinPath is the texts of a row and all above it, from the root.
	JoinPath
)

// A Join says where the value of a joined column comes from. All joins are LEFT.
type Join struct {
	Kind JoinKind
	// Hops are the tables that are joined, in order; of all kinds but lookups
	// there is one. Trees have none: they stay in the source table.
	Hops []Hop
	// Operation is SUM, COUNT, AVG, MIN or MAX of an aggregate.
	Operation string
	// Fields are what a map of JoinChildren and JoinObject holds.
	Fields []Field
	// Order and Limit are those of JoinChildren. The primary key is last in
	// Order, so that it is complete. Limit is 0 for all rows.
	Order []Order
	Limit int
	// Parent and Text are columns of the source table, of trees: the one that
	// has the key of the row above, and that of the texts. Separator is between
	// these.
	Parent, Text int
	Separator    string

	// value is what is selected by a lookup, or aggregated. Its references have
	// the aliases that the SQL has: ownAlias, and those of Hops.
	value fragment.Fragment
	// orElse is what a lookup gives where the value is NULL, with hasElse.
	orElse  string
	hasElse bool
}

// A Hop is one table of a join.
type Hop struct {
	Source *Source
	On     []On // all of them hold
}

// An On says that a column of the hop's table equals a column of the record's
// own row, with From -1, or of an earlier hop.
type On struct {
	Column     int // of the hop's Source
	From       int // position in Hops, or -1
	FromColumn int // of that hop's Source, or of Entity.Columns
}

// A Field is one value of a map.
type Field struct {
	Name   string
	Column int // of the hop's Source
}

// An Order is one column of an ORDER BY.
type Order struct {
	Column     int // of the hop's Source
	Descending bool
}

// Aliases of the tables in the SQL of a join.
const ownAlias = "r"

func hopAlias(i int) string { return "j" + strconv.Itoa(i+1) }

// maxTreeDepth is how many rows above it a row of a tree may have. A row with
// more, or one that is above itself, can't be read.
const maxTreeDepth = 31
