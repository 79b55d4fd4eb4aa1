package transform

import "slices"

// A Contract says how rows become items. It is immutable once loaded.
// Load and LoadFile return one only if no finding is an error.
type Contract struct {
	// Group names all entities of the contract: one phase, one fence, one
	// lease table. "default" where the contract does not say.
	Group    string
	Tables   []*Table
	Entities []*Entity
	// Sources are the tables of MySQL that the contract reads.
	Sources []*Source
	// Patterns are the ways in which the service asks for records, as far as the
	// contract says.
	Patterns []*Pattern
	// NotYet says what of the contract the stores of this version can't do: it
	// can be checked, shown as views and previewed, and not migrated.
	NotYet []Finding
	// Warnings are the findings that do not forbid the contract's use.
	Warnings []Finding
}

// Entity returns the entity with that name, or nil.
func (c *Contract) Entity(name string) *Entity {
	for _, e := range c.Entities {
		if e.Name == name {
			return e
		}
	}
	return nil
}

// A Table is a DynamoDB table of the contract.
type Table struct {
	Name    string
	PK      KeyAttribute
	SK      KeyAttribute // zero where the table has no sort key
	Indexes []Index
	// Billing is PayPerRequest or Provisioned.
	Billing  string
	Capacity Capacity // with Provisioned

	// What follows says how the service keeps the table. Items are the same with
	// and without it, so it is not part of Contract.Digest.

	// TTL is the attribute by whose time, in seconds since 1970, the service
	// deletes items; "" for none. It is of type N, of one entity at least.
	TTL string `json:"-"`
	// PointInTimeRecovery says whether the service keeps continuous backups.
	PointInTimeRecovery bool `json:"-"`
	// Encryption is EncryptionOwned, EncryptionManaged, or the ARN or alias of a
	// key of KMS. "" is EncryptionOwned.
	Encryption string `json:"-"`
	// DeletionProtection says whether the service refuses to delete the table.
	DeletionProtection bool `json:"-"`
	// Tags are sorted by name.
	Tags []Tag `json:"-"`
}

// Whose key a table is encrypted with, beside a key of KMS that is named.
const (
	EncryptionOwned   = "AWS_OWNED"   // one that belongs to the service, which costs nothing
	EncryptionManaged = "AWS_MANAGED" // alias/aws/dynamodb of the account's KMS
)

// A Tag is a name and a value that the account knows a table by.
type Tag struct {
	Name, Value string
}

// How a table is paid for.
const (
	PayPerRequest = "PAY_PER_REQUEST"
	Provisioned   = "PROVISIONED"
)

// A Capacity is the provisioned throughput of a table or an index, in
// DynamoDB's units per second.
type Capacity struct {
	Read, Write int64
}

// A KeyAttribute is an attribute that is part of a table's or an index's key.
type KeyAttribute struct {
	Name string
	Type string // S, N or B
}

// IsZero reports whether there is no such attribute.
func (k KeyAttribute) IsZero() bool { return k.Name == "" }

// An Index is a declared way to find records: a global secondary index in
// DynamoDB, a WHERE and ORDER BY in MySQL.
type Index struct {
	Name       string
	PK         KeyAttribute
	SK         KeyAttribute // zero where the index has no sort key
	Projection string       // ALL, KEYS_ONLY or INCLUDE
	Projected  []string     // attribute names, with INCLUDE
	Capacity   Capacity     // with Provisioned; the table's where the contract gives none
}

// An Entity is one kind of record.
type Entity struct {
	Name   string // "USER"; of a single-entity table, the table's name
	Table  *Table // where its items live
	Source string // the MySQL table its rows live in
	// Pointer is where the contract describes the entity, a JSON pointer.
	Pointer string `json:"-"`
	// Columns are what a record has a value of each: first those of the source
	// table, then, in the order of the attributes, the joined ones, which have a
	// Join, and the computed ones, whose values are made of the others as an item
	// is made: a record has NULL in their place.
	Columns    []Column
	KeyColumns []int // positions in Columns, in the order of the primary key
	Attributes []Attribute
	// Sequence is the position in Columns of the key column whose values a
	// store assigns, -1 if the callers bring them all. The column is then the
	// whole key, and an integer.
	Sequence int
	// Unique are the declared sets of columns that hold no combination of
	// values twice.
	Unique []Unique
	// References are the columns that are keys of other records.
	References []*Reference `json:",omitempty"`

	referredBy  []*Reference
	attributeAt []string // where the contract says each of Attributes
	byColumn    map[string]int
	byAttribute map[string]int
	keyLimits   []keyLimit // of each attribute
	plain       []bool     // attributes that are their column's text as it is
	itemKey     []int      // attributes of the table's key
	strings     int        // attributes of type S
	numbers     int        // attributes of type N
	documents   []int      // columns of attributes that are JSON
	computed    []int      // columns that are computed
	proved      []int      // of them, those of attributes, which an item has all the columns for
	unread      []int      // joined columns that no item tells
	moves       bool       // the item's key depends on columns beside the primary key
	typedNulls  bool       // an attribute writes NULL as a type
	children    []*Children
	hydrations  []*Hydration
	copiedIn    []*Hydration // of other entities, or of this one, which show what its records have
	countedIn   []*Hydration // numbers in items, of other entities or of this one, that count its records
}

