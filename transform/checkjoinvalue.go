package transform

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/crossfade-go/crossfade/transform/internal/fragment"
)

// selfTarget finds the table of a self-join: the source table, unless the
// contract means another one and only one can be meant.
func (j *joiner) selfTarget(target, alias string) string {
	own := j.entity.Source
	if target != "" {
		if target != own {
			j.warn(j.at+"/target_table", fmt.Sprintf("a self-join of %s, and not of %s", target, own), `use "foreign-key"`)
		}
		return target
	}
	wanted := j.aliasColumns(alias)
	var fits []string
	for _, s := range j.sourceList {
		if s.Name != own && !slices.ContainsFunc(wanted, func(c string) bool { return s.ColumnIndex(c) < 0 }) {
			fits = append(fits, s.Name)
		}
	}
	switch {
	case !slices.ContainsFunc(wanted, func(c string) bool { return j.from.column(c) < 0 }) && !j.pointsElsewhere(alias):
		return own
	case len(fits) == 1:
		j.warn(j.at, fmt.Sprintf("a self-join through which table %s is joined: only that has %s", fits[0], strings.Join(wanted, " and ")),
			fmt.Sprintf(`use "foreign-key" with "target_table": %q`, fits[0]))
		return fits[0]
	}
	j.err(j.at, fmt.Sprintf("a self-join that does not look like one: %s of %s is compared, and which table %s is can't be told",
		strings.Join(wanted, " and "), alias, alias), `use "foreign-key" with a "target_table"`)
	return ""
}

// aliasColumns returns the columns of the alias that a self-join names.
func (j *joiner) aliasColumns(alias string) []string {
	var names []string
	add := func(r fragment.Ref) {
		if r.Table == alias && !slices.Contains(names, r.Name) {
			names = append(names, r.Name)
		}
	}
	for _, property := range []string{"join_condition", "select_column"} {
		if f, err := fragment.Parse(j.n.str(property)); err == nil {
			for _, r := range f.Refs() {
				add(r)
			}
		}
	}
	return names
}

// pointsElsewhere reports whether a self-join compares a column that is named
// after another table, as category_id is: the row would be joined with one of
// its own table that happens to have the same number.
func (j *joiner) pointsElsewhere(alias string) bool {
	f, err := fragment.Parse(j.n.str("join_condition"))
	if err != nil {
		return false
	}
	for _, r := range f.Refs() {
		stem, isID := strings.CutSuffix(strings.ToLower(r.Name), "_id")
		if r.Table == alias || !isID || len(stem) < 3 {
			continue
		}
		names := func(s *Source) bool { return strings.HasPrefix(strings.ToLower(s.Name), stem[:len(stem)-1]) }
		if !names(j.from) && slices.ContainsFunc(j.sourceList, names) {
			return true
		}
	}
	return false
}

// conditional makes CASE WHEN condition THEN select_column ELSE else END.
func (j *joiner) conditional(value fragment.Fragment, alias string) (fragment.Fragment, bool) {
	condition, ok := j.expression(j.at+"/condition", j.n.str("condition"), false)
	if !ok {
		return condition, false
	}
	var otherwise *fragment.Fragment
	switch {
	case j.n.str("else_column") != "":
		f, ok := j.selected("else_column", j.n.str("else_column"))
		if !ok {
			return f, false
		}
		otherwise = &f
	case j.n.get("else_value") != nil && j.n.get("else_value").form == formString:
		f, ok := j.elseValue(j.n.str("else_value"), alias, value)
		if !ok {
			return f, false
		}
		otherwise = &f
	}
	f, err := fragment.Case([]fragment.When{{When: condition, Then: value}}, otherwise)
	if err != nil {
		j.err(j.at, err.Error(), "")
	}
	return f, err == nil
}

// magicParent is what the published generator takes for the joined row in an
// else_value, whatever the join calls it.
const magicParent = "parent"

