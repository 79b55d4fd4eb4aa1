package transform

import "strings"

// A shape is the properties that an object of the contract may have.
type shape struct {
	props []prop
}

// A prop is one property of a shape.
type prop struct {
	name     string
	form     form
	required bool
	enum     []string
	of       *shape            // of an object, or of an array's elements
	element  form              // of an array's elements
	variants map[string]*shape // of an object, by its property "type"
	nonEmpty bool              // a string that can't be ""
}

func text(name string) prop          { return prop{name: name, form: formString} }
func textOrNull(name string) prop    { return prop{name: name, form: formString | formNull} }
func textOrNumber(name string) prop  { return prop{name: name, form: formString | formNumber} }
func texts(name string) prop         { return prop{name: name, form: formArray, element: formString} }
func count(name string) prop         { return prop{name: name, form: formNumber} }
func truth(name string) prop         { return prop{name: name, form: formBool} }
func object(n string, s *shape) prop { return prop{name: n, form: formObject, of: s} }
func list(n string, s *shape) prop {
	return prop{name: n, form: formArray, element: formObject, of: s}
}

func (p prop) must() prop                  { p.required = true; return p }
func (p prop) named() prop                 { p.required, p.nonEmpty = true, true; return p }
func (p prop) oneOf(values ...string) prop { p.enum = values; return p }

// mendMissing says what to do where the property is missing.
func (p prop) mendMissing() string {
	if p.enum == nil {
		return "add it"
	}
	return "add it, as one of " + strings.Join(p.enum, ", ")
}

// typed is an object that has a property "type", which says its shape.
func typed(name string, variants map[string]*shape) prop {
	return prop{name: name, form: formObject, variants: variants}
}

var documentShape = &shape{props: []prop{
	list("tables", tableShape).must(), text("group"), text("$schema"), list("source_tables", sourceShape),
	list("access_patterns", patternShape),
}}

// patternShape is of a way in which a service asks for records.
var patternShape = &shape{props: []prop{
	text("name").must(), text("entity").must(), text("index"), texts("equal"), text("range"), text("order"), truth("own_writes"),
}}

// sourceShape is of a table that no entity takes its rows from.
var sourceShape = &shape{props: []prop{
	text("table").named(), list("columns", columnShape).must(), texts("primary_key").must(), list("unique", uniqueShape),
}}

// The types of a table.
const (
	singleEntity = "single-entity"
	multiEntity  = "multi-entity"
)

var tableShape = &shape{props: []prop{
	text("table").named(), text("type").must().oneOf(singleEntity, multiEntity),
	text("source_table").named(), text("pk").must(), textOrNull("sk"),
	list("gsis", indexShape), list("attributes", attributeShape), list("entities", entityShape),
	list("columns", columnShape), texts("primary_key"),
	texts("satisfies"), count("estimated_item_size_bytes"),
	text("billing").oneOf(PayPerRequest, Provisioned), object("capacity", capacityShape),
	{name: "ttl", form: formString, nonEmpty: true}, truth("point_in_time_recovery"), text("encryption"), truth("deletion_protection"),
	{name: "tags", form: formObject}, list("unique", uniqueShape), object("sequence", sequenceShape),
	list("references", referenceShape),
}}

var uniqueShape = &shape{props: []prop{text("name"), texts("columns").must()}}

var referenceShape = &shape{props: []prop{
	texts("columns").must(), text("entity").named(), text("on_delete").must().oneOf(OnDeleteRestrict, OnDeleteCascade, OnDeleteSetNull),
}}

var sequenceShape = &shape{props: []prop{text("column").named()}}

var capacityShape = &shape{props: []prop{count("read").must(), count("write").must()}}

var indexShape = &shape{props: []prop{
	text("index_name").named(), text("pk").must(), textOrNull("sk"),
	text("projection").oneOf("ALL", "KEYS_ONLY", "INCLUDE"), texts("projected_attributes"),
	object("capacity", capacityShape),
}}

