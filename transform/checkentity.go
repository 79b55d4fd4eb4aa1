package transform

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// An entityChecker checks one entity and fills it in.
type entityChecker struct {
	*checker
	at     string
	node   *node
	entity *Entity
	of     *tableChecker
	from   *Source         // the entity's
	failed map[string]bool // source columns of attributes that are wrong
	// attributeAt and columnAt are where the document has what Attributes and
	// Columns have at the same position.
	attributeAt []string
	columnAt    []string
	// before are the columns of the attributes before their transformations, and
	// objects the maps of columns of the own row that joins construct.
	before   []int
	objects  map[string][]Field
	joinedAt map[string]string // where the document has the attribute of a joined column
	// byName has the positions of the first indexed attributes: see attributeNamed.
	byName  map[string]int
	indexed int
	// names finds the columns.
	names    columnNames
	carriers map[*Join]joinCarrier // of joined columns, when all attributes are known
}

const mendColumns = "run migrationctl contract check --contract FILE --mysql DSN --write"

func (k *entityChecker) check() {
	k.columns()
	k.primaryKey()
	k.attributes()
	if k.from.guessed {
		k.entity.KeyColumns = k.from.Key
	}
	k.itemKey()
	k.uniques()
	k.unmapped()
}

// columns takes the columns of the source table.
func (k *entityChecker) columns() {
	source := k.sourceNamed(k.entity.Source, k.at)
	k.entity.Columns = slices.Clone(source.Columns)
	if desc := k.described[k.entity.Source]; desc != nil {
		k.columnAt = desc.columnAt
	}
	k.from = source
}

// column reads one column. Its kind is Int where an attribute may still make
// it Bool.
func (k *checker) column(n *node, at string) Column {
	c := Column{
		Name: n.str("name"), SQLType: sqlTypeName(n.str("type")), Collation: n.str("collation"),
		OnUpdate: n.str("on_update"), Generated: n.str("generated"),
		Unsigned: n.truth("unsigned"), Nullable: n.truth("null"),
	}
	if d := n.get("default"); d != nil && d.form != formNull {
		c.Default = d.text
	}
	known, ok := sqlTypes[c.SQLType]
	if !ok && n.str("type") != "" {
		k.unknownType(c.SQLType, at+"/type")
	}
	c.Kind = known.kind
	k.measures(n, at, &c, known)
	k.provenance(&c, at)
	k.charset(&c, at)
	return c
}

func (k *checker) unknownType(name, at string) {
	if f, ok := formlessTypes[name]; ok {
		k.err(at, name+" "+f.reason, f.mend)
		return
	}
	k.err(at, fmt.Sprintf("%q is no type of MySQL", name), suggest(name, sortedKeys(sqlTypes)))
}

// measures reads the lengths that the column's type has.
func (k *checker) measures(n *node, at string, c *Column, known sqlType) {
	c.Length = k.integer(n, at, "length", 0, 1<<30)
	if b := strings.ToLower(n.str("type")); b == "bool" || b == "boolean" {
		c.Length = 1
	}
	switch known.want {
	case fraction:
		c.Precision = k.integer(n, at, "precision", 0, 6)
	case digits:
		if n.get("precision") == nil || n.get("scale") == nil {
			k.err(at, "a decimal needs precision and scale", mendColumns)
		}
		c.Precision = k.integer(n, at, "precision", 1, maxDecimalDigits)
		c.Scale = k.integer(n, at, "scale", 0, maxDecimalScale)
		if c.Scale > c.Precision {
			k.err(at+"/scale", "the scale is greater than the precision", "")
		}
	case mustLength:
		if c.Length == 0 {
			k.err(at, "a "+c.SQLType+" needs a length", mendColumns)
		}
	case optLength:
		if c.Length == 0 && (c.Kind == Text || c.Kind == Bytes || c.SQLType == "bit") {
			c.Length = 1
		}
		if c.SQLType == "bit" && c.Length > 64 {
			k.err(at+"/length", "a bit has at most 64", "")
		}
	case optDigits:
		k.floatDigits(n, at, c)
	case labels:
		c.Labels = n.texts("values")
		k.labels(c, at)
	}
	if known.bits == 0 && known.kind != Decimal && c.Unsigned {
		k.err(at+"/unsigned", "a "+c.SQLType+" has no sign", "")
	}
}

// floatDigits reads the digits of FLOAT(7,2): both or none.
func (k *checker) floatDigits(n *node, at string, c *Column) {
	if (n.get("precision") == nil) != (n.get("scale") == nil) {
		k.err(at, "a "+c.SQLType+" has precision and scale, or neither", mendColumns)
	}
	c.Precision = k.integer(n, at, "precision", 1, 255)
	c.Scale = k.integer(n, at, "scale", 0, 30)
	if c.Scale > c.Precision {
		k.err(at+"/scale", "the scale is greater than the precision", "")
	}
}

