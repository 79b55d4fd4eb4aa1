package transform

import (
	"fmt"
	"slices"
	"strings"

	"github.com/crossfade-go/crossfade/transform/internal/fragment"
)

// aggregate reads SUM, COUNT, AVG, MIN or MAX over the rows of a table.
func (j *joiner) aggregate(a *Attribute) Column {
	j.join.Kind, j.join.Operation = JoinAggregate, j.n.str("operation")
	j.counted(a)
	if !j.hop(j.n.str("target_table"), j.n.str("join_alias"), j.conditions(j.n, j.at, []string{"join_condition"}), j.at) {
		return Column{}
	}
	if j.own {
		j.err(j.at+"/join_condition", "an aggregate over the record's own row, which is one", "select the column of the row")
		return Column{}
	}
	j.manyRows()
	selects := j.n.str("select_column")
	if j.join.Operation == "COUNT" && strings.TrimSpace(selects) == "*" {
		selects = everyRow
	}
	value, ok := j.selected("select_column", selects)
	if !ok {
		return Column{}
	}
	c := j.typeOf(value, j.at+"/select_column")
	switch {
	case j.join.Operation == "COUNT":
		return Column{SQLType: "bigint", Kind: Int}
	case c.Kind == 0, j.join.Operation == "MIN", j.join.Operation == "MAX":
		return j.extreme(c)
	case c.Kind != Int && c.Kind != Decimal && c.Kind != Bool || c.SQLType == "bit":
		j.err(j.at+"/select_column", fmt.Sprintf("%s of %s, which is no exact number", j.join.Operation, c.typeName()), "")
		return Column{}
	}
	return j.added(c)
}

// How many digits the server adds to those of the column for SUM, and AVG after
// the point: its div_precision_increment, which has to be as it is by default.
const (
	sumDigits     = 22
	averageDigits = 4
)

// summable is how many digits a number may have for a SUM that an N can hold in
// any case: as many as a BIGINT. It would take 10^18 rows to make 38 of them.
const summable = 20

// everyRow is what a COUNT(*) counts: a value that each row has.
const everyRow = "1"

// added is the column of SUM and AVG, with as many digits as the server declares,
// or as an N holds where no sum gets there. What is calculated of columns has
// never more by declaration.
func (j *joiner) added(c Column) Column {
	more, scale := sumDigits, c.Scale
	if j.join.Operation == "AVG" {
		more, scale = averageDigits, c.Scale+averageDigits
	}
	precision := maxNumberDigits
	if _, alone := j.join.value.Column(); alone && c.Kind == Decimal {
		precision = min(c.Precision+more, maxDecimalDigits)
		if c.Precision <= summable {
			precision = min(precision, maxNumberDigits)
		}
	}
	return Column{SQLType: "decimal", Kind: Decimal, Precision: precision, Scale: min(scale, maxDecimalScale), Nullable: true}
}

// manyRows finds aggregates and arrays of a table's own rows that would have one
// row at most: without an alias, the side of the condition that is the primary
// key is the joined row's, and the children were probably meant.
func (j *joiner) manyRows() {
	h := j.join.Hops[0]
	var on []string
	for _, o := range h.On {
		if h.Source != j.from || o.From >= 0 || j.called[0] != h.Source.Name || !h.Source.identifies([]int{o.Column}) {
			return
		}
		on = append(on, fmt.Sprintf("children.%s = %s.%s", h.Source.Columns[o.FromColumn].Name, h.Source.Name, h.Source.Columns[o.Column].Name))
	}
	j.err(j.at+"/join_condition", "joins the one row above, and not the rows below: without an alias the primary key is the joined row's",
		fmt.Sprintf(`for the rows below use "join_alias": "children", "join_condition": %q`, strings.Join(on, " AND ")))
}

// extreme is the column of MIN and MAX, which order texts by their collation.
func (j *joiner) extreme(c Column) Column {
	if c.Kind == JSON || c.isLabelled() {
		j.err(j.at+"/select_column", fmt.Sprintf("%s of %s: its order is not that of its values", j.join.Operation, c.typeName()), "")
	}
	c.Nullable = true
	return c
}

