package store

import (
	"context"

	"github.com/crossfade-go/crossfade/transform"
)

// Beside is of a store that keeps items of its own beside those of records, in the
// same transactions: guards of unique values and edges of references. A store that
// asks its records themselves keeps none, and never finds anything.
//
// What is beside a record belongs to the record as this store has it, whichever
// store leads. So it can be looked at, and mended, in every phase and beside writes.
type Beside interface {
	// LookBeside looks at what belongs beside live rows that this store has given,
	// captured, and returns what is missing or another record's, in the order of the
	// rows. Of keys that have changed since they were read nothing can be said:
	// changed has them.
	LookBeside(ctx context.Context, rows []Row) (faults []Fault, changed []transform.Key, err error)
	// LeftBeside returns the next of what is there and belongs to no record, of a
	// pass that looks at up to limit items at once. A page may have none.
	LeftBeside(ctx context.Context, after string, limit int) (FaultPage, error)
	// Stamps returns a text of each key, in the order of the keys, that is another one after
	// each write of an item with copies, also of the copies alone; "" where nothing is. It is
	// as strongly consistent as Get.
	Stamps(ctx context.Context, keys []transform.Key) ([]string, error)
	// MendBeside mends all that is missing beside the record of a fault, or takes
	// away what is left, unless that is somebody's by now. It changes no record. It
	// returns false where it can't be mended: the value is another record's too.
	MendBeside(ctx context.Context, f Fault) (bool, error)
}

// A Fault is one item beside a record that is not as the record says. Its text has
// no values.
type Fault struct {
	Key   transform.Key // the record; of what is left, the one that it names
	Kind  string        // "guard" of a unique value, "edge" of a reference
	Field string        // the columns, comma-separated
	Wrong Wrong
	Ref   string // for the store; it may hold a value, and is for no log
}

// String says what is wrong: "guard of email is missing".
func (f Fault) String() string { return f.Kind + " of " + f.Field + " is " + string(f.Wrong) }

// Wrong is what is wrong with an item beside a record.
type Wrong string

// What can be wrong.
const (
	Missing  Wrong = "missing"
	Anothers Wrong = "another record's"
	LeftOver Wrong = "left over" // its record has no such value, or is not there
)

// A FaultPage is a part of a pass.
type FaultPage struct {
	Faults []Fault
	Next   string // position after the page, "" at the end
}
