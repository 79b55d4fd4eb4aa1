package transform

import (
	"slices"
	"strconv"

	"github.com/crossfade-go/crossfade/transform/internal/fragment"
)

// oneRow is a table of one row. What is joined to it has a row whether or not
// anything is found, so that what a join gives without a row is given.
const oneRow = "(SELECT 1 AS one) AS o"

// joined is the value of a joined column.
func (w *sqlWriter) joined(c *Column) Statement {
	j := c.Join
	switch j.Kind {
	case JoinAggregate:
		return w.aggregate(c)
	case JoinChildren:
		lock := ""
		if j.Owned {
			lock = w.lock
		}
		return sqlOf("(SELECT ", w.list(j), w.from(j), lock, ")")
	case JoinObject:
		return sqlOf("(SELECT ", w.element(j), w.from(j), ")")
	case JoinDepth:
		return w.form(c, w.depth(j))
	case JoinPath:
		return w.path(j)
	}
	return w.lookup(c)
}

// lookup is the value of a join that finds one row. A column of a joined row is
// NULL without the row; an expression may be something else, and is made for a
// row of NULLs then. A null_value is for a row that is not there, and not for one
// whose value is NULL.
func (w *sqlWriter) lookup(c *Column) Statement {
	j := c.Join
	value := w.form(c, w.fragment(j.value))
	if r, alone := j.value.Column(); alone && r.Table != ownAlias && !j.hasElse {
		return sqlOf("(SELECT ", value, w.from(j), ")")
	}
	switch cut := w.cut(j.value.Root()); {
	case j.hasElse && j.grows:
		value = sqlOf("CASE WHEN ", w.missing(j), " THEN ", w.begun(w.otherwise(c)), " ELSE ", w.uncut(cut, value), " END")
	case j.hasElse:
		value = sqlOf("CASE WHEN ", w.missing(j), " THEN ", w.otherwise(c), " ELSE ", value, " END")
	case j.grows:
		value = w.uncut(cut, value)
	}
	return sqlOf("(SELECT ", value, " FROM "+oneRow, w.hops(j, 0), ")")
}

// missing is true where no row is found: a column that was compared with another
// is not NULL in a row that was.
func (w *sqlWriter) missing(j *Join) Statement {
	return sqlOf(w.hopColumn(j, 0, j.Hops[0].On[0].Column), " IS NULL")
}

// from is FROM and WHERE of a join that needs a row of its first table.
func (w *sqlWriter) from(j *Join) Statement {
	return sqlOf(" FROM ", w.table(j, 0), w.hops(j, 1), " WHERE ", w.on(j, 0))
}

// hops joins the tables of a join from one of them on.
func (w *sqlWriter) hops(j *Join, from int) Statement {
	var parts []Statement
	for i := from; i < len(j.Hops); i++ {
		parts = append(parts, sqlOf(" LEFT JOIN ", w.table(j, i), " ON ", w.on(j, i)))
	}
	return sqlList(parts, "")
}

func (w *sqlWriter) table(j *Join, i int) Statement {
	return sqlOf(sqlName(j.Hops[i].Source.Name), " AS ", hopAlias(i))
}

// on is the condition of a hop.
func (w *sqlWriter) on(j *Join, i int) Statement {
	var parts []Statement
	for _, on := range j.Hops[i].On {
		parts = append(parts, sqlOf(w.hopColumn(j, i, on.Column), " = ", w.origin(j, on)))
	}
	return sqlList(parts, " AND ")
}

// origin is the other side of a condition.
func (w *sqlWriter) origin(j *Join, on On) Statement {
	if on.From < 0 {
		return w.own(on.FromColumn)
	}
	return w.hopColumn(j, on.From, on.FromColumn)
}

func (w *sqlWriter) hopColumn(j *Join, hop, column int) Statement {
	return sqlColumn(hopAlias(hop), j.Hops[hop].Source.Columns[column].Name)
}

// aggregate is SUM, COUNT, AVG, MIN or MAX. The form of a TIMESTAMP is made of
// each of them and not of the least, whose type would be another.
func (w *sqlWriter) aggregate(c *Column) Statement {
	j := c.Join
	value := w.fragment(j.value)
	cut := w.cut(j.value.Root())
	if !slices.ContainsFunc(j.value.Refs(), func(r fragment.Ref) bool { return r.Table != ownAlias }) {
		// An aggregate over nothing but outer columns would be one of the outer
		// statement. The column of a row that was found is never NULL.
		value = sqlOf("IF(", w.missing(j), ", NULL, ", value, ")")
		cut = sqlOf("IF(", w.missing(j), ", FALSE, ", cut, ")")
	}
	if c.Kind == Timestamp {
		value = sqlOf(aggregates[j.Operation], "(", w.form(c, value), ")")
	} else {
		value = w.form(c, sqlOf(aggregates[j.Operation], "(", value, ")"))
	}
	if j.grows {
		value = w.uncut(sqlOf("COALESCE(MAX(", cut, "), FALSE)"), value)
	}
	return sqlOf("(SELECT ", value, w.from(j), ")")
}

var aggregates = map[string]string{"SUM": "SUM", "COUNT": "COUNT", "AVG": "AVG", "MIN": "MIN", "MAX": "MAX"}

// Between the elements of a list and at the end of each stands a character that
// no element has. A list that the server cut is told by an end that is missing.
const (
	endOfElement = "."
	nextElement  = ";"
)

