package transform

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// thingColumns are of the tests of what is wrong with calculations and
// transformations. Every column has an attribute of its name with a c before it.
const thingColumns = `
	{"name": "id", "type": "int", "null": false, "generated": "auto_increment"},
	{"name": "n", "type": "int", "null": true},
	{"name": "big", "type": "bigint", "unsigned": true, "null": true},
	{"name": "price", "type": "decimal", "precision": 10, "scale": 2, "null": true},
	{"name": "note", "type": "varchar", "length": 50, "collation": "utf8mb4_bin", "null": true},
	{"name": "raw", "type": "varbinary", "length": 50, "null": true},
	{"name": "doc", "type": "json", "null": true},
	{"name": "day", "type": "date", "null": true},
	{"name": "ts", "type": "timestamp", "precision": 3, "null": true},
	{"name": "state", "type": "enum", "values": ["on", "off"], "collation": "utf8mb4_bin", "null": true}`

// thingsWith is a contract of these columns with attributes of the test's own.
func thingsWith(attributes ...string) string {
	var all []string
	for name, kind := range map[string]string{"n": "N", "big": "N", "price": "N", "note": "S", "raw": "B", "doc": "M", "day": "S", "ts": "S", "state": "S"} {
		all = append(all, fmt.Sprintf(`{"name": "c%s", "type": %q, "source_column": %q}`, name, kind, name))
	}
	attributes = append([]string{`{"name": "id", "type": "N", "source_column": "id"}`}, append(attributes, all...)...)
	return fmt.Sprintf(`{"tables": [{"table": "Things", "type": "single-entity", "source_table": "things", "pk": "id",
		"columns": [%s], "primary_key": ["id"], "sequence": {"column": "id"}, "attributes": [%s]}]}`, thingColumns, strings.Join(attributes, ",\n"))
}

