// # Catalogue
//
// One attribute for each thing that a contract can say, of an entity ORDER of the
// table orders (id, user_id, region, placed DATETIME, title, amount DECIMAL(10,2),
// note TEXT, status ENUM, born VARCHAR, parent_id) that knows users (id, region,
// name, city_id), cities (id, name), statuses (code, text, open) and lines
// (order_id, number, price, quantity). Each is taken through the check by
// TestCatalogue, and has no findings.
//
// Columns and literals:
//
//	{"name": "title", "type": "S", "source_column": "title", "null": "type"}
//	{"name": "when", "type": "S", "source_column": "placed", "zero_dates": "error"}
//	{"name": "version", "type": "N", "source_column": null, "literal": 1}
//
// Joins. A "join_alias" may stand in each, and is what the other fields then call
// the row; "keep" in those that have to be kept:
//
//	{"name": "x", "type": "S", "source_column": "user_id", "keep": {"mysql": "live", "dynamodb": "edge"}, "join":
//	  {"type": "foreign-key", "target_table": "users", "join_condition": "users.id = orders.user_id", "select_column": "users.name"}}
//	{"name": "x", "type": "S", "source_column": "status", "keep": {"dynamodb": "copy"}, "join":
//	  {"type": "lookup-table", "target_table": "statuses", "join_condition": "statuses.code = orders.status", "select_column": "statuses.text"}}
//	{"name": "x", "type": "S", "source_column": "parent_id", "keep": {"dynamodb": "hydrate"}, "join":
//	  {"type": "self-join", "join_alias": "p", "join_condition": "p.id = orders.parent_id", "select_column": "p.title",
//	   "null_value": "none"}}
//	{"name": "x", "type": "S", "source_column": "user_id", "keep": {"dynamodb": "copy"}, "join":
//	  {"type": "conditional", "condition": "orders.amount > 100", "target_table": "users",
//	   "join_condition": "users.id = orders.user_id", "select_column": "users.name", "else_value": "anyone"}}
//	{"name": "x", "type": "S", "source_column": "user_id", "keep": {"dynamodb": "copy"}, "join":
//	  {"type": "conditional", "condition": "users.region = 'north'", "target_table": "users",
//	   "join_condition": "users.id = orders.user_id", "select_column": "users.name", "else_column": "orders.title"}}
//	{"name": "x", "type": "S", "source_column": "user_id", "keep": {"dynamodb": "copy"}, "join":
//	  {"type": "chain", "chain_separator": ", ", "joins": [
//	    {"target_table": "users", "join_alias": "u", "join_condition": "u.id = orders.user_id", "select_column": "u.name"},
//	    {"target_table": "cities", "join_condition": "cities.id = u.city_id", "select_column": "cities.name"}]}}
//	{"name": "x", "type": "S", "source_column": "user_id", "keep": {"dynamodb": "copy"}, "join":
//	  {"type": "multi-column", "target_table": "users",
//	   "join_conditions": ["users.id = orders.user_id", "users.region = orders.region"], "select_column": "users.name"}}
//	{"name": "x", "type": "L", "source_column": "id", "join":
//	  {"type": "json-construction", "target_table": "lines", "join_condition": "lines.order_id = orders.id", "construction":
//	    {"type": "array", "select_columns": {"number": "number", "price": "lines.price", "quantity": "quantity"},
//	     "order_by": "number DESC"}}}
//	{"name": "x", "type": "L", "source_column": "id", "keep": {"dynamodb": "copy"}, "join":
//	  {"type": "json-construction", "target_table": "lines", "join_condition": "lines.order_id = orders.id", "construction":
//	    {"type": "array", "select_columns": {"price": "price"}, "order_by": "price, number", "limit": 3}}}
//	{"name": "x", "type": "M", "source_column": "id", "join":
//	  {"type": "json-construction", "target_table": "orders", "join_condition": "orders.id = orders.id", "construction":
//	    {"type": "object", "select_columns": {"title": "title", "amount": "amount"}}}}
//
// A chain without chain_separator gives the last hop's column. "zero_dates" of a list
// or a map is said of all dates in it.
//
// Calculations. Trees, of depth and hierarchy-path, have at most 31 rows above a
// row; one with more, or that is above itself, is an error of the row. A counter is
// for a COUNT or SUM of type N of which no other attribute is made, and a copy for any
// aggregate: so they are checked. In items the stores keep a COUNT of an entity's records
// alone, and all five can be hydrated:
//
//	{"name": "x", "type": "N", "source_column": "id", "keep": {"dynamodb": "counter"}, "calculation":
//	  {"type": "aggregate", "target_table": "lines", "join_condition": "lines.order_id = orders.id", "operation": "SUM",
//	   "select_column": "price * quantity"}}
//	{"name": "x", "type": "N", "source_column": "id", "keep": {"dynamodb": "counter"}, "calculation":
//	  {"type": "aggregate", "target_table": "lines", "join_condition": "lines.order_id = orders.id", "operation": "COUNT",
//	   "select_column": "lines.number"}}
//	{"name": "x", "type": "N", "source_column": "id", "keep": {"dynamodb": "hydrate"}, "calculation":
//	  {"type": "aggregate", "target_table": "orders", "join_alias": "below", "join_condition": "below.parent_id = orders.id",
//	   "operation": "COUNT", "select_column": "*"}}
//	{"name": "x", "type": "N", "source_column": "id", "keep": {"dynamodb": "hydrate"}, "calculation":
//	  {"type": "aggregate", "target_table": "orders", "join_alias": "below", "join_condition": "below.parent_id = orders.id",
//	   "operation": "SUM", "select_column": "below.amount"}}
//	{"name": "x", "type": "N", "source_column": "id", "keep": {"dynamodb": "copy"}, "calculation":
//	  {"type": "aggregate", "target_table": "lines", "join_condition": "lines.order_id = orders.id", "operation": "AVG",
//	   "select_column": "price"}}
//	{"name": "x", "type": "N", "source_column": "id", "keep": {"dynamodb": "copy"}, "calculation":
//	  {"type": "aggregate", "target_table": "lines", "join_condition": "lines.order_id = orders.id", "operation": "MIN",
//	   "select_column": "price"}}
//	{"name": "x", "type": "N", "source_column": "id", "keep": {"dynamodb": "copy"}, "calculation":
//	  {"type": "aggregate", "target_table": "lines", "join_condition": "lines.order_id = orders.id", "operation": "MAX",
//	   "select_column": "price"}}
//	{"name": "x", "type": "S", "source_column": null, "calculation":
//	  {"type": "case", "cases": [{"when": "amount >= 100", "then": "'big'"}, {"when": "amount IS NULL", "then": "title"}],
//	   "else": "'small'"}}
//	{"name": "x", "type": "S", "source_column": ["title", "born"], "calculation": {"type": "concat", "separator": " "}}
//	{"name": "x", "type": "S", "source_column": "placed", "calculation":
//	  {"type": "date-math", "operation": "add", "interval": 30, "unit": "day"}}
//	{"name": "x", "type": "N", "source_column": null, "keep": {"dynamodb": "edge"}, "calculation":
//	  {"type": "depth", "parent_column": "parent_id"}}
//	{"name": "x", "type": "S", "source_column": null, "keep": {"dynamodb": "edge"}, "calculation":
//	  {"type": "hierarchy-path", "parent_column": "parent_id", "select_column": "title", "separator": " > "}}
//
// In a case, names are own columns and joined attributes, and then and else are
// expressions: a text is quoted, "'big'". Without else an order of no case has no
// attribute. else_value and null_value are texts or numbers as they are, unquoted.
//
// Transformations. source_format is the form of a column of text: for a date-format
// tokens, for a json-parse "canonical" or nothing. Other columns have the form of
// their type:
//
//	{"name": "x", "type": "S", "source_column": null, "transformation":
//	  {"type": "string-format", "format": "{region}#{id:010d}"}}
//	{"name": "x", "type": "S", "source_column": null, "transformation": {"type": "template", "template": "ORDER#{id}"}}
//	{"name": "x", "type": "S", "source_column": null, "transformation": {"type": "static", "value": "#META"}}
//	{"name": "x", "type": "S", "source_column": "placed", "transformation": {"type": "date-format", "format": "YYYY-MM-DD HH:mm"}}
//	{"name": "x", "type": "S", "source_column": "born", "transformation":
//	  {"type": "date-format", "source_format": "DD.MM.YYYY", "format": "YYYY-MM-DD"}}
//	{"name": "x", "type": "S", "source_column": "id", "transformation": {"type": "number-format", "format": "0000000000"}}
//	{"name": "x", "type": "S", "source_column": "nick", "transformation": {"type": "fold"}}
//	{"name": "x", "type": "M", "source_column": "note", "transformation": {"type": "json-parse"}}
//	{"name": "x", "type": "M", "source_column": "note", "transformation": {"type": "json-parse", "source_format": "canonical"}}
//
// Conditions, in condition and when:
//
//	amount = 1 AND NOT (title <> 'a' OR id < 2)
//	id > 2 OR amount <= 1.5 OR amount >= 10
//	title IS NULL
//	placed IS NOT NULL
//	id IN (1, 2, 3) AND title NOT IN ('a', 'b')
//	TRUE
//
// Expressions, in select_column, then and else. TRIM takes blanks off both sides:
//
//	amount * 2 + id - -1
//	CAST(amount / 3 AS DECIMAL(10,2)) + 1
//	CONCAT(title, ' in ', region)
//	CONCAT_WS(', ', title, region)
//	COALESCE(title, 'none')
//	LOWER(title)
//	UPPER(title)
//	TRIM(title)
//	SUBSTRING(title, 1, 3)
//	SUBSTRING(title, 4)
//	IF(amount > 100, 'big', 'small')
//	CAST(id AS CHAR)
//	CAST(amount AS SIGNED)
//	CAST(amount AS UNSIGNED)
//
// Dates and times, ENUM, SET, FLOAT, DOUBLE, BIT, JSON and bytes can be tested for
// NULL, and not be compared or calculated with, nor be what a case or an IF gives:
// servers differ in how they do that.
// Of an ENUM, join a table that has its values by a lookup-table, select a number
// or text there, and compare that attribute's name in a case. A date is compared by
// a query of an index whose sort key it is in, or is kept a second time in a column
// that is a number.
package transform