// elseValue is a column only where it can't be meant as a text: its alias is
// the join's, or parent on a self reference.
func (j *joiner) elseValue(text, alias string, value fragment.Fragment) (fragment.Fragment, bool) {
	at := j.at + "/else_value"
	if f, err := fragment.Parse(text); err == nil {
		if r, isColumn := f.Column(); isColumn && r.Table != "" {
			switch last := len(j.join.Hops) - 1; {
			case r.Table == alias:
				return j.selected("else_value", text)
			case r.Table == magicParent && last >= 0 && j.join.Hops[last].Source == j.from:
				j.warn(at, fmt.Sprintf("%q is taken for a column of the joined row", text),
					fmt.Sprintf(`use "else_column": %q`, r.Name))
				return j.selected("else_value", r.Name)
			}
		}
	}
	literal := fragment.TextValue(text)
	if t := j.typeOf(value, at); t.Kind == Int || t.Kind == Decimal {
		number, err := fragment.ParseNumber(text)
		if err != nil {
			j.err(at, fmt.Sprintf("%q is a text, and select_column a number", text), `use "else_column" if a column is meant`)
			return fragment.Fragment{}, false
		}
		literal = number
	}
	f, err := fragment.Of(fragment.Literal{Value: literal})
	return f, err == nil
}

// nullValue reads what a self-join gives where no row is found.
func (j *joiner) nullValue(c *Column) {
	n := j.n.get("null_value")
	if n == nil || n.form != formString {
		return
	}
	if c.Kind != 0 {
		if _, reason := c.parse(n.text); reason != "" {
			j.err(j.at+"/null_value", fmt.Sprintf("%q is no value of the column, which is %s", n.text, c.typeName()), "")
			return
		}
	}
	j.join.orElse, j.join.hasElse = n.text, true
	c.Nullable = false
}

// chain reads hops in order. Without separator it gives the last one's column.
func (j *joiner) chain() Column {
	separator := j.n.get("chain_separator")
	var parts []fragment.Expr
	var last fragment.Fragment
	for i, hop := range j.n.list("joins") {
		if hop.form != formObject {
			return Column{}
		}
		at := j.at + "/joins/" + strconv.Itoa(i)
		j.hop(hop.str("target_table"), "", j.conditions(hop, at, []string{"join_condition"}), at)
		f, ok := j.expression(at+"/select_column", hop.str("select_column"), true)
		if !ok {
			return Column{}
		}
		last, parts = f, append(parts, f.Root())
	}
	if len(parts) == 0 {
		j.err(j.at+"/joins", "there is no join", "")
		return Column{}
	}
	j.identified()
	if separator == nil || len(parts) == 1 {
		return j.typeOf(last, j.at)
	}
	f, err := fragment.Of(allAbsent(parts, fragment.Call{Func: "CONCAT_WS",
		Args: append([]fragment.Expr{fragment.Literal{Value: fragment.TextValue(separator.text)}}, parts...)}))
	if err != nil {
		j.err(j.at, err.Error(), "")
		return Column{}
	}
	return j.typeOf(f, j.at)
}

// allAbsent is NULL if all parts are, and otherwise the expression: CONCAT_WS of
// NULLs is the empty text.
func allAbsent(parts []fragment.Expr, otherwise fragment.Expr) fragment.Expr {
	var all fragment.Expr
	for _, p := range parts {
		var is fragment.Expr = fragment.IsNull{X: p}
		if all != nil {
			is = fragment.Binary{Op: fragment.And, L: all, R: is}
		}
		all = is
	}
	return fragment.Call{Func: "IF", Args: []fragment.Expr{all, fragment.Literal{}, otherwise}}
}

// typeOf returns the column that a selected value is, and keeps the value with
// the join. A column alone has its own type, any other expression that which
// MySQL gives it.
func (j *joiner) typeOf(value fragment.Fragment, at string) Column {
	j.join.value = value
	if r, alone := value.Column(); alone {
		c := *j.columnOf(r)
		c.Nullable, c.Default, c.OnUpdate, c.Generated = true, "", "", ""
		if j.own {
			return j.entity.Columns[j.columnNamed(r.Name)]
		}
		return c
	}
	for _, r := range value.Refs() {
		if j.columnOf(r).Kind == 0 {
			return Column{Nullable: true} // of a table that is not described
		}
	}
	p, err := value.Compile(func(r fragment.Ref) (fragment.Type, error) { return fragmentType(j.columnOf(r)), nil }, nil)
	if err != nil {
		j.err(at, err.Error(), "")
		return Column{}
	}
	c, reason := columnOfType(p.Type())
	if reason != "" {
		j.err(at, fmt.Sprintf("%q %s", value.Text(), reason), "select the column alone")
	}
	return c
}

