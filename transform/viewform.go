package transform

import (
	"strconv"
	"strings"
)

// A viewForm makes what is shown of a column's value of an expression. It is
// right for the expression of one row; it may write it several times.
type viewForm func(c *Column, x Statement) Statement

// shownAs is the form of an attribute of the type.
func shownAs(attrType string) viewForm {
	switch attrType {
	case "N":
		return numberForm
	case "BOOL":
		return truthForm
	case "B":
		return bytesForm
	case "SS":
		return func(_ *Column, x Statement) Statement { return sqlOf("NULLIF(", x, ", '')") }
	}
	return itemForm
}

// rawForm is the value as the server has it.
func rawForm(_ *Column, x Statement) Statement { return x }

// bytesForm is bytes as they are. Those of a BIT are made of its number, which is
// what some servers make of a BIT in a sub-select.
func bytesForm(c *Column, x Statement) Statement {
	if c.SQLType != "bit" {
		return x
	}
	return sqlOf("UNHEX(LPAD(HEX(CAST(", x, " AS UNSIGNED)), "+strconv.Itoa(2*c.bitSize())+", '0'))")
}

// itemForm is the canonical text, Value.Text.
func itemForm(c *Column, x Statement) Statement {
	switch c.Kind {
	case Bool:
		return truthForm(c, x)
	case Int, Decimal:
		return sqlText(exactForm(c, x))
	case Text:
		if c.SQLType == "enum" {
			return labelForm(c, x)
		}
		return x
	case Date:
		return wholeDate(c, sqlText(x))
	case DateTime:
		return wholeDate(c, sqlOf("REPLACE(", sqlText(x), ", ' ', 'T')"))
	case Timestamp:
		return momentForm(c, x)
	case Time:
		return durationForm(x)
	}
	return x
}

// withinForm is the text of a value within another text, Value.within.
func withinForm(c *Column, x Statement) Statement {
	if c.Kind == Bool {
		return sqlText(exactForm(c, x))
	}
	return itemForm(c, x)
}

// sqlText makes a text of a value.
func sqlText(x Statement) Statement { return sqlOf("CAST(", x, " AS CHAR CHARACTER SET utf8mb4)") }

// exactForm is a number without the zeros of ZEROFILL in front, and with the
// column's digits after the point. What is calculated may have more digits than a
// column: a CAST would make the largest number of it that a column can have.
func exactForm(c *Column, x Statement) Statement {
	switch {
	case c.isCalculated() && c.Scale > 0:
		return sqlOf("(", x, " + 0."+strings.Repeat("0", min(c.Scale, maxViewScale))+")")
	case c.Kind == Decimal && !c.isCalculated():
		return sqlOf("CAST(", x, " AS DECIMAL(65, "+strconv.Itoa(c.Scale)+"))")
	case c.SQLType == "bit":
		return sqlOf("CAST(", x, " AS UNSIGNED)")
	}
	return sqlOf("(", x, " + 0)")
}

// numberForm is a number without the zeros that a decimal's scale adds.
func numberForm(c *Column, x Statement) Statement {
	if c.Kind == Float {
		return x
	}
	x = exactForm(c, x)
	if c.Kind == Decimal && c.Scale > 0 {
		return sqlOf("TRIM(TRAILING '.' FROM TRIM(TRAILING '0' FROM ", sqlText(x), "))")
	}
	return sqlText(x)
}

// maxViewScale is how many digits after the point a number has in every server.
const maxViewScale = 30

// isCalculated reports whether the column is a DECIMAL that no table has.
func (c *Column) isCalculated() bool {
	if c.Kind != Decimal || c.Join == nil {
		return c.Kind == Decimal && c.IsComputed()
	}
	_, alone := c.Join.value.Column()
	return !alone || c.Join.Operation == "SUM" || c.Join.Operation == "AVG"
}

