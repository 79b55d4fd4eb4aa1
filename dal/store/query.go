package store

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/crossfade-go/crossfade/transform"
)

// A Query asks for the records of one entity that an index of the contract
// holds under one value of its partition key, in the order of its sort key. The
// table's own key is an index like any other, and the only one of DynamoDB that
// shows at once what was written; a query that gives all columns of a unique shows it
// too, by whatever index (transform.Unique.TextOf). NewLookup says what a query means.
type Query struct {
	Entity *transform.Entity
	Index  string          // an index of the entity's table; "" is the table's own key
	Equal  transform.Value // of the partition key: what its column shows
	// Lower and Upper bound the sort key where the index has one; nil is open.
	// One value is both, and a prefix is what PrefixBounds makes of it. A lower
	// bound above the upper one finds nothing, and is no error. Of a computed
	// attribute they are what it shows: transform.Entity.ShownOf makes that.
	Lower, Upper *Bound
	Descending   bool
	Limit        int // of rows, at least 1
	// After is the last record of the page before; the zero Record begins. It may
	// also have nothing but the key and the columns of the index: what a computed
	// one shows is then set in that column.
	After transform.Record
}

// A Bound is one end of a range of sort key values.
type Bound struct {
	Value     transform.Value
	Exclusive bool
}

// A Lookup is a query that makes sense: its key resolved to columns, its values
// of their kinds. It is what the stores answer alike, members and order: numbers
// by size, everything else by its bytes (Value.Compare); records with equal sort
// keys in the order of the primary key's columns; none of which a key attribute is
// absent, or can't be made. A computed attribute is what its column shows, text that
// is compared by its bytes.
type Lookup struct {
	Query
	Key       transform.Index // what is asked; of the table's own key, without a name
	Partition int             // the column of the partition key, own or computed
	Sort      int             // the column of the sort key, -1 without one
	// Order are the columns that tell two of its records apart, in order: the sort
	// key and the primary key, each once, and not the column of the partition key,
	// in which all records have the same.
	Order []int
}

// NewLookup returns the lookup of a query, or an error that says what makes no
// sense in it, and where an index lacks, what to add to the contract.
func NewLookup(q Query) (*Lookup, error) {
	if q.Entity == nil {
		return nil, errors.New("no entity is given")
	}
	key, err := KeyNamed(q.Entity, q.Index)
	if err != nil {
		return nil, err
	}
	l := &Lookup{Query: q, Key: key, Partition: ColumnOf(q.Entity, key.PK), Sort: ColumnOf(q.Entity, key.SK)}
	if err := l.check(); err != nil {
		return nil, err
	}
	for _, i := range append([]int{l.Sort}, q.Entity.KeyColumns...) {
		if i >= 0 && i != l.Partition && !slices.Contains(l.Order, i) {
			l.Order = append(l.Order, i)
		}
	}
	return l, nil
}

// KeyNamed returns the index of the entity's table with that name, "" for the
// table's own key. The error names the indexes that there are.
func KeyNamed(e *transform.Entity, name string) (transform.Index, error) {
	if name == "" {
		return transform.Index{PK: e.Table.PK, SK: e.Table.SK, Projection: "ALL"}, nil
	}
	if index := e.Index(name); index != nil {
		return *index, nil
	}
	return transform.Index{}, fmt.Errorf(`table %s has no index %q in the contract; there are %s. To add one, put `+
		`{"index_name": %q, "pk": …, "sk": …, "projection": "ALL"} into the table's "gsis"`, e.Table.Name, name, keys(e), name)
}

// keys lists what a query of the entity can ask, with the attributes.
func keys(e *transform.Entity) string {
	list := []string{"the table's own key" + attributes(e.Table.PK, e.Table.SK)}
	for _, index := range e.Table.Indexes {
		list = append(list, index.Name+attributes(index.PK, index.SK))
	}
	return strings.Join(list, ", ")
}

func attributes(pk, sk transform.KeyAttribute) string {
	if sk.IsZero() {
		return " (" + pk.Name + ")"
	}
	return " (" + pk.Name + ", " + sk.Name + ")"
}

// ColumnOf returns the position of the column behind a key attribute, -1 if the
// entity has none.
func ColumnOf(e *transform.Entity, k transform.KeyAttribute) int {
	i := e.AttributeIndex(k.Name)
	if k.IsZero() || i < 0 {
		return -1
	}
	return e.Attributes[i].Column
}

// check finds what makes no sense.
func (l *Lookup) check() error {
	switch {
	case l.Partition < 0 || l.Sort < 0 && !l.Key.SK.IsZero():
		return fmt.Errorf("the entity has no attribute for the key of %s", KeyName(l.Index))
	case l.Limit < 1:
		return fmt.Errorf("the limit is %d, and must be at least 1", l.Limit)
	}
	if err := l.comparable(l.Partition, l.Equal); err != nil {
		return err
	}
	for _, b := range []*Bound{l.Lower, l.Upper} {
		if b == nil {
			continue
		}
		if l.Sort < 0 {
			return NoSortKey(l.Entity, l.Key, func(c *transform.Column) bool { return c.Kind == b.Value.Kind() })
		}
		if err := l.comparable(l.Sort, b.Value); err != nil {
			return err
		}
	}
	return l.checkAfter()
}

// comparable returns an error if a value is none that the column could have.
func (l *Lookup) comparable(column int, v transform.Value) error {
	if c := &l.Entity.Columns[column]; v.Kind() != c.Kind {
		return fmt.Errorf("%s compares column %s, of kind %s, with a value of kind %s", KeyName(l.Index), c.Name, c.Kind, v.Kind())
	}
	return nil
}