// maxSetLabels is how many members MySQL's SET can have (manual, "The SET type").
const maxSetLabels = 64

// labels checks the labels of an enum or set.
func (k *checker) labels(c *Column, at string) {
	at += "/values"
	if len(c.Labels) == 0 {
		k.err(strings.TrimSuffix(at, "/values"), "says no values of its "+c.SQLType, mendColumns)
	}
	if c.SQLType == "set" && len(c.Labels) > maxSetLabels {
		k.err(at, "a set has at most 64 values", "")
	}
	for i, label := range c.Labels {
		at := at + "/" + strconv.Itoa(i)
		switch {
		case slices.Contains(c.Labels[:i], label):
			k.err(at, fmt.Sprintf("value %q is there twice", label), mendColumns)
		case c.SQLType == "set" && strings.Contains(label, ","):
			k.err(at, "a value of a set has no comma", mendColumns)
		case c.SQLType == "set" && label == "":
			k.err(at, "a set with an empty value: MySQL gives it and no value at all the same text",
				"give the value a name, or leave the table out of the contract")
		}
	}
}

// provenance looks at values that MySQL gives and the library does not.
func (k *checker) provenance(c *Column, at string) {
	switch c.Generated {
	case "", "auto_increment":
	case "virtual", "stored":
		k.later(at+"/generated", "generated columns")
	default:
		k.err(at+"/generated", fmt.Sprintf("%q is none of auto_increment, virtual, stored", c.Generated), "")
	}
	if c.OnUpdate != "" {
		k.warn(at+"/on_update", "a write through the library sets "+c.Name+" to what the record says, so MySQL does not",
			"set it in the service")
	}
}

// charset warns of character sets whose characters Fit doesn't know.
func (k *checker) charset(c *Column, at string) {
	name, _, _ := strings.Cut(c.Collation, "_")
	if _, known := charsets[name]; c.Kind == Text && !c.isLabelled() && c.Collation != "" && !known {
		k.warn(at+"/collation", "which characters "+name+" has is not known here, so a value it can't hold is found by MySQL only",
			"convert the column to utf8mb4")
	}
}

// primaryKey finds the key columns.
func (k *entityChecker) primaryKey() {
	e := k.entity
	if k.from.guessed {
		e.KeyColumns = k.from.Key
		return
	}
	if len(k.from.Key) == 0 && len(k.described[e.Source].node.texts("primary_key")) == 0 {
		k.err(k.at, "source table "+e.Source+" has no primary key here", mendColumns+", or give the table a primary key")
	}
	e.KeyColumns = slices.Clone(k.from.Key)
	for i, column := range e.KeyColumns {
		k.keyColumn(&e.Columns[column], k.described[e.Source].at+"/primary_key/"+strconv.Itoa(i))
	}
}

// keyColumn checks that MySQL and the library agree on when two keys are equal.
func (k *entityChecker) keyColumn(c *Column, at string) {
	switch {
	case c.Nullable:
		k.err(at, "column "+c.Name+" may be NULL", "a primary key's columns are NOT NULL")
	case c.Kind == JSON:
		k.err(at, "a JSON column can't be in a key", "")
	case c.isLabelled():
	case c.Kind == Text && c.Collation == "":
		k.err(at, "the collation of "+c.Name+" is not known, and it says which keys are one and the same", mendColumns)
	case c.Kind == Text && !collationIsBinary(c.Collation):
		k.err(at, "the primary key has text in the collation "+c.Collation+
			", which takes different texts for one key; this version does not support folded keys",
			"leave the table out of the contract for now, or give the column a _bin collation")
	}
}

func (k *entityChecker) columnNamed(name string) int {
	k.names.update(k.entity.Columns)
	return k.names.position(name)
}

func (k *entityChecker) columnNames() []string {
	return columnNamesOf(k.entity.Columns)
}

// unmapped finds columns that can't come back from an item. Those that no
// attribute is made of are forgotten, most likely. The others are what the
// contract wants, and all is well until DynamoDB is the authority.
func (k *entityChecker) unmapped() {
	if k.from.guessed {
		return
	}
	for _, l := range k.entity.Losses() {
		c := &k.entity.Columns[l.column]
		if c.Name == "" || k.failed[c.Name] {
			continue
		}
		mend := fmt.Sprintf(`add an attribute {"name": %q, "source_column": %q, …}`, c.Name, c.Name)
		if l.Attribute == "" {
			k.err(k.columnAt[l.column], "no attribute carries column "+c.Name+", so a row can't be made from its item", mend)
			continue
		}
		k.warn(k.columnAt[l.column], fmt.Sprintf("column %s can't be read back: %s; the step to phase 4 is refused", c.Name, l.Reason), mend)
	}
}

// truth returns the property if it is true.
func (n *node) truth(name string) bool {
	v := n.get(name)
	return v != nil && v.form == formBool && v.text == "true"
}