// Every finding about a calculation, a literal or a transformation. A case is the
// properties of an attribute x, and the findings' severity, place in the attribute
// and the start of their text.
func TestComputeFindings(t *testing.T) {
	const none = `"source_column": null, `
	of := func(column string) string { return fmt.Sprintf(`"source_column": %q, `, column) }
	math := func(operation, interval, unit string) string {
		return fmt.Sprintf(`"calculation": {"type": "date-math", "operation": %q, "interval": %q, "unit": %q}`, operation, interval, unit)
	}
	cases := func(when, then string) string {
		return fmt.Sprintf(`"calculation": {"type": "case", "cases": [{"when": %q, "then": %q}]}`, when, then)
	}
	as := func(kind, format string) string {
		return fmt.Sprintf(`"transformation": {"type": %q, "format": %q}`, kind, format)
	}
	for name, c := range map[string]struct {
		kind, attribute string
		want            []string
	}{
		// The pipeline: one of column, join and calculation, then one transformation.
		"several columns":        {"S", `"source_column": ["n", "note"]`, []string{`error /source_column: names several columns, and not what is made of them; add "calculation": {"type": "concat"`}},
		"nothing":                {"S", `"source_column": null`, []string{`error : nothing says what attribute x holds; name a source_column, or add a "literal", or a string-format`}},
		"nothing to format":      {"S", none + as("date-format", "YYYY"), []string{`error : nothing says what attribute x holds`}},
		"join and calculation":   {"S", of("n") + cases("n > 1", "'a'") + `, "join": {"type": "foreign-key", "target_table": "things", "join_condition": "things.id = things.id", "select_column": "note"}`, []string{`error : has a join and a calculation, and can have one of them; take one out`}},
		"unknown calculation":    {"S", none + `"calculation": {"type": "sum"}`, []string{`error /calculation/type: "sum" is none of`}},
		"unknown transformation": {"S", of("n") + as("upper", "x"), []string{`error /transformation/type: "upper" is none of`}},
		"type":                   {"N", of("day") + as("date-format", "YYYY"), []string{`error /type: N can't hold column x, which is longtext; use S`}},

		"keep of a template": {"S", none + as("template", "A#{n}") + `, "keep": {"dynamodb": "edge"}`, []string{`error /keep: attribute x is not joined: it changes with its own record only; take it out`}},
		"keep of a case":     {"S", none + cases("n > 1", "'a'") + `, "keep": {"dynamodb": "counter"}`, []string{`error /keep: attribute x is not joined`}},

		// Literals.
		"literal beside a column":      {"S", of("n") + `"literal": "a"`, []string{`error /source_column: names a column beside a literal, which holds none; use "source_column": null`}},
		"literal and calculation":      {"S", none + `"literal": "a", ` + cases("n > 1", "'a'"), []string{`error /literal: has a literal and a calculation, and can have one of them`}},
		"literal of another type":      {"N", none + `"literal": "a"`, []string{`error /literal: the literal is not of the attribute's type, N`}},
		"literal with too many digits": {"N", none + `"literal": 123456789012345678901234567890123456789`, []string{`error /literal: the literal is not of the attribute's type, N`}},
		"literal object":               {"M", none + `"literal": {}`, []string{`error /literal: is an object where a string or a number or a boolean belongs`}},

		// case.
		"case of no case":         {"S", none + `"calculation": {"type": "case", "cases": []}`, []string{`error /calculation/cases: there is no case`}},
		"case of a word":          {"S", none + cases("n > 1", "VIP"), []string{`error /calculation/cases/0/then: fragment "VIP", column 1: there is no column ` + "`VIP`" + ` of things, and no attribute of that name that joins one; write 'VIP' if the text is meant`}},
		"case of another table":   {"S", none + cases("users.id = 1", "'a'"), []string{`error /calculation/cases/0/when: fragment "users.id = 1", column 1: users is another table`}},
		"case of a subquery":      {"S", none + cases("n = (SELECT 1)", "'a'"), []string{`error /calculation/cases/0/when: fragment "n = (SELECT 1)"`}},
		"case of two statements":  {"S", none + cases("n = 1; DROP TABLE things", "'a'"), []string{`error /calculation/cases/0/when: fragment "n = 1; DROP TABLE things"`}},
		"case compares by guess":  {"S", none + cases("note = 1", "'a'"), []string{`error /calculation/cases/0/when: fragment "note = 1", column`}},
		"case of a date":          {"S", none + cases("n = 1", "day"), []string{`error /calculation: what the case gives has no form here: dates`}},
		"case of nothing":         {"S", none + cases("n = 1", "NULL"), []string{`error /calculation: what the case gives is always NULL`}},
		"case of a text as a N":   {"N", none + cases("n = 1", "'a'"), []string{`error /type: N can't hold column x`}},
		"case of a number":        {"N", none + cases("n = 1", "price * 2"), nil},
		"case of an ENUM is null": {"N", none + cases("state IS NULL", "1"), nil},

		// concat.
		"concat of nothing":     {"S", none + `"calculation": {"type": "concat"}`, []string{`error /source_column: names no column, and a concat is made of columns`}},
		"concat of no such":     {"S", `"source_column": ["n", "nn"], "calculation": {"type": "concat"}`, []string{`error /source_column/1: table things has no column "nn"; did you mean "n"?`}},
		"concat of bytes":       {"S", `"source_column": ["raw"], "calculation": {"type": "concat"}`, []string{`error /source_column/0: column raw is varbinary(50), and a concat is a text`}},
		"concat of a document":  {"S", `"source_column": ["n", "doc"], "calculation": {"type": "concat"}`, []string{`error /source_column/1: column doc is json, and a concat is a text`}},
		"concat, then a number": {"S", `"source_column": ["n", "note"], "calculation": {"type": "concat"}, ` + as("number-format", "0"), []string{`error /transformation/format: column x is longtext, which is no number`}},

		// date-math.
		"operation":     {"S", of("day") + math("multiply", "1", "day"), []string{`error /calculation/operation: "multiply" is none of add, subtract`}},
		"no operation":  {"S", of("day") + `"calculation": {"type": "date-math"}`, []string{`error /calculation/operation: "" is none of add, subtract`}},
		"below zero":    {"S", of("day") + math("add", "-1", "day"), []string{`error /calculation/interval: "-1" is not an integer from 1 to 2147483647; use "subtract"`}},
		"a fraction":    {"S", of("day") + math("add", "1.5", "day"), []string{`error /calculation/interval: "1.5" is not an integer`}},
		"far too much":  {"S", of("day") + math("add", "2147483648", "day"), []string{`error /calculation/interval: "2147483648" is not an integer`}},
		"unit":          {"S", of("day") + math("add", "1", "quarter"), []string{`error /calculation/unit: "quarter" is none of day, hour, minute, second, week, month, year`}},
		"a number":      {"S", of("day") + `"calculation": {"type": "date-math", "operation": "add", "interval": 1, "unit": "day"}`, nil},
		"half a number": {"S", of("day") + `"calculation": {"type": "date-math", "operation": "add", "interval": 0.5, "unit": "day"}`, []string{`error /calculation/interval: "0.5" is not an integer`}},
		"SQL as a unit": {"S", of("day") + math("add", "1", "day)--"), []string{`error /calculation/unit: "day)--" is none of`}},
		"of a number":   {"S", of("n") + math("add", "1", "day"), []string{`error /calculation: column n is int, and an interval is added to a date`}},
		"of no column":  {"S", none + math("add", "1", "day"), []string{`error /source_column: names no column, and an interval is added to one`}},

		// date-format.
		"unknown token":    {"S", of("day") + as("date-format", "yyyy-MM-dd"), []string{`error /transformation/format: date-format "yyyy-MM-dd", at byte 0: "yyyy" is no token; the tokens are YYYY MM DD HH mm ss`}},
		"no format":        {"S", of("day") + `"transformation": {"type": "date-format"}`, []string{`error /transformation/format: date-format "", at byte 0: it is empty`}},
		"date of a number": {"S", of("n") + as("date-format", "YYYY"), []string{`error /transformation/format: column n is int, which has no dates`}},
		"date of a text":   {"S", of("note") + as("date-format", "YYYY"), []string{`error /transformation: column note is varchar(50), and nothing says in what form it has dates; add "source_format"`}},
		"hour of a date":   {"S", of("day") + as("date-format", "YYYY HH"), nil}, // midnight

		// number-format.
		"other language":    {"S", of("n") + as("number-format", "%05d"), []string{`error /transformation/format: number-format "%05d", at byte 0: only zeros and one point make a number-format; write 0.00 for %.2f`}},
		"number of a text":  {"S", of("note") + as("number-format", "0"), []string{`error /transformation/format: column note is varchar(50), which is no number`}},
		"too few decimals":  {"S", of("price") + as("number-format", "0.0"), []string{`warning /transformation/format: rows of numbers that do not fit are refused: the column has 2 digits after the point, the format 1`}},
		"too few digits":    {"S", of("big") + as("number-format", "0000000000"), []string{`warning /transformation/format: rows of numbers that do not fit are refused: the column has numbers of 20 digits before the point, the format 10`}},
		"padded, may be <0": {"S", of("n") + as("number-format", "0000000000"), []string{`warning /transformation/format: rows of numbers that do not fit are refused: the column may be negative`}},
		"padded id":         {"S", of("id") + as("number-format", "0000000000"), nil},

		// Templates.
		"unknown name":   {"S", none + as("string-format", "A#{nope}"), []string{`error /transformation/format: {nope} is no attribute before its transformation, and no column of things`}},
		"itself":         {"S", none + as("string-format", "A#{x}"), []string{`error /transformation/format: {x} is no attribute before its transformation`}},
		"no template":    {"S", none + `"transformation": {"type": "static"}`, []string{`error /transformation/format: template "", at byte 0: it is empty`}},
		"wrong template": {"S", none + `"transformation": {"type": "static", "value": "{"}`, []string{`error /transformation/value: template "{", at byte 0: a placeholder without its }`}},
		"SQL in a name":  {"S", none + as("template", "{id' OR 1=1 --}#"), []string{`error /transformation/format: {id' OR 1=1 --} is no attribute before its transformation`}},
		"pads a text":    {"S", none + as("template", "A#{note:010d}"), []string{`warning /transformation/format: column note is a text: rows in which it is no integer`}},
		"pads a date":    {"S", none + as("template", "A#{day:010d}"), []string{`error /transformation/format: column day is date, and only integers are padded`}},
		"pads too few":   {"S", none + as("template", "A#{id:05d}"), []string{`warning /transformation/format: column id has numbers of 10 digits, and the template room for 5: rows with longer ones are refused; write {id:010d}`}},
		"pads enough":    {"S", none + as("template", "A#{id:010d}"), nil},

		// json-parse.
		"JSON of a number":  {"M", of("n") + `"transformation": {"type": "json-parse"}`, []string{`error /transformation: column n is int, and JSON is parsed from a text`}},
		"JSON of an ENUM":   {"M", of("state") + `"transformation": {"type": "json-parse"}`, []string{`error /transformation: column state is enum('on','off'), and JSON is parsed from a text`}},
		"JSON with format":  {"M", of("note") + as("json-parse", "x"), []string{`error /transformation/format: a json-parse has no format`}},
		"JSON of no form":   {"M", of("note") + `"transformation": {"type": "json-parse", "source_format": "loose"}`, []string{`error /transformation/source_format: "loose" is no form of JSON`}},
		"JSON as a number":  {"N", of("note") + `"transformation": {"type": "json-parse"}`, []string{`error /type: N can't hold column x, which is json; use M or L or JSON or S`}},
		"canonical is fine": {"L", of("note") + `"transformation": {"type": "json-parse", "source_format": "canonical"}`, nil},

		// An object of the own row.
		"object as a list": {"L", none + ownObject(`"a": "n"`), []string{`error /type: a map can't be an L; use M`}},
		"object of bytes":  {"M", none + ownObject(`"a": "raw"`), []string{`error /join/construction/select_columns/a: column raw holds bytes, which no JSON has`}},
		"object of no such": {"M", none + ownObject(`"a": "nn"`),
			[]string{`error /join/construction/select_columns/a: table things has no column "nn"; did you mean "n"?`}},
	} {
		t.Run(name, func(t *testing.T) {
			contract, findings := Check([]byte(thingsWith(fmt.Sprintf(`{"name": "x", "type": %q, %s}`, c.kind, c.attribute))))
			require.Len(t, findings, len(c.want), findingLines(findings))
			for i, want := range c.want {
				severity, rest, _ := strings.Cut(want, " ")
				at, text, _ := strings.Cut(rest, ": ")
				require.Equal(t, severity, findings[i].Severity.String())
				require.Equal(t, "/tables/0/attributes/1"+at, findings[i].Pointer)
				require.Contains(t, findings[i].String(), text)
			}
			require.Equal(t, hasErrors(findings), contract == nil)
			if contract != nil {
				require.Empty(t, contract.Entities[0].Lost())
			}
		})
	}
}

