package attr

// A Kind is an attribute's data type. Its text is the name the wire protocol
// and attribute_type use: "S", "NULL", "SS".
type Kind string

// The ten data types.
const (
	KindString    Kind = "S"
	KindNumber    Kind = "N"
	KindBinary    Kind = "B"
	KindBool      Kind = "BOOL"
	KindNull      Kind = "NULL"
	KindList      Kind = "L"
	KindMap       Kind = "M"
	KindStringSet Kind = "SS"
	KindNumberSet Kind = "NS"
	KindBinarySet Kind = "BS"
)

// A Value is one attribute value: a String, Number, Binary, Bool, Null, List,
// Map, StringSet, NumberSet or BinarySet, and nothing else. nil stands for an
// attribute that is not there. No value changes once it exists. The wire form
// is written by AppendJSON and by an Item's MarshalJSON, not by json.Marshal of
// another Value.
type Value interface {
	Kind() Kind
	appendJSON(b []byte) []byte
}

// The data types that are not numbers. Binary holds raw bytes, not base64: a
// Go string can't be changed, so it can be shared and compared.
type (
	String string
	Binary string
	Bool   bool
	Null   struct{}
	List   []Value
	Map    map[string]Value
)

// An Item is a whole item, or the attributes of one that were asked for. Its
// keys are the names of top-level attributes.
type Item = Map

// Sets are sorted, in the order of Compare, and hold nothing twice. Make them
// with NewStringSet, NewNumberSet and NewBinarySet.
type (
	StringSet []string
	NumberSet []Number
	BinarySet []string
)

// Kind returns KindString, and so on for the other types.
func (String) Kind() Kind    { return KindString }
func (Number) Kind() Kind    { return KindNumber }
func (Binary) Kind() Kind    { return KindBinary }
func (Bool) Kind() Kind      { return KindBool }
func (Null) Kind() Kind      { return KindNull }
func (List) Kind() Kind      { return KindList }
func (Map) Kind() Kind       { return KindMap }
func (StringSet) Kind() Kind { return KindStringSet }
func (NumberSet) Kind() Kind { return KindNumberSet }
func (BinarySet) Kind() Kind { return KindBinarySet }
