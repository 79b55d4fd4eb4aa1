package transform

// A ValueError says that a value cannot be what it should become: a column's
// content, an attribute, a key, a field. It names entity and column and never
// the value, so that it may be logged and kept with a dead letter.
type ValueError struct {
	Entity   string // "" where only the column is known
	Column   string // "" where the fault is the record's as a whole
	Reason   string
	TooLarge bool // the item, a key or a number is over a limit of size
}

// Error returns one line: entity, column and reason.
func (e *ValueError) Error() string {
	switch {
	case e.Entity != "" && e.Column != "":
		return e.Entity + "." + e.Column + ": " + e.Reason
	case e.Entity != "" || e.Column != "":
		return e.Entity + e.Column + ": " + e.Reason
	}
	return e.Reason
}
