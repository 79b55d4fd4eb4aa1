package dynamotest

import (
	"slices"
	"strconv"
	"strings"
)

// Bounds of names (API reference, "CreateTable").
const (
	minNameLength = 3
	maxNameLength = 255
	account       = "000000000000"
	arnPrefix     = "arn:aws:dynamodb:" + region + ":" + account + ":table/"
)

func tableARN(table string) string        { return arnPrefix + table }
func indexARN(table, index string) string { return arnPrefix + table + "/index/" + index }

// checkName checks a table's or an index's name. A table may also be named by
// its ARN.
func checkName(name *string, parameter string) error {
	if name == nil {
		return violated("null", parameter, "Member must not be null")
	}
	n := strings.TrimPrefix(*name, arnPrefix)
	quoted := "'" + *name + "'"
	switch {
	case strings.ContainsFunc(n, func(r rune) bool { return !isNameRune(r) }):
		return violated(quoted, parameter, "Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+")
	case len(n) < minNameLength:
		return violated(quoted, parameter, "Member must have length greater than or equal to 3")
	case len(n) > maxNameLength:
		return violated(quoted, parameter, "Member must have length less than or equal to 255")
	}
	return nil
}

func isNameRune(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("_.-", r)
}

// checkTable is checkName for the table of most operations, and returns the
// name without an ARN around it.
func checkTable(name *string) (string, error) {
	if err := checkName(name, "tableName"); err != nil {
		return "", err
	}
	return strings.TrimPrefix(*name, arnPrefix), nil
}

// oneOf checks a parameter that has few values; absent is one.
func oneOf(value, parameter string, values ...string) error {
	if value == "" || slices.Contains(values, value) {
		return nil
	}
	return violated("'"+value+"'", parameter, "Member must satisfy enum value set: ["+strings.Join(values, ", ")+"]")
}

// atMost and atLeast check a number.
func atMost(n, limit int, parameter string) error {
	if n > limit {
		return violated("'"+strconv.Itoa(n)+"'", parameter, "Member must have value less than or equal to "+strconv.Itoa(limit))
	}
	return nil
}

func atLeast(n, limit int, parameter string) error {
	if n < limit {
		return violated("'"+strconv.Itoa(n)+"'", parameter, "Member must have value greater than or equal to "+strconv.Itoa(limit))
	}
	return nil
}

// lengthFrom checks how many elements a list has.
func lengthFrom(n, low, high int, parameter string) error {
	switch {
	case n < low:
		return violated("'[]'", parameter, "Member must have length greater than or equal to "+strconv.Itoa(low))
	case n > high:
		return violated("of "+strconv.Itoa(n)+" members", parameter, "Member must have length less than or equal to "+strconv.Itoa(high))
	}
	return nil
}

// mixed is the error for parameters of the old kind beside expressions.
func mixed(old, expressions []string) error {
	if len(old) == 0 || len(expressions) == 0 {
		return nil
	}
	return invalid("Can not use both expression and non-expression parameters in the same request: Non-expression parameters: {%s} Expression parameters: {%s}",
		strings.Join(old, ", "), strings.Join(expressions, ", "))
}

// given returns the names of those parameters that a request has.
func given(parameters ...parameter) []string {
	var names []string
	for _, p := range parameters {
		if p.given {
			names = append(names, p.name)
		}
	}
	return names
}

type parameter struct {
	name  string
	given bool
}
