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
}

// sqlAliases are other names MySQL takes for a type.
var sqlAliases = map[string]string{
	"bool": "tinyint", "boolean": "tinyint", "integer": "int",
	"dec": "decimal", "numeric": "decimal", "fixed": "decimal",
}

// laterTypes are types of MySQL that this version can't convert.
var laterTypes = map[string]bool{
	"float": true, "double": true, "real": true, "bit": true, "time": true, "year": true,
	"enum": true, "set": true, "geometry": true, "point": true, "linestring": true, "polygon": true,
	"multipoint": true, "multilinestring": true, "multipolygon": true, "geometrycollection": true,
	"uuid": true, "inet4": true, "inet6": true, "vector": true,
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
