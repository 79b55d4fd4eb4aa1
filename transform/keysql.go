package transform

import (
	"slices"
	"strings"
)

// A KeySQL is what a statement of MySQL or MariaDB can say of the key of a row,
// without this library: what a trigger writes into a change record.
type KeySQL struct {
	// ID is an expression of Key.ID as bytes, byte for byte what Entity.Key
	// gives (TestKeySQL of package mysqlstore).
	ID string
	// Unfit is a condition that is true where Entity.Key refuses the row's key:
	// a zero date that the contract names no form for, a text that ends in a
	// blank. It is never NULL. ID means nothing there.
	Unfit string
	// InUTC says that both must be evaluated in a session of time zone UTC.
	InUTC bool
}

// KeySQL returns the expressions for the entity's key. column gives the SQL of
// a column of the primary key: "NEW.`id`". The error is a *ValueError for a key
// that SQL can't write in canonical form: one with a FLOAT or DOUBLE in it.
func (e *Entity) KeySQL(column func(c *Column) string) (KeySQL, error) {
	var k KeySQL
	var parts, unfit []string
	for _, i := range e.KeyColumns {
		c := &e.Columns[i]
		id, not, ok := c.keySQL(column(c))
		if !ok {
			return KeySQL{}, e.fault(i, "a key of type "+c.SQLType+" can't be written by SQL in its canonical form")
		}
		parts = append(parts, id)
		if not != "" {
			unfit = append(unfit, not)
		}
		k.InUTC = k.InUTC || c.Kind == Timestamp
	}
	k.ID = "CAST(CONCAT(" + strings.Join(parts, ", '"+string(rune(keySeparator))+"', ") + ") AS BINARY)"
	k.Unfit = "FALSE"
	if unfit != nil {
		k.Unfit = "(" + strings.Join(unfit, " OR ") + ")"
	}
	return k, nil
}

// KeySQL is that of the key of the record that a row of Of refers to; column gives the SQL
// of a column of Of. ID is NULL where the row refers to none.
func (f *Reference) KeySQL(column func(c *Column) string) (KeySQL, error) {
	return f.to.KeySQL(func(c *Column) string {
		i := slices.IndexFunc(f.to.KeyColumns, func(key int) bool { return &f.to.Columns[key] == c })
		own := &f.of.Columns[f.Columns[i]]
		x := column(own)
		if own.Kind == Text && !own.isLabelled() && collationPads(own.Collation) {
			x = "TRIM(TRAILING ' ' FROM " + x + ")"
		}
		return x
	})
}

// KeySQL is that of the key of the record that a row of Rows is part of; column gives
// the SQL of a column of Rows. ID is NULL where the row is part of none. Blanks at the
// end of a text are left out where MySQL does not see them when it looks for the rows
// of a record, so that a row's key is the one of its record
// (TestTriggersFindTheRecordThatMySQLFinds of package mysqlstore).
func (ch *Children) KeySQL(column func(c *Column) string) (KeySQL, error) {
	return ch.entity.KeySQL(func(c *Column) string {
		i := slices.IndexFunc(ch.parent, func(from int) bool { return from >= 0 && &ch.entity.Columns[from] == c })
		x := column(&ch.Rows.Columns[i])
		if c.Kind == Text && !c.isLabelled() && collationPads(c.Collation) {
			x = "TRIM(TRAILING ' ' FROM " + x + ")"
		}
		return x
	})
}

// keySQL returns the column's part of the ID, and the condition under which it
// is no part of a key, "" for never.
func (c *Column) keySQL(x string) (id, unfit string, ok bool) {
	// Of a BIT a number must be made, of a ZEROFILL the zeros must go; + 0 does
	// both, and changes nothing else.
	text := "CAST(" + x + " AS CHAR)"
	switch c.Kind {
	case Int:
		return "CAST(" + x + " + 0 AS CHAR)", "", true
	case Bool:
		return "IF(" + x + " + 0 = 1, 'true', 'false')", x + " + 0 NOT IN (0, 1)", true
	case Decimal:
		return "CAST(" + x + " + 0 AS CHAR)", "", true
	case Text:
		id, unfit = c.keyTextSQL(x)
		return id, unfit, true
	case Bytes:
		return "IF(LENGTH(" + x + ") = 0, '" + keyEmpty + "', LOWER(HEX(" + x + ")))", "", true
	case Date:
		return text, c.noDateSQL(text), true
	case DateTime:
		return "REPLACE(" + text + ", ' ', 'T')", c.noDateSQL(text), true
	case Timestamp:
		return "CONCAT(REPLACE(" + text + ", ' ', 'T'), 'Z')", c.noDateSQL(text), true
	case Time:
		id, unfit = c.keyTimeSQL(text)
		return id, unfit, true
	}
	return "", "", false
}

// keyTextSQL works on the bytes of the text in UTF-8, where no collation has a
// say, and no byte of another character is a slash or a tilde.
func (c *Column) keyTextSQL(x string) (id, unfit string) {
	b := "CAST(CONVERT(" + x + " USING utf8mb4) AS BINARY)"
	id = "REPLACE(REPLACE(" + b + ", '~', '~~'), '/', '~s')"
	switch {
	case c.SQLType == "enum" && !slices.Contains(c.Labels, ""):
		unfit = "LENGTH(" + b + ") = 0" // what was no label when it was inserted
	case !c.isLabelled() && collationPads(c.Collation):
		unfit = "RIGHT(" + b + ", 1) = ' '"
	}
	return "IF(LENGTH(" + b + ") = 0, '" + keyEmpty + "', " + id + ")", unfit
}

// noDateSQL is true for a zero or partial date, unless the contract keeps it.
func (c *Column) noDateSQL(text string) string {
	if c.ZeroDates == ZeroDateText {
		return ""
	}
	return "SUBSTRING(" + text + ", 6, 2) = '00' OR SUBSTRING(" + text + ", 9, 2) = '00'"
}

// keyTimeSQL gives the hours three digits. A TIME below zero, or a fraction of
// a second beyond the range, is no key.
func (c *Column) keyTimeSQL(text string) (id, unfit string) {
	id = "IF(SUBSTRING(" + text + ", 3, 1) = ':', CONCAT('0', " + text + "), " + text + ")"
	last := "838:59:59"
	if c.Precision > 0 {
		last += "." + strings.Repeat("0", c.Precision)
	}
	return id, "LEFT(" + text + ", 1) = '-' OR " + id + " > " + "'" + last + "'"
}
