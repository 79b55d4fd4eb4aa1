package dynamotest

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/crossfade-go/crossfade/dynamostore/dynamotest/internal/attr"
	"github.com/crossfade-go/crossfade/dynamostore/dynamotest/internal/expr"
)

// The parameters from before there were expressions are rewritten as
// expressions (Developer Guide, "Legacy conditional parameters"). Libraries
// still send them.

// A legacyCondition is a condition on one attribute, of Expected,
// KeyConditions, QueryFilter or ScanFilter.
type legacyCondition struct {
	ComparisonOperator string
	AttributeValueList attr.InputList
	Exists             *bool
	Value              *singleInput
}

// A legacyUpdate is what AttributeUpdates says of one attribute.
type legacyUpdate struct {
	Action string
	Value  *singleInput
}

// A rewriting is an expression in the making, with its names and values.
type rewriting struct {
	terms  []string
	names  map[string]string
	values attr.Item
}

func (w *rewriting) name(name string) string {
	if w.names == nil {
		w.names = map[string]string{}
	}
	alias := fmt.Sprintf("#n%d", len(w.names))
	w.names[alias] = name
	return alias
}

func (w *rewriting) value(v attr.Value) string {
	if w.values == nil {
		w.values = attr.Item{}
	}
	alias := fmt.Sprintf(":v%d", len(w.values))
	w.values[alias] = v
	return alias
}

func (w *rewriting) env() (*expr.Env, error) { return expr.NewEnv(w.names, attr.NewInput(w.values)) }

// operands is how many values each operator takes; -1 is any number.
func operands(operator string) (n int, known bool) {
	switch operator {
	case "EQ", "NE", "LE", "LT", "GE", "GT", "CONTAINS", "NOT_CONTAINS", "BEGINS_WITH":
		return 1, true
	case "NULL", "NOT_NULL":
		return 0, true
	case "BETWEEN":
		return 2, true
	case "IN":
		return -1, true
	}
	return 0, false
}

// term writes one condition.
func (w *rewriting) term(name string, c legacyCondition) error {
	values, err := c.AttributeValueList.Values()
	if err != nil {
		return err
	}
	operator := c.ComparisonOperator
	if operator == "" {
		if operator, values, err = c.simple(name); err != nil {
			return err
		}
	}
	n, known := operands(operator)
	switch {
	case !known:
		return violated("'"+operator+"'", "comparisonOperator", "Member must satisfy enum value set")
	case n >= 0 && len(values) != n || n < 0 && len(values) == 0:
		return invalid("One or more parameter values were invalid: Invalid number of argument(s) for the %s ComparisonOperator", operator)
	}
	alias := w.name(name)
	var given []any
	for _, v := range values {
		given = append(given, w.value(v))
	}
	w.terms = append(w.terms, written(operator, alias, given))
	return nil
}

// simple returns the operator of a condition that only says what is expected.
func (c legacyCondition) simple(name string) (operator string, values []attr.Value, err error) {
	exists := c.Exists == nil || *c.Exists
	switch {
	case !exists && c.Value == nil:
		return "NULL", nil, nil
	case !exists:
		return "", nil, invalid("One or more parameter values were invalid: Value cannot be used when Exists is false for Attribute: %s", name)
	case c.Value == nil:
		return "", nil, invalid("One or more parameter values were invalid: Value must be provided when Exists is true for Attribute: %s", name)
	}
	v, err := c.Value.Value()
	return "EQ", []attr.Value{v}, err
}

func written(operator, name string, values []any) string {
	formats := map[string]string{
		"EQ": "%s = %s", "NE": "%s <> %s", "LE": "%s <= %s", "LT": "%s < %s", "GE": "%s >= %s", "GT": "%s > %s",
		"CONTAINS": "contains(%s, %s)", "NOT_CONTAINS": "NOT contains(%s, %s)", "BEGINS_WITH": "begins_with(%s, %s)",
		"NULL": "attribute_not_exists(%s)", "NOT_NULL": "attribute_exists(%s)", "BETWEEN": "%s BETWEEN %s AND %s",
	}
	if operator == "IN" {
		return fmt.Sprintf(name+" IN ("+strings.TrimSuffix(strings.Repeat("%s, ", len(values)), ", ")+")", values...)
	}
	return fmt.Sprintf(formats[operator], append([]any{name}, values...)...)
}