// prepare computes what conversions look up. Nothing is a sequence until the
// contract says so.
func (e *Entity) prepare() {
	e.Sequence = -1
	e.byColumn = make(map[string]int, len(e.Columns))
	for i, c := range e.Columns {
		e.byColumn[c.Name] = i
		if c.computation != nil {
			e.computed = append(e.computed, i)
		}
	}
	e.byAttribute = make(map[string]int, len(e.Attributes))
	e.keyLimits = make([]keyLimit, len(e.Attributes))
	for i, a := range e.Attributes {
		e.byAttribute[a.Name] = i
		e.typedNulls = e.typedNulls || a.TypedNull
		switch a.Type {
		case "S":
			e.strings++
		case "N":
			e.numbers++
		case "M", "L", "JSON":
			if a.Column >= 0 && e.Columns[a.Column].computation == nil {
				e.documents = append(e.documents, a.Column)
			}
		}
	}
	e.proved = e.provable()
	e.unread = e.unreadJoins()
	for _, index := range e.Table.Indexes {
		e.limitKey(index.PK, maxPKSize, false)
		e.limitKey(index.SK, maxSKSize, false)
	}
	e.limitKey(e.Table.PK, maxPKSize, true)
	e.limitKey(e.Table.SK, maxSKSize, true)
	e.sortKeys()
	e.plain = make([]bool, len(e.Attributes))
	for i, a := range e.Attributes {
		e.plain[i] = a.Type == "S" && a.Column >= 0 && e.keyLimits[i].max == 0 &&
			e.Columns[a.Column].computation == nil && e.Columns[a.Column].Kind.isText()
	}
}

// limitKey notes what holds for an attribute as part of a key. The smallest of
// several limits counts.
func (e *Entity) limitKey(k KeyAttribute, size int, table bool) {
	i := e.AttributeIndex(k.Name)
	if k.IsZero() || i < 0 {
		return
	}
	limit := &e.keyLimits[i]
	if limit.max == 0 || limit.max > size {
		limit.max = size
	}
	if table {
		limit.table = true
		e.itemKey = append(e.itemKey, i)
	}
}

// ColumnIndex returns the position of the named column in Columns, or -1.
func (e *Entity) ColumnIndex(name string) int {
	if i, ok := e.byColumn[name]; ok {
		return i
	}
	return -1
}

// AttributeIndex returns the position of the named attribute in Attributes, or -1.
func (e *Entity) AttributeIndex(name string) int {
	if i, ok := e.byAttribute[name]; ok {
		return i
	}
	return -1
}

// Index returns the index with that name on the entity's table, or nil.
func (e *Entity) Index(name string) *Index {
	for i := range e.Table.Indexes {
		if e.Table.Indexes[i].Name == name {
			return &e.Table.Indexes[i]
		}
	}
	return nil
}

// Own returns the columns of the source table, which come first in Columns.
func (e *Entity) Own() []Column {
	n := slices.IndexFunc(e.Columns, func(c Column) bool { return !c.IsOwn() })
	if n < 0 {
		n = len(e.Columns)
	}
	return e.Columns[:n]
}

// IsOwn reports whether the column is of the source table.
func (c *Column) IsOwn() bool { return c.Join == nil && c.computation == nil }

// IsComputed reports whether the column's values are made of the record's others.
func (c *Column) IsComputed() bool { return c.computation != nil }

// A Column is a column of a table of MySQL, or of the records of an entity: of its
// source table, joined, or computed.
type Column struct {
	Name      string
	SQLType   string // the MySQL type's name in lower case: "int", "varchar", "timestamp"
	Kind      Kind
	Unsigned  bool
	Nullable  bool
	Length    int      // characters of char and varchar, bytes of binary types, bits of bit, 0 where unbounded
	Precision int      // fractional digits of temporal types; total digits of decimal, and of float(7,2)
	Scale     int      // digits after the point of decimal, and of float(7,2)
	Collation string   // of character types
	Default   string   // the default as SQL: "0", "'new'", "CURRENT_TIMESTAMP"; "" for none
	OnUpdate  string   // "CURRENT_TIMESTAMP" and the like; "" for none
	Generated string   // "auto_increment", "virtual", "stored"; "" for none
	Labels    []string // of enum and set, in the order of their declaration
	// Join says where the values of a joined column come from. It is nil for a
	// column of the source table, and for one that is computed.
	Join *Join
	// Keep says how a joined column is kept.
	Keep Keep `json:",omitzero"`
	// Hydrated says of a joined column that no record and no item has it: see
	// Hydration. Records have NULL in its place.
	Hydrated bool `json:",omitempty"`
	// Copied says of a column that is hydrated that items have a copy of it all the
	// same, for whoever else reads the table: see Entity.Copies.
	Copied bool `json:",omitempty"`
	// computation makes the values of a computed column.
	computation computation
	// ZeroDates says what a zero or partial date becomes, ZeroDateError where it
	// is "". The attributes of the column say it.
	ZeroDates string

	// longest is the most bytes that a computed text may have, 0 where that is not
	// known.
	longest int
	// emptyIsNull says of a set that its empty value is read as NULL: the item
	// has an absent attribute for both.
	emptyIsNull bool
}

// What becomes of zero and partial dates, 0000-00-00 and 2024-00-00.
const (
	ZeroDateError = "error" // the row can't be represented
	ZeroDateNull  = "null"  // the value is NULL, and does not come back
	ZeroDateText  = "text"  // the text as it is, which time.Time can't hold
)

// A Unique is a set of columns that hold no combination of values twice. As in
// MySQL, NULL in one of them exempts the record.
type Unique struct {
	Name    string // of the MySQL index, or the columns' names with a "," between
	Columns []int  // positions in Entity.Columns
}

// An Attribute is an attribute of the entity's items.
type Attribute struct {
	Name   string
	Type   string // S N B BOOL M L SS, or JSON for whatever the JSON value is
	Column int    // position in Entity.Columns
	// TypedNull says that NULL is an attribute of type NULL, and not an absent
	// one.
	TypedNull bool

	// made is how the contract says that the attribute is joined, calculated or
	// transformed, as canonical JSON; "" for a column as it is.
	made string
}