// checkAfter looks at the record after which the answer goes on.
func (l *Lookup) checkAfter() error {
	switch {
	case l.After.IsZero():
		return nil
	case l.After.Entity() != l.Entity:
		return errors.New("the record to go on after is of another entity or contract")
	}
	for _, i := range append([]int{l.Sort}, l.Entity.KeyColumns...) {
		if i >= 0 && l.At(l.After, i).Kind() != l.Entity.Columns[i].Kind {
			return fmt.Errorf("the record to go on after has no value of column %s, and so no place in %s", l.Entity.Columns[i].Name, KeyName(l.Index))
		}
	}
	return nil
}

// KeyName names an index for messages, "" being the table's own key.
func KeyName(index string) string {
	if index == "" {
		return "the table's own key"
	}
	return "index " + index
}

// NoSortKey is the error of a query that bounds the sort key where there is none.
// It names the attributes that could be one: those of whose columns fits says that
// they can be compared with the bound.
func NoSortKey(e *transform.Entity, key transform.Index, fits func(*transform.Column) bool) error {
	var names []string
	for _, a := range e.Attributes {
		if a.Name != key.PK.Name && len(a.Type) == 1 && strings.Contains("SNB", a.Type) && a.Column >= 0 && fits(&e.Columns[a.Column]) {
			names = append(names, a.Name)
		}
	}
	advice := ""
	if names != nil {
		advice = fmt.Sprintf(`: add an index {"index_name": …, "pk": %q, "sk": %q, "projection": "ALL"} to the "gsis" of table %s`,
			key.PK.Name, names[0], e.Table.Name)
	}
	if len(names) > 1 {
		advice += ", or with another sort key of " + strings.Join(names, ", ")
	}
	return fmt.Errorf("%s has no sort key to bound%s", KeyName(key.Name), advice)
}

// UniqueValue returns the position in Entity.Unique of one whose value the query gives
// whole, and that value's text (transform.Unique.Text): then one record at most is in the
// answer. It is -1 where the query gives none.
func (l *Lookup) UniqueValue() (unique int, text string) {
	shown := map[int]transform.Value{l.Partition: l.Equal}
	if l.Lower != nil && l.Upper != nil && l.Lower.Value.Compare(l.Upper.Value) == 0 {
		shown[l.Sort] = l.Lower.Value
	}
	for i, u := range l.Entity.Unique {
		if text, told := u.TextOf(l.Entity, shown); told {
			return i, text
		}
	}
	return -1, ""
}

// Lags reports whether DynamoDB answers the query from a global secondary index, which
// follows its table with a delay: by any index but the table's own key, unless a unique
// value is asked for.
func (l *Lookup) Lags() bool {
	if l.Index == "" || l.IsEmpty() {
		return false
	}
	unique, _ := l.UniqueValue()
	return unique < 0
}

// IsEmpty reports whether no record at all can be in the answer, whatever there
// is: one bound excludes the other.
func (l *Lookup) IsEmpty() bool {
	if l.Lower == nil || l.Upper == nil {
		return false
	}
	c := l.Lower.Value.Compare(l.Upper.Value)
	return c > 0 || c == 0 && (l.Lower.Exclusive || l.Upper.Exclusive)
}

// At returns what a column shows of a record of the answer, or of After: NULL where
// nothing can be made of the record's values, since no item can have it then.
func (l *Lookup) At(rec transform.Record, column int) transform.Value {
	v := rec.At(column)
	if !v.IsNull() || !l.Entity.Columns[column].IsComputed() {
		return v
	}
	shown, err := rec.Shown(column)
	if err != nil {
		return transform.Value{}
	}
	return shown
}

// InKey reports whether a record's key alone says what a column of the index shows.
func (l *Lookup) InKey(column int) bool {
	i := slices.IndexFunc(l.Entity.Attributes, func(a transform.Attribute) bool { return a.Column == column })
	if i < 0 {
		return slices.Contains(l.Entity.KeyColumns, column)
	}
	made, _ := l.Entity.MadeOf(i)
	return !slices.ContainsFunc(made, func(c int) bool { return !slices.Contains(l.Entity.KeyColumns, c) })
}

// Contains reports whether a record is in the answer, the limit aside.
func (l *Lookup) Contains(rec transform.Record) bool {
	return l.At(rec, l.Partition).Compare(l.Equal) == 0 && (l.Sort < 0 || l.Within(l.At(rec, l.Sort))) &&
		(l.After.IsZero() || l.Compare(rec, l.After) > 0)
}

// Within reports whether a value of the sort key's column is there and within
// the bounds.
func (l *Lookup) Within(v transform.Value) bool {
	return !v.IsNull() && inside(v, l.Lower, 1) && inside(v, l.Upper, -1)
}

// inside reports whether v is on the open side of the bound: above it for side 1,
// below it for side -1.
func inside(v transform.Value, b *Bound, side int) bool {
	if b == nil {
		return true
	}
	c := v.Compare(b.Value) * side
	return c > 0 || c == 0 && !b.Exclusive
}

// Compare orders two records of the answer as the query asks.
func (l *Lookup) Compare(a, b transform.Record) int {
	for _, i := range l.Order {
		if c := l.At(a, i).Compare(l.At(b, i)); c != 0 {
			if l.Descending {
				return -c
			}
			return c
		}
	}
	return 0
}