// rewrite writes conditions, joined by the operator.
func rewrite(conditions map[string]legacyCondition, operator string) (*rewriting, string, error) {
	if err := oneOf(operator, "conditionalOperator", "OR", "AND"); err != nil {
		return nil, "", err
	}
	w := &rewriting{}
	for _, name := range slices.Sorted(maps.Keys(conditions)) {
		if err := w.term(name, conditions[name]); err != nil {
			return nil, "", err
		}
	}
	if operator == "" {
		operator = "AND"
	}
	return w, strings.Join(w.terms, " "+operator+" "), nil
}

// expected rewrites Expected, or a filter. It is nil if there are none.
func expected(conditions map[string]legacyCondition, operator string) (*expr.Condition, error) {
	w, text, err := rewrite(conditions, operator)
	if err != nil || text == "" {
		return nil, err
	}
	env, err := w.env()
	if err != nil {
		return nil, err
	}
	return expr.ParseCondition(expr.KindCondition, text, env)
}

// keyConditions rewrites KeyConditions.
func keyConditions(conditions map[string]legacyCondition) (*expr.KeyCondition, error) {
	w, text, err := rewrite(conditions, "")
	if err != nil {
		return nil, err
	}
	env, err := w.env()
	if err != nil {
		return nil, err
	}
	return expr.ParseKeyCondition(text, env)
}

// attributesToGet rewrites AttributesToGet.
func attributesToGet(names []string) (*expr.Projection, error) {
	w := &rewriting{}
	for i, name := range names {
		if slices.Contains(names[:i], name) {
			return nil, invalid("One or more parameter values were invalid: Duplicate value in attribute name: %s", name)
		}
		w.terms = append(w.terms, w.name(name))
	}
	if w.terms == nil {
		return nil, violated("'[]'", "attributesToGet", "Member must have length greater than or equal to 1")
	}
	env, err := w.env()
	if err != nil {
		return nil, err
	}
	return expr.ParseProjection(strings.Join(w.terms, ", "), env)
}

// attributeUpdates rewrites AttributeUpdates.
func attributeUpdates(updates map[string]legacyUpdate) (*expr.Update, error) {
	w := &rewriting{}
	sections := map[string][]string{}
	for _, name := range slices.Sorted(maps.Keys(updates)) {
		verb, action, err := w.action(name, updates[name])
		if err != nil {
			return nil, err
		}
		sections[verb] = append(sections[verb], action)
	}
	for _, verb := range slices.Sorted(maps.Keys(sections)) {
		w.terms = append(w.terms, verb+" "+strings.Join(sections[verb], ", "))
	}
	env, err := w.env()
	if err != nil {
		return nil, err
	}
	return expr.ParseUpdate(strings.Join(w.terms, " "), env)
}

// action returns what is done with one attribute, and in which section.
func (w *rewriting) action(name string, u legacyUpdate) (verb, action string, err error) {
	alias := w.name(name)
	if u.Value == nil {
		if u.Action == "DELETE" {
			return "REMOVE", alias, nil
		}
		return "", "", invalid("One or more parameter values were invalid: Only DELETE action is allowed when no attribute value is specified")
	}
	v, err := u.Value.Value()
	if err != nil {
		return "", "", err
	}
	switch u.Action {
	case "", "PUT":
		return "SET", alias + " = " + w.value(v), nil
	case "ADD", "DELETE":
		return u.Action, alias + " " + w.value(v), nil
	}
	return "", "", violated("'"+u.Action+"'", "action", "Member must satisfy enum value set: [ADD, PUT, DELETE]")
}