// hexList is the number of rows, and what is shown of them in order. There is no
// other aggregate that has an order in both servers, and no LIMIT that is
// correlated, so all rows are strung together and what is too much is cut.
func (w *sqlWriter) hexList(j *Join) Statement {
	all := sqlOf("GROUP_CONCAT(CONCAT(", w.element(j), ", '"+endOfElement+"')", w.order(j), " SEPARATOR '"+nextElement+"')")
	if j.Limit > 0 {
		all = sqlOf("SUBSTRING_INDEX(", all, ", '"+nextElement+"', "+strconv.Itoa(j.Limit)+")")
	}
	return sqlOf("CONCAT(COUNT(*), ':', COALESCE(", all, ", ''))")
}

// order is the ORDER BY of a list.
func (w *sqlWriter) order(j *Join) Statement {
	var parts []Statement
	for _, o := range j.Order {
		direction := ""
		if o.Descending {
			direction = " DESC"
		}
		c, x := &j.Hops[0].Source.Columns[o.Column], w.hopColumn(j, 0, o.Column)
		if j.Owned && c.Nullable {
			// GROUP_CONCAT of some servers sorts NULL as zero or "".
			parts = append(parts, sqlOf(x, " IS NOT NULL", direction))
		}
		if j.Owned && c.Kind == Text {
			// By its bytes, as rows that are part of a record are sorted.
			x = sqlOf("CAST(CONVERT(", x, " USING utf8mb4) AS BINARY)")
		}
		parts = append(parts, sqlOf(x, direction))
	}
	if len(parts) == 0 {
		return Statement{}
	}
	return sqlOf(" ORDER BY ", sqlList(parts, ", "))
}

// hexElement is the texts of the fields as hexadecimal digits of UTF-8, with a
// comma between and a minus for NULL: nothing in a value can be taken for one of
// these. It is '!' where the server has no room for them.
func hexElement(j *Join) Statement {
	parts := []Statement{{SQL: "','"}}
	for _, f := range j.Fields {
		c := &j.Hops[0].Source.Columns[f.Column]
		// '!' where HEX is NULL and the value is not: it is longer than max_allowed_packet.
		x := sqlColumn(hopAlias(0), c.Name)
		text := textForm(c, x)
		if c.Kind == Date {
			// The same text. memmysql finds no column in the other form here.
			text = sqlOf("DATE_FORMAT(", x, ", '%Y-%m-%d')")
		}
		parts = append(parts, sqlOf("COALESCE(HEX(", sqlText(text), "), CASE WHEN ", x, " IS NULL THEN '-' ELSE '!' END)"))
	}
	return sqlOf("COALESCE(CONCAT_WS(", sqlList(parts, ", "), "), '!')")
}

// endless is what is selected of a tree that is deeper than maxTreeDepth, or goes
// in a circle, tooLong of a text that the server has no room for. A path begins
// with pathBegin, so that none is taken for one of them.
const (
	endless   = "'!'"
	pathBegin = "'=', "
	tooLong   = "'-'"
)

func parentAlias(i int) string { return "p" + strconv.Itoa(i) }

// parents joins the rows above a row, one more than there may be.
func (w *sqlWriter) parents(j *Join) Statement {
	e := w.entity
	key, parent := e.Columns[e.KeyColumns[0]].Name, e.Columns[j.Parent].Name
	below := w.row
	parts := []Statement{{SQL: " FROM " + oneRow}}
	for i := 1; i <= maxTreeDepth+1; i++ {
		p := parentAlias(i)
		parts = append(parts, sqlOf(" LEFT JOIN ", sqlName(e.Source), " AS "+p+" ON ", sqlColumn(p, key), " = ", sqlColumn(below, parent)))
		below = p
	}
	return sqlList(parts, "")
}

// parentKey is NULL if a row has fewer rows above it.
func (w *sqlWriter) parentKey(i int) Statement {
	return sqlColumn(parentAlias(i), w.entity.Columns[w.entity.KeyColumns[0]].Name)
}

// depth counts the rows above a row.
func (w *sqlWriter) depth(j *Join) Statement {
	parts := []Statement{{SQL: "(SELECT CASE"}}
	for i := 1; i <= maxTreeDepth+1; i++ {
		parts = append(parts, sqlOf(" WHEN ", w.parentKey(i), " IS NULL THEN ", strconv.Itoa(i-1)))
	}
	return sqlOf(sqlList(parts, ""), " ELSE "+w.endless+" END", w.parents(j), ")")
}

// path is the texts from the root to the row, those that are NULL left out.
func (w *sqlWriter) path(j *Join) Statement {
	text := w.entity.Columns[j.Text].Name
	up := []Statement{sqlColumn(w.row, text)}
	for i := 1; i <= maxTreeDepth; i++ {
		up = append(up, sqlColumn(parentAlias(i), text))
	}
	down := slices.Clone(up)
	slices.Reverse(down)
	path := w.begun(sqlOf("CONCAT_WS(", sqlList(append([]Statement{w.text(j.Separator)}, down...), ", "), ")"))
	if w.begin != "" {
		path = sqlOf("COALESCE(", path, ", "+tooLong+")")
	}
	return sqlOf("(SELECT CASE WHEN ", w.parentKey(maxTreeDepth+1), " IS NOT NULL THEN "+w.endless+
		" WHEN COALESCE(", sqlList(up, ", "), ") IS NULL THEN NULL ELSE ", path, " END", w.parents(j), ")")
}