// One mistake is one error: a template that names an attribute that is wrong
// itself does not ask whether its own name was meant, and an unknown "keep" is
// not refused a second time without a reason.
func TestFollowingErrorsMakeSense(t *testing.T) {
	join := `"join": {"type": "foreign-key", "target_table": "things", "join_condition": %q, "select_column": "things.note"}`
	_, findings := Check([]byte(thingsWith(`{"name": "y", "type": "S", "source_column": "n", `+fmt.Sprintf(join, "things.nope = things.n")+`}`,
		`{"name": "x", "type": "S", "source_column": null, "transformation": {"type": "template", "template": "A#{y}"}}`)))
	require.Contains(t, findingLines(findings), "{y} is an attribute that is wrong itself, or is nothing before its transformation; mend that attribute first")
	require.NotContains(t, findingLines(findings), `did you mean "y"?`)

	_, findings = Check([]byte(thingsWith(`{"name": "y", "type": "S", "source_column": "n", ` + fmt.Sprintf(join, "things.id = things.n") + `, "keep": {"dynamodb": "magic"}}`)))
	require.NotContains(t, findingLines(findings), "can't keep this attribute")
}

func ownObject(columns string) string {
	return `"join": {"type": "json-construction", "target_table": "things", "join_condition": "things.id = things.id",
		"construction": {"type": "object", "select_columns": {` + columns + `}}}`
}

