package transform

import (
	"slices"
	"strconv"
	"strings"

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
	// ZeroDates says what becomes of zero and partial dates in the maps, as
	// Column.ZeroDates does.
	ZeroDates string `json:",omitempty"`
	// Order and Limit are those of JoinChildren. The primary key is last in
	// Order, so that it is complete. Limit is 0 for all rows.
	Order []Order
	Limit int
	// Owned says of JoinChildren that the rows are part of the record: no entity
	// is made of their table, and all those that have the record's key are there.
	Owned bool
	// Parent and Text are columns of the source table, of trees: the one that
	// has the key of the row above, and that of the texts. Separator is between
	// these.
	Parent, Text int
	Separator    string

	// value is what is selected by a lookup, or aggregated. Its references have
	// the aliases that the SQL has: ownAlias, and those of Hops.
	value fragment.Fragment
	// grows says that the value has texts for which the server may have no room.
	grows bool
	// orElse is what a lookup gives where it finds no row, with hasElse.
	orElse  string
	hasElse bool
}

// A Keep says how a joined column is kept when rows that it is made of change
// without the record. Either is "" where the contract does not say.
type Keep struct {
	MySQL    string // while MySQL is the authority: KeepLive, which it is by default, or KeepCopy
	DynamoDB string // while DynamoDB is: KeepCopy, KeepEdge, KeepCounter or KeepHydrate
}

// How a joined column is kept.
const (
	KeepLive    = "live"    // the item follows
	KeepCopy    = "copy"    // the item has what was there when its record was written
	KeepEdge    = "edge"    // the item follows, found through an edge item that the record's writer leaves
	KeepCounter = "counter" // the item has a number that follows what is counted
	KeepHydrate = "hydrate" // not in the item: joined when it is read
)

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

// field is the column of a field of the maps.
func (j *Join) field(f Field) *Column {
	c := &j.Hops[0].Source.Columns[f.Column]
	if j.ZeroDates == "" || !c.isDate() {
		return c
	}
	own := *c // the table's is that of other joins too
	own.ZeroDates = j.ZeroDates
	return &own
}

// HasDates reports whether the maps of a join have dates or times; those of no join
// have none.
func (j *Join) HasDates() bool {
	return j != nil && slices.ContainsFunc(j.Fields, func(f Field) bool { return j.field(f).isDate() })
}

// isDate reports whether the column may have zero and partial dates.
func (c *Column) isDate() bool { return c.Kind == Date || c.Kind == DateTime || c.Kind == Timestamp }

// An Order is one column of an ORDER BY.
type Order struct {
	Column     int // of the hop's Source
	Descending bool
}

// Aliases of the tables in the SQL of a join.
const ownAlias = "r"

func hopAlias(i int) string { return "j" + strconv.Itoa(i+1) }

// column returns the column that a resolved reference of the join means, one
// without a kind if there is none.
func (j *Join) column(e *Entity, r fragment.Ref) *Column {
	columns := e.Columns
	for i, h := range j.Hops {
		if r.Table == hopAlias(i) {
			columns = h.Source.Columns
		}
	}
	if i := slices.IndexFunc(columns, func(c Column) bool { return strings.EqualFold(c.Name, r.Name) }); i >= 0 {
		return &columns[i]
	}
	return &Column{}
}

// maxTreeDepth is how many rows above it a row of a tree may have. A row with
// more, or one that is above itself, can't be read.
const maxTreeDepth = 31
