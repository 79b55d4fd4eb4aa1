package transform

// A Pattern is a way in which a service asks for records of one entity: the
// access_patterns of a contract. That an index serves each is checked.
type Pattern struct {
	Name   string
	Entity *Entity
	// Index is what serves the pattern: on DynamoDB a query of it, on MySQL the
	// WHERE and ORDER BY of the columns below. nil is the table's own key.
	Index *Index
	// Scan says that every record of the entity is read, and no index serves.
	Scan bool
	// Equal are the columns whose values are given, positions in Entity.Columns,
	// in the order of the contract.
	Equal []int
	// Range is the column that is bounded from one side or both, and Order the one
	// in whose order the records come; -1 for none.
	Range, Order int
	// OwnWrites says that who has written must find what he wrote.
	OwnWrites bool
}

// Values of a pattern's "index" that are not the name of one.
const (
	patternTable = "table" // the table's own key, also where nothing is said
	patternScan  = "scan"
)