// A column that only an irreversible attribute is made of is a warning that says
// what it means for phase 4; one that nothing is made of is an error.
func TestLostColumnsAreFound(t *testing.T) {
	columns := `{"name": "id", "type": "int", "null": false}, {"name": "a", "type": "datetime", "precision": 0, "null": false}, {"name": "b", "type": "int", "null": true}, {"name": "c", "type": "int", "null": false}`
	contract := func(attributes string) []byte {
		return []byte(fmt.Sprintf(`{"tables": [{"table": "Things", "type": "single-entity", "source_table": "things", "pk": "id", "columns": [%s],
			"primary_key": ["id"], "attributes": [{"name": "id", "type": "N", "source_column": "id"}, %s]}]}`, columns, attributes))
	}
	_, findings := Check(contract(`{"name": "a", "type": "S", "source_column": "a", "transformation": {"type": "date-format", "format": "YYYY-MM-DD"}},
		{"name": "bc", "type": "S", "source_column": null, "transformation": {"type": "template", "template": "{b}#{c}"}}`))
	require.Equal(t, []string{
		`warning /tables/0/columns/1: column a can't be read back: attribute a is made of it, but the format has no hour, which the source, "YYYY-MM-DDTHH:mm:ss", has; the step to phase 4 is refused; add an attribute {"name": "a", "source_column": "a", …}`,
		`warning /tables/0/columns/3: column c can't be read back: attribute bc is made of it, but where b is NULL it is absent, and tells nothing of the others; the step to phase 4 is refused; add an attribute {"name": "c", "source_column": "c", …}`,
	}, strings.Split(findingLines(findings), "\n"))
	_, findings = Check(contract(`{"name": "a", "type": "S", "source_column": "a"}, {"name": "c", "type": "N", "source_column": "c"}`))
	require.Equal(t, `error /tables/0/columns/2: no attribute carries column b, so a row can't be made from its item; add an attribute {"name": "b", "source_column": "b", …}`,
		findingLines(findings))
}
