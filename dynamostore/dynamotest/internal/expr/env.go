package expr

import (
	"maps"
	"slices"
	"strings"

	"github.com/crossfade-go/crossfade/dynamostore/dynamotest/internal/attr"
)

// The kinds of expressions, as the request's parameters are called. Messages
// name them.
const (
	KindCondition    = "ConditionExpression"
	KindFilter       = "FilterExpression"
	KindKeyCondition = "KeyConditionExpression"
	KindProjection   = "ProjectionExpression"
	KindUpdate       = "UpdateExpression"
)

const (
	paramNames  = "ExpressionAttributeNames"
	paramValues = "ExpressionAttributeValues"

	maxAlias = 255 // bytes of an alias with its # or :
)

// An Env holds the ExpressionAttributeNames and ExpressionAttributeValues of
// one request and remembers which of them its expressions use. It serves one
// goroutine.
type Env struct {
	names  map[string]string
	values attr.Item
	used   map[string]bool
}

// A Given is an expression a request may have: its kind, and its text, nil if
// the request has none.
type Given struct {
	Kind string
	Text *string
}

// NewEnv checks the names and values of a request; names is nil where the
// request has none. expressions are those the operation knows, in the order
// the service lists them (a Query's filter before its key condition, an
// update before its condition); without them it is not checked that there is
// one for the names and values to be used in.
func NewEnv(names map[string]string, values attr.Input, expressions ...Given) (*Env, error) {
	if err := checkGiven(names != nil, values.Given(), expressions); err != nil {
		return nil, err
	}
	if err := checkNames(names); err != nil {
		return nil, err
	}
	items, err := checkValues(values)
	if err != nil {
		return nil, err
	}
	return &Env{names: names, values: items, used: map[string]bool{}}, nil
}

// checkGiven refuses names and values that have no expression to be used in.
func checkGiven(names, values bool, expressions []Given) error {
	var absent []string
	anything, withValues := len(expressions) == 0, len(expressions) == 0
	for _, e := range expressions {
		anything = anything || e.Text != nil
		if e.Kind == KindProjection {
			continue
		}
		withValues = withValues || e.Text != nil
		absent = append(absent, e.Kind)
	}
	switch {
	case names && !anything:
		return attr.Invalid("%s can only be specified when using expressions", paramNames)
	case values && !withValues:
		verb := "is"
		if len(absent) > 1 {
			verb = "are"
		}
		return attr.Invalid("%s can only be specified when using expressions: %s %s null", paramValues, strings.Join(absent, " and "), verb)
	}
	return nil
}

// checkNames checks all aliases before any name, as the service does. Faults of
// several are told in the aliases' order, so that a test can rely on it.
func checkNames(names map[string]string) error {
	if names != nil && len(names) == 0 {
		return attr.Invalid("%s must not be empty", paramNames)
	}
	aliases := slices.Sorted(maps.Keys(names))
	for _, alias := range aliases {
		if err := checkAlias(paramNames, alias, '#'); err != nil {
			return err
		}
	}
	for _, alias := range aliases {
		switch name := names[alias]; {
		case name == "":
			return attr.Invalid("%s contains invalid value: Empty attribute name for key %s", paramNames, alias)
		case len(name) > attr.MaxName:
			return attr.Invalid("%s contains invalid value: Attribute name is too large, must be less than 65536 bytes for key %s", paramNames, alias)
		}
	}
	return nil
}

// checkValues checks all aliases before any value.
func checkValues(values attr.Input) (attr.Item, error) {
	if values.Given() && values.Len() == 0 {
		return nil, attr.Invalid("%s must not be empty", paramValues)
	}
	for _, alias := range values.Names() {
		if err := checkAlias(paramValues, alias, ':'); err != nil {
			return nil, err
		}
	}
	if alias, err := values.Fault(); err != nil {
		return nil, attr.Invalid("%s contains invalid value: %s for key %s", paramValues, err, alias)
	}
	return values.Item()
}

func checkAlias(parameter, alias string, mark byte) error {
	switch {
	case alias == "":
		return attr.Invalid("%s contains invalid key: The expression attribute map contains an empty key;", parameter)
	case len(alias) > maxAlias:
		return attr.Invalid("%s contains invalid key: The expression attribute map contains a key that is too long; size of key: %d", parameter, len(alias))
	case alias[0] != mark || len(alias) == 1 || wordSize(alias[1:]) < len(alias)-1:
		return attr.Invalid("%s contains invalid key: Syntax error; key: \"%s\"", parameter, alias)
	}
	return nil
}

// name returns the attribute an alias stands for.
func (e *Env) name(alias string) (string, bool) {
	name, ok := e.names[alias]
	e.used[alias] = true
	return name, ok
}

// value returns the value an alias stands for.
func (e *Env) value(alias string) (attr.Value, bool) {
	v, ok := e.values[alias]
	e.used[alias] = true
	return v, ok
}

// Finish returns the error for names, then values, that no expression used.
// It is called once all expressions of the request are parsed.
func (e *Env) Finish() error {
	if err := e.unused(paramNames, slices.Sorted(maps.Keys(e.names))); err != nil {
		return err
	}
	return e.unused(paramValues, slices.Sorted(maps.Keys(e.values)))
}

func (e *Env) unused(parameter string, aliases []string) error {
	var left []string
	for _, alias := range aliases {
		if !e.used[alias] {
			left = append(left, alias)
		}
	}
	if left == nil {
		return nil
	}
	return attr.Invalid("Value provided in %s unused in expressions: keys: {%s}", parameter, strings.Join(left, ", "))
}