func truthForm(c *Column, x Statement) Statement {
	return sqlOf("CASE ", exactForm(c, x), " WHEN 0 THEN 'false' WHEN 1 THEN 'true' END")
}

// labelForm leaves out what MySQL has for a label that was none when it was
// inserted, the number 0.
func labelForm(_ *Column, x Statement) Statement {
	return sqlOf("CASE WHEN (", x, " + 0) > 0 THEN ", x, " END")
}

// sortForm gives a canonical text the digits that a sort key has.
func sortForm(c *Column, text Statement) Statement {
	switch {
	case !c.short():
		return text
	case c.Kind == Timestamp:
		return sqlOf("CONCAT(TRIM(TRAILING 'Z' FROM ", text, "), '"+c.sortZeros()+"Z')")
	}
	return sqlOf("CONCAT(", text, ", '"+c.sortZeros()+"')")
}

// wholeDate is NULL for zero and partial dates, unless they have a form.
func wholeDate(c *Column, text Statement) Statement {
	if c.ZeroDates == ZeroDateText {
		return text
	}
	return sqlOf("CASE WHEN SUBSTRING(", text, ", 6, 2) <> '00' AND SUBSTRING(", text, ", 9, 2) <> '00' THEN ", text, " END")
}

// moment is a TIMESTAMP in UTC as a DATETIME, NULL for the zero one.
// UNIX_TIMESTAMP gives what is stored, whatever the session's time zone.
func moment(c *Column, x Statement) Statement {
	return sqlOf("CAST(DATE_ADD('1970-01-01 00:00:00', INTERVAL NULLIF(UNIX_TIMESTAMP(", x,
		"), 0) SECOND) AS DATETIME("+strconv.Itoa(c.Precision)+"))")
}

func momentForm(c *Column, x Statement) Statement {
	text := sqlOf("CONCAT(REPLACE(", sqlText(moment(c, x)), ", ' ', 'T'), 'Z')")
	if c.ZeroDates != ZeroDateText {
		return text
	}
	zero := zeroTimestamp
	if c.Precision > 0 {
		zero += "." + "000000"[:c.Precision]
	}
	return sqlOf("CASE WHEN UNIX_TIMESTAMP(", x, ") = 0 THEN '"+zero+"Z' ELSE ", text, " END")
}

// durationForm is a TIME with three digits of hours.
func durationForm(x Statement) Statement {
	text := sqlOf("TRIM(LEADING '-' FROM ", sqlText(x), ")")
	return sqlOf("CONCAT(IF((", x, " + 0) < 0, '-', ''), IF(LOCATE(':', ", text, ") = 3, '0', ''), ", text, ")")
}

// jsonForm is a value as it stands in a map, appendFieldJSON. quote makes a
// string of JSON of a text.
func jsonForm(c *Column, x Statement, quote func(Statement) Statement) Statement {
	switch {
	case c.Kind == Int, c.Kind == Decimal && c.Precision <= maxNumberDigits:
		return numberForm(c, x)
	case c.Kind == Bool:
		return truthForm(c, x)
	case c.Kind == Float, c.Kind == JSON:
		return sqlText(x)
	}
	return quote(sqlText(itemForm(c, x)))
}

// quoted is a string of JSON, some of its escapes in the server's own spelling.
func quoted(text Statement) Statement { return sqlOf("JSON_QUOTE(", text, ")") }

// canonicalQuoted is the string that appendJSONString makes. JSON_QUOTE has the
// digits of control characters in upper case on MariaDB, in lower case on MySQL.
func canonicalQuoted(text Statement) Statement {
	escape := func(char string) {
		b := appendJSONString(nil, char)
		text = sqlOf("REPLACE(", text, ", ", viewText(char), ", ", viewText(string(b[1:len(b)-1])), ")")
	}
	escape(`\`) // first: the others add some
	escape(`"`)
	for char := rune(0); char < ' '; char++ {
		escape(string(char))
	}
	return sqlOf("CONCAT('\"', ", text, ", '\"')")
}