// columnOf returns the column of a resolved reference.
func (j *joiner) columnOf(r fragment.Ref) *Column {
	if r.Table == ownAlias {
		return &j.entity.Columns[j.ownColumn(r.Name)]
	}
	for i, h := range j.join.Hops {
		if r.Table == hopAlias(i) {
			return &h.Source.Columns[h.Source.column(r.Name)]
		}
	}
	return &Column{}
}

// fragmentType is what a fragment knows of a column.
func fragmentType(c *Column) fragment.Type {
	switch {
	case c.Kind == Int && c.SQLType != "bit", c.Kind == Bool:
		return fragment.Type{Kind: fragment.Integer, Unsigned: c.Unsigned}
	case c.Kind == Decimal:
		return fragment.Type{Kind: fragment.Decimal, Scale: c.Scale}
	case c.Kind == Text && !c.isLabelled():
		return fragment.Type{Kind: fragment.Text, Collation: c.Collation}
	}
	return fragment.Type{Kind: fragment.Opaque}
}

// columnOfType is the column that holds what an expression gives.
func columnOfType(t fragment.Type) (Column, string) {
	switch t.Kind {
	case fragment.Integer:
		return Column{SQLType: "bigint", Kind: Int, Unsigned: t.Unsigned, Nullable: true}, ""
	case fragment.Decimal:
		return Column{SQLType: "decimal", Kind: Decimal, Precision: maxNumberDigits, Scale: t.Scale, Nullable: true}, ""
	case fragment.Text:
		return Column{SQLType: "longtext", Kind: Text, Collation: t.Collation, Nullable: true}, ""
	case fragment.Nothing:
		return Column{}, "is always NULL"
	}
	return Column{}, "has no form here: dates, floating point numbers, JSON, bytes, ENUM and SET can't be calculated with"
}

// aggregate reads SUM, COUNT, AVG, MIN or MAX over the rows of a table.
func (j *joiner) aggregate() Column {
	j.join.Kind, j.join.Operation = JoinAggregate, j.n.str("operation")
	j.hop(j.n.str("target_table"), "", j.conditions(j.n, j.at, []string{"join_condition"}), j.at)
	if j.own {
		j.err(j.at+"/join_condition", "an aggregate over the record's own row", "")
		return Column{}
	}
	value, ok := j.selected("select_column", j.n.str("select_column"))
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
	scale := c.Scale
	if j.join.Operation == "AVG" {
		scale += averageDigits
	}
	return Column{SQLType: "decimal", Kind: Decimal, Precision: maxNumberDigits, Scale: min(scale, maxDecimalScale), Nullable: true}
}

// averageDigits is how many digits after the point AVG adds: the server's
// div_precision_increment, which has to be as it is by default.
const averageDigits = 4

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
	j.hop(j.n.str("target_table"), "", j.conditions(j.n, j.at, []string{"join_condition"}), j.at)
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
	if err != nil || !isColumn || r.Table != "" && r.Table != source.Name {
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

// tree reads depth and hierarchy-path.
func (j *joiner) tree(kind string) Column {
	j.join.Parent = j.ownColumn(j.n.str("parent_column"))
	if j.join.Parent < 0 {
		j.err(j.at+"/parent_column", fmt.Sprintf("table %s has no column %q", j.entity.Source, j.n.str("parent_column")),
			suggest(j.n.str("parent_column"), j.from.names()))
		return Column{}
	}
	if len(j.from.Key) != 1 && !j.from.guessed {
		j.err(j.at, "a tree needs a primary key of one column, which the parent column refers to", "")
		return Column{}
	}
	if kind == "depth" {
		j.join.Kind = JoinDepth
		return Column{SQLType: "bigint", Kind: Int}
	}
	j.join.Kind = JoinPath
	j.join.Text = j.ownColumn(j.n.str("select_column"))
	if j.join.Text < 0 {
		j.err(j.at+"/select_column", fmt.Sprintf("table %s has no column %q", j.entity.Source, j.n.str("select_column")),
			suggest(j.n.str("select_column"), j.from.names()))
		return Column{}
	}
	c := j.entity.Columns[j.join.Text]
	if c.Kind != Text && c.Kind != 0 {
		j.err(j.at+"/select_column", "a path is made of texts, and "+c.Name+" is "+c.typeName(), "")
	}
	j.join.Separator = j.n.str("separator")
	return Column{SQLType: "longtext", Kind: c.Kind, Collation: c.Collation, Nullable: c.Nullable}
}