var entityShape = &shape{props: []prop{
	text("entity_type").named(), text("source_table").named(), text("pk_template").must(), textOrNull("sk_template"),
	list("attributes", attributeShape).must(), list("columns", columnShape), texts("primary_key"),
	list("unique", uniqueShape), object("sequence", sequenceShape), list("references", referenceShape),
}}

var attributeShape = &shape{props: []prop{
	text("name").must(),
	text("type").must().oneOf("S", "N", "B", "BOOL", "M", "L", "JSON", "SS", "NS", "BS", "NULL"),
	text("source_table"),
	{name: "source_column", form: formString | formArray | formNull, element: formString, required: true},
	typed("join", joinShapes),
	typed("calculation", calculationShapes),
	typed("transformation", transformationShapes),
	truth("denormalized"), text("justification"),
	text("null").oneOf("absent", "type"), text("zero_dates").oneOf(ZeroDateError, ZeroDateNull, ZeroDateText),
	{name: "literal", form: formString | formNumber | formBool},
	object("keep", keepShape),
}}

var keepShape = &shape{props: []prop{
	text("mysql").oneOf(KeepLive, KeepCopy), text("dynamodb").oneOf(KeepCopy, KeepEdge, KeepCounter, KeepHydrate),
}}

var columnShape = &shape{props: []prop{
	text("name").named(), text("type").named(), truth("unsigned"), truth("null"),
	count("length"), count("precision"), count("scale"), textOrNull("collation"), texts("values"),
	{name: "default", form: formString | formNumber | formBool | formNull},
	textOrNull("on_update"), textOrNull("generated"),
}}

// joined is what nearly every join has.
func joined(more ...prop) *shape {
	return &shape{props: append([]prop{text("type").must(), text("target_table").named(),
		text("join_condition").must(), text("join_alias")}, more...)}
}

var joinShapes = map[string]*shape{
	"foreign-key":  joined(text("select_column").must()),
	"lookup-table": joined(text("select_column").must()),
	"self-join": {props: []prop{text("type").must(), text("join_alias").must(), text("join_condition").must(),
		text("select_column").must(), text("target_table"), textOrNull("null_value")}},
	"multi-column": {props: []prop{text("type").must(), text("target_table").named(),
		texts("join_conditions").must(), text("join_alias"), text("select_column").must()}},
	"conditional": joined(text("condition").must(), text("select_column").must(),
		textOrNull("else_value"), text("else_column")),
	"chain": {props: []prop{text("type").must(), text("chain_separator"),
		list("joins", &shape{props: []prop{text("target_table").named(), text("join_condition").must(),
			text("join_alias"), text("select_column").must()}}).must()}},
	"json-construction": joined(object("construction", &shape{props: []prop{
		text("type").must().oneOf("array", "object"), count("limit"), text("order_by"),
		{name: "select_columns", form: formObject, required: true}}}).must()),
}

var calculationShapes = map[string]*shape{
	"aggregate": joined(text("operation").must().oneOf("SUM", "COUNT", "AVG", "MIN", "MAX"), text("select_column").must()),
	"case": {props: []prop{text("type").must(), textOrNull("else"),
		list("cases", &shape{props: []prop{text("when").must(), text("then").must()}}).must()}},
	"concat":    {props: []prop{text("type").must(), text("separator")}},
	"date-math": {props: []prop{text("type").must(), text("operation"), textOrNumber("interval"), text("unit")}},
	"depth":     {props: []prop{text("type").must(), text("parent_column").must()}},
	"hierarchy-path": {props: []prop{text("type").must(), text("parent_column").must(),
		text("select_column").must(), text("separator")}},
}

// formatted is what the transformations have.
func formatted(more ...prop) *shape {
	return &shape{props: append([]prop{text("type").must(), text("format"), text("source_format")}, more...)}
}

var transformationShapes = map[string]*shape{
	"date-format": formatted(), "string-format": formatted(), "number-format": formatted(),
	"fold":       {props: []prop{text("type").must()}},
	"json-parse": formatted(), "static": formatted(text("value")), "template": formatted(text("template")),
	"hierarchy-path": calculationShapes["hierarchy-path"], "depth": calculationShapes["depth"],
}
