package transform

import (
	"cmp"
	"slices"

	"github.com/crossfade-go/crossfade/transform/internal/fragment"
)

// A Graph says which attributes a change in MySQL reaches: for each column of
// each source table what is made of it, and how that is kept.
type Graph struct {
	// Feeds are sorted by table in the order of Contract.Sources, then by column
	// as in the table, then by entity and attribute as in the contract.
	Feeds []Feed `json:"feeds"`
}

// A Feed is a column of a source table and an attribute that is made of it.
type Feed struct {
	Table     string `json:"table"`
	Column    string `json:"column"`
	Entity    string `json:"entity"`
	Attribute string `json:"attribute"`
	// Through is the way from the changed row to the record: "" where it is the
	// record's own row, else the conditions of the joins, as in
	// "categories.id = products.category_id".
	Through string `json:"through,omitempty"`
	// MySQL and DynamoDB say how the attribute is kept while each is the
	// authority: KeptOwn, KeptNone, or a Keep.
	MySQL    string `json:"mysql"`
	DynamoDB string `json:"dynamodb"`

	source, entity, column, attribute int // for the order
}

// How a Feed is kept where no Keep says it.
const (
	KeptOwn  = "own"  // it is written with its record
	KeptNone = "none" // the contract does not say: the stores refuse it
)

// A Touch is what a change reaches of one entity's items. What is hydrated is in none.
type Touch struct {
	Entity     string   `json:"entity"`
	Attributes []string `json:"attributes"` // in the order of the contract
	// Own says that the changed row is a record's own, so that its key tells the
	// item. Joined are the columns of Entity.Columns through which other records
	// are reached: their joins, turned around, tell which.
	Own    bool  `json:"own"`
	Joined []int `json:"-"`
}

// Graph returns what every column of every source table feeds.
func (c *Contract) Graph() Graph {
	var g Graph
	for n, e := range c.Entities {
		for i, a := range e.Attributes {
			columns, _ := e.MadeOf(i)
			for _, column := range columns {
				for _, f := range c.feeds(e, column) {
					f.Entity, f.Attribute, f.entity, f.attribute = e.Name, a.Name, n, i
					g.add(f)
				}
			}
		}
	}
	slices.SortFunc(g.Feeds, func(a, b Feed) int {
		return cmp.Or(cmp.Compare(a.source, b.source), cmp.Compare(a.column, b.column), cmp.Compare(a.entity, b.entity),
			cmp.Compare(a.attribute, b.attribute), cmp.Compare(a.Through, b.Through))
	})
	return g
}

// add appends a feed that is not there yet.
func (g *Graph) add(f Feed) {
	if !slices.Contains(g.Feeds, f) {
		g.Feeds = append(g.Feeds, f)
	}
}

// feeds returns the feeds of one column of an entity that is not computed.
func (c *Contract) feeds(e *Entity, column int) []Feed {
	j := e.Columns[column].Join
	if j == nil {
		return []Feed{c.feed(e.source(c), column, KeptOwn, KeptOwn, "")}
	}
	k := e.Columns[column].Keep
	mysql, dynamo := cmp.Or(k.MySQL, KeepLive), cmp.Or(k.DynamoDB, KeptNone)
	if c := &e.Columns[column]; c.Hydrated && !c.Copied {
		mysql = KeepHydrate // an item has one shape, whoever leads
	}
	if j.Owned {
		mysql, dynamo = KeptOwn, KeptOwn
	}
	var out []Feed
	for _, own := range j.reads(e, -1) {
		// What of its own row a joined column is made of changes with the record.
		out = append(out, c.feed(e.source(c), own, KeptOwn, KeptOwn, ""))
	}
	if len(j.Hops) == 0 {
		for _, of := range j.reads(e, -1) {
			out = append(out, c.feed(e.source(c), of, mysql, dynamo, "the rows below in the tree"))
		}
	}
	for i := range j.Hops {
		for _, of := range j.reads(e, i) {
			out = append(out, c.feed(j.Hops[i].Source, of, mysql, dynamo, j.through(e, i)))
		}
	}
	return out
}

func (c *Contract) feed(s *Source, column int, mysql, dynamo, through string) Feed {
	return Feed{Table: s.Name, Column: s.Columns[column].Name, Through: through, MySQL: mysql, DynamoDB: dynamo,
		source: slices.Index(c.Sources, s), column: column}
}

// source returns the table that the entity's rows are in.
func (e *Entity) source(c *Contract) *Source {
	i := slices.IndexFunc(c.Sources, func(s *Source) bool { return s.Name == e.Source })
	return c.Sources[i]
}

// reads returns the columns that a join reads of a hop's table, or of the
// record's own row with hop -1, in the order of the table.
func (j *Join) reads(e *Entity, hop int) []int {
	var columns []int
	for i, h := range j.Hops {
		for _, on := range h.On {
			if i == hop {
				columns = append(columns, on.Column)
			}
			if on.From == hop {
				columns = append(columns, on.FromColumn)
			}
		}
	}
	alias, of := ownAlias, e.Columns
	if hop >= 0 {
		alias, of = hopAlias(hop), j.Hops[hop].Source.Columns
	}
	for _, r := range j.value.Refs() {
		if r.Table == alias {
			columns = append(columns, indexOf(of, r))
		}
	}
	if hop == 0 {
		for _, f := range j.Fields {
			columns = append(columns, f.Column)
		}
		for _, o := range j.Order {
			columns = append(columns, o.Column)
		}
	}
	if hop < 0 && len(j.Hops) == 0 {
		columns = append(append(columns, e.KeyColumns...), j.Parent)
		if j.Kind == JoinPath {
			columns = append(columns, j.Text)
		}
	}
	slices.Sort(columns)
	return slices.Compact(columns)
}

func indexOf(columns []Column, r fragment.Ref) int {
	return slices.IndexFunc(columns, func(c Column) bool { return c.Name == r.Name })
}

// through writes the conditions between the record's row and that of a hop.
func (j *Join) through(e *Entity, hop int) string {
	var text string
	for i := hop; i >= 0; {
		next := -1
		for _, on := range j.Hops[i].On {
			if text != "" {
				text += " and "
			}
			from, column := e.Source, ""
			if on.From >= 0 {
				from, column = j.Hops[on.From].Source.Name, j.Hops[on.From].Source.Columns[on.FromColumn].Name
			} else {
				column = e.Columns[on.FromColumn].Name
			}
			text += j.Hops[i].Source.Name + "." + j.Hops[i].Source.Columns[on.Column].Name + " = " + from + "." + column
			next = max(next, on.From)
		}
		i = next
	}
	return text
}

// Touched returns what a change of the named columns of a table reaches, in the
// order of the contract's entities. No columns are all: a row that comes or goes.
func (c *Contract) Touched(table string, columns ...string) []Touch {
	var out []Touch
	for _, e := range c.Entities {
		t := Touch{Entity: e.Name, Own: e.Source == table}
		for i, a := range e.Attributes {
			touched := false
			inputs, _ := e.MadeOf(i)
			if e.isHydrated(i) {
				inputs = nil // no item has it
			}
			for _, input := range inputs {
				for _, f := range c.feeds(e, input) {
					if f.Table != table || len(columns) > 0 && !slices.Contains(columns, f.Column) {
						continue
					}
					touched = true
					if f.Through != "" && !slices.Contains(t.Joined, input) {
						t.Joined = append(t.Joined, input)
					}
				}
			}
			if touched {
				t.Attributes = append(t.Attributes, a.Name)
			}
		}
		if len(t.Attributes) > 0 {
			out = append(out, t)
		}
	}
	return out
}
