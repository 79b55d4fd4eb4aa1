package transform

import "strings"

// An sqlType is what is known of a MySQL type by its name.
type sqlType struct {
	kind  Kind
	bits  int    // integers
	bytes int    // the most bytes of text and blob types, 0 where Length counts
	want  length // what the contract must say beside the name
}

// length says which of a column's measures belong to a type.
type length uint8

const (
	noLength   length = iota
	optLength         // char(1) is written char
	mustLength        // varchar needs one
	fraction          // digits of a second: Precision
	digits            // of a decimal: Precision and Scale
	optDigits         // of a float: float(7,2), or none
	labels            // of enum and set: Labels
)

// What MySQL's DECIMAL can have (manual, "Fixed-point types").
const (
	maxDecimalDigits = 65
	maxDecimalScale  = 38 // MariaDB's; MySQL's is 30
)

var sqlTypes = map[string]sqlType{
	"tinyint":    {kind: Int, bits: 8, want: optLength},
	"smallint":   {kind: Int, bits: 16, want: optLength},
	"mediumint":  {kind: Int, bits: 24, want: optLength},
	"int":        {kind: Int, bits: 32, want: optLength},
	"bigint":     {kind: Int, bits: 64, want: optLength},
	"decimal":    {kind: Decimal, want: digits},
	"char":       {kind: Text, want: optLength},
	"varchar":    {kind: Text, want: mustLength},
	"tinytext":   {kind: Text, bytes: 1<<8 - 1},
	"text":       {kind: Text, bytes: 1<<16 - 1},
	"mediumtext": {kind: Text, bytes: 1<<24 - 1},
	"longtext":   {kind: Text, bytes: 1<<32 - 1},
	"binary":     {kind: Bytes, want: optLength},
	"varbinary":  {kind: Bytes, want: mustLength},
	"tinyblob":   {kind: Bytes, bytes: 1<<8 - 1},
	"blob":       {kind: Bytes, bytes: 1<<16 - 1},
	"mediumblob": {kind: Bytes, bytes: 1<<24 - 1},
	"longblob":   {kind: Bytes, bytes: 1<<32 - 1},
	"date":       {kind: Date},
	"datetime":   {kind: DateTime, want: fraction},
	"timestamp":  {kind: Timestamp, want: fraction},
	"json":       {kind: JSON},
	"float":      {kind: Float, bits: 32, want: optDigits},
	"double":     {kind: Float, bits: 64, want: optDigits},
	"bit":        {kind: Int, want: optLength},
	"time":       {kind: Time, want: fraction},
	"year":       {kind: Int},
	"enum":       {kind: Text, want: labels},
	"set":        {kind: Text, want: labels},
}

// sqlAliases are other names MySQL takes for a type.
var sqlAliases = map[string]string{
	"bool": "tinyint", "boolean": "tinyint", "integer": "int",
	"dec": "decimal", "numeric": "decimal", "fixed": "decimal", "real": "double",
}

// A formless type is one whose values have no form in an item that could come
// back from it.
type formless struct{ reason, mend string }

var (
	spatial = formless{
		"has no form in an item: DynamoDB has no spatial type, and a text of it loses the reference system",
		"keep ST_AsWKB of it in a BLOB column, or its coordinates in columns of their own, or leave the table out of the contract"}
	mariaDBOnly = formless{
		"is a type of MariaDB alone, whose text MySQL would not take back",
		"convert the column to CHAR or BINARY, or leave the table out of the contract"}
)

// formlessTypes are types of MySQL and MariaDB that no item can hold.
var formlessTypes = map[string]formless{
	"geometry": spatial, "point": spatial, "linestring": spatial, "polygon": spatial,
	"multipoint": spatial, "multilinestring": spatial, "multipolygon": spatial,
	"geometrycollection": spatial, "geomcollection": spatial,
	"uuid": mariaDBOnly, "inet4": mariaDBOnly, "inet6": mariaDBOnly,
	"vector": {"has no form in an item: its text and its bytes are not the same in every server",
		"keep the vector in a BLOB column, or leave the table out of the contract"},
}

// sqlTypeName returns the name under which a type is known: in lower case,
// aliases resolved.
func sqlTypeName(name string) string {
	name = strings.ToLower(name)
	if a, ok := sqlAliases[name]; ok {
		return a
	}
	return name
}
