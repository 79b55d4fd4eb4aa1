package transform

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/crossfade-go/crossfade/transform/internal/fragment"
)

// conditional makes CASE WHEN condition THEN select_column ELSE else END.
func (j *joiner) conditional(value fragment.Fragment, alias string) (fragment.Fragment, bool) {
	condition, ok := j.expression(j.at+"/condition", j.n.str("condition"), false)
	if !ok || !j.decides(condition) || !j.given(value, "select_column") {
		return condition, false
	}
	otherwise, property, ok := j.otherwise(value, alias)
	if !ok || otherwise != nil && !j.given(*otherwise, property) {
		return value, false
	}
	f, err := fragment.Case([]fragment.When{{When: condition, Then: value}}, otherwise)
	if err != nil {
		j.err(j.at, err.Error(), "")
	}
	return f, err == nil
}

// otherwise reads what a conditional join has where the condition is not true,
// and returns the property that says it; nil is nothing.
func (j *joiner) otherwise(value fragment.Fragment, alias string) (f *fragment.Fragment, property string, ok bool) {
	var read fragment.Fragment
	switch {
	case j.n.get("else_value") != nil && j.n.get("else_column") != nil:
		j.err(j.at+"/else_column", "has an else_value and an else_column, and can have one of them", "take one out")
		return nil, "", false
	case j.n.get("else_column") != nil:
		property = "else_column"
		read, ok = j.selected(property, j.n.str(property))
	case j.n.get("else_value") != nil && j.n.get("else_value").form == formString:
		property = "else_value"
		read, ok = j.elseValue(j.n.str(property), alias, value)
	default:
		return nil, "select_column", true
	}
	return &read, property, ok
}

// decides checks the condition of a conditional join.
func (j *joiner) decides(condition fragment.Fragment) bool {
	if !j.hasTypes(condition) {
		return true
	}
	_, err := condition.CompileCondition(j.fragmentType, nil)
	if err != nil {
		j.err(j.at+"/condition", err.Error(), "")
	}
	return err == nil
}

// given checks one of the values of a conditional join. NULL is one.
func (j *joiner) given(value fragment.Fragment, property string) bool {
	p, described, err := j.compile(value)
	switch {
	case err != nil:
		j.err(j.at+"/"+property, err.Error(), "")
		return false
	case !described || p.Type().Kind == fragment.Nothing:
		return true
	}
	_, reason := columnOfType(p.Type())
	if reason != "" {
		j.err(j.at+"/"+property, fmt.Sprintf("%q %s", value.Text(), reason), "")
	}
	return reason == ""
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
				return j.selected("else_value", fragment.Ref{Table: j.called[last], Name: r.Name}.String())
			case r.Table == j.entity.Source, slices.Contains(j.called, r.Table):
				j.warn(at, fmt.Sprintf("%q is taken for a text: the join declares no alias %s", text, r.Table),
					fmt.Sprintf(`use "else_column": %q if the column is meant`, text))
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
	if r, alone := j.join.value.Column(); alone {
		c.Nullable = j.columnOf(r).Nullable
	}
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
		if !j.hop(hop.str("target_table"), hop.str("join_alias"), j.conditions(hop, at, []string{"join_condition"}), at) {
			return Column{}
		}
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
		j.ownAgain(last)
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
	j.join.value, j.join.grows = value, grows(value.Root())
	if r, alone := value.Column(); alone {
		c := *j.columnOf(r)
		c.Nullable, c.Default, c.OnUpdate, c.Generated = true, "", "", ""
		if j.own {
			return j.entity.Columns[j.columnNamed(r.Name)]
		}
		return c
	}
	p, described, err := j.compile(value)
	switch {
	case err != nil:
		j.err(at, err.Error(), "")
		return Column{}
	case !described:
		return Column{Nullable: true}
	}
	c, reason := columnOfType(p.Type())
	if reason != "" {
		j.err(at, fmt.Sprintf("%q %s", value.Text(), reason), "select the column alone")
	}
	return c
}

// compile finds the type of an expression, unless a table that it names is not
// described.
func (j *joiner) compile(f fragment.Fragment) (p *fragment.Program, described bool, err error) {
	if !j.hasTypes(f) {
		return nil, false, nil
	}
	p, err = f.Compile(j.fragmentType, nil)
	return p, true, err
}

// hasTypes reports whether all columns of an expression are of tables that are
// described.
func (j *joiner) hasTypes(f fragment.Fragment) bool {
	return !slices.ContainsFunc(f.Refs(), func(r fragment.Ref) bool { return j.columnOf(r).Kind == 0 })
}

func (j *joiner) fragmentType(r fragment.Ref) (fragment.Type, error) {
	return fragmentType(j.columnOf(r)), nil
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