// construction reads child rows as a list of maps, or one row as a map.
func (j *joiner) construction(a *Attribute) Column {
	n := j.n.get("construction")
	if n == nil {
		return Column{}
	}
	object := n.str("type") == "object"
	j.join.Kind = JoinChildren
	if object {
		j.join.Kind = JoinObject
	}
	if !j.hop(j.n.str("target_table"), j.n.str("join_alias"), j.conditions(j.n, j.at, []string{"join_condition"}), j.at) {
		return Column{}
	}
	if j.own && !object {
		j.err(j.at+"/join_condition", "an array over the record's own row has always one element", `use "type": "object"`)
		return Column{}
	}
	source := j.from
	if !j.own {
		if len(j.join.Hops) == 0 {
			return Column{}
		}
		source = j.join.Hops[0].Source
		if object {
			j.identified()
		} else {
			j.manyRows()
		}
	}
	j.fields(n, source)
	j.order(n, source)
	j.join.Limit = j.integer(n, j.at+"/construction", "limit", 1, 1<<20)
	if object && (n.get("order_by") != nil || n.get("limit") != nil) {
		j.err(j.at+"/construction", "an object has no order and no limit", "take them out")
	}
	if j.own {
		return Column{} // a calculation of the own row: see checkcompute.go
	}
	switch at := strings.TrimSuffix(j.at, "/join") + "/type"; {
	case object && a.Type == "L":
		j.err(at, "a map can't be an L", "use M")
	case !object && a.Type == "M":
		j.err(at, "a list can't be an M", "use L")
	}
	if a.Type == "S" {
		j.warn(strings.TrimSuffix(j.at, "/join")+"/type", "attribute "+a.Name+" holds what is constructed as text",
			map[bool]string{true: "use M to have it as a map", false: "use L to have it as a list"}[object])
	}
	return Column{SQLType: "json", Kind: JSON, Nullable: object}
}

// fields reads the columns of a map.
func (j *joiner) fields(n *node, source *Source) {
	selected := n.get("select_columns")
	if selected == nil {
		return
	}
	at := j.at + "/construction/select_columns"
	if len(selected.members) == 0 {
		j.err(at, "there is no column", "")
	}
	for _, m := range selected.members {
		at := at + "/" + escapePointer(m.name)
		if m.value.form != formString || m.name == "" {
			j.err(at, "is not the name of a column under a name that is not empty", "")
			continue
		}
		if m.again {
			j.err(at, fmt.Sprintf("field %q is there twice, and a map has it once", m.name), "take one of them out")
			continue
		}
		if column := j.columnIn(source, m.value.text, at); column >= 0 {
			if c := source.Columns[column]; c.Kind == Bytes {
				j.err(at, "column "+c.Name+" holds bytes, which no JSON has", "map it in an entity of its own")
			}
			j.join.Fields = append(j.join.Fields, Field{m.name, column})
		}
	}
}

// columnIn finds a column of one table by a name that may have the table's in
// front.
func (j *joiner) columnIn(source *Source, text, at string) int {
	f, err := fragment.Parse(text)
	r, isColumn := f.Column()
	if err != nil || !isColumn || r.Table != "" && r.Table != source.Name && !slices.Contains(j.called, r.Table) {
		j.err(at, fmt.Sprintf("%q is not the name of a column of %s", text, source.Name), "")
		return -1
	}
	column := source.column(r.Name)
	if column < 0 {
		j.err(at, fmt.Sprintf("table %s has no column %q", source.Name, r.Name), suggest(r.Name, source.names()))
	}
	return column
}

// order reads ORDER BY, and ends it with the primary key.
func (j *joiner) order(n *node, source *Source) {
	at := j.at + "/construction/order_by"
	if text := n.str("order_by"); text != "" {
		for _, part := range strings.Split(text, ",") {
			name, direction, _ := strings.Cut(strings.TrimSpace(part), " ")
			direction = strings.ToUpper(strings.TrimSpace(direction))
			if direction != "" && direction != "ASC" && direction != "DESC" {
				j.err(at, fmt.Sprintf("%q is no order: it is columns, each with ASC or DESC or neither", text), "")
				return
			}
			if column := j.columnIn(source, name, at); column >= 0 {
				j.join.Order = append(j.join.Order, Order{column, direction == "DESC"})
			}
		}
	}
	for _, c := range source.Key {
		if !slices.ContainsFunc(j.join.Order, func(o Order) bool { return o.Column == c }) {
			j.join.Order = append(j.join.Order, Order{Column: c})
		}
	}
}
