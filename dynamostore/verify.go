package dynamostore

import (
	"context"
	"fmt"
	"strings"

	"github.com/crossfade-go/crossfade/dal/store"
)

// A Difference is one thing that a table has otherwise than the contract wants.
type Difference struct {
	Table     string // with the prefix
	Index     string // "" where it is about the table itself
	Attribute string // the key attribute, "" where it is about none
	// What is "table", "index", "partition key", "sort key", "attribute type",
	// "projection", "status", "billing mode", "read capacity", "write capacity",
	// "time to live", "point-in-time recovery", "encryption", "deletion
	// protection", or "tag" and its name.
	What string
	Want string
	Have string // Untold where the service did not say
	Mend string
	// Advice says that the store works all the same: Check lets it pass.
	Advice bool
	// Pending says that it will be gone by itself: something is being created.
	Pending bool
	// Mendable says that Apply mends it, if it is asked to.
	Mendable bool
}

// String returns the difference in one line: what it is about, what is there,
// what is wanted, and the mend.
func (d Difference) String() string {
	var b strings.Builder
	b.WriteString("table " + d.Table)
	if d.Index != "" {
		b.WriteString(", index " + d.Index)
	}
	if d.Attribute != "" {
		b.WriteString(", attribute " + d.Attribute)
	}
	switch {
	case d.Want == present:
		b.WriteString(" is not there")
	case d.Have == present:
		b.WriteString(" is there, and the contract does not name it")
	default:
		fmt.Fprintf(&b, ": %s is %s, wanted is %s", d.What, d.Have, d.Want)
	}
	if d.Mend != "" {
		b.WriteString(": " + d.Mend)
	}
	return b.String()
}

// What a difference's Have and Want say of something that is there, or is not.
const (
	present = "there"
	none    = "none"
	on      = "on"
	off     = "off"
)

// Untold is a Difference's Have where the service can't be asked: an engine
// without the call, or credentials that may not make it.
const Untold = "not told"

// The mend of what Apply adds.
const runApply = "run migrationctl tables apply"

// Verify compares every table, the library's own too, with the contract: key
// schema, attribute types, indexes with their keys and projections, status,
// billing mode, capacity, time to live, point-in-time recovery, encryption,
// deletion protection and tags; and it names indexes that the contract does not.
// It changes nothing and returns no differences if all is as wanted.
//
// Where the contract wants AWS_MANAGED or the alias of a key, any key of KMS is
// taken for it: which one that is only KMS tells. Tags that the contract does not
// name are others' business.
func (s *Tables) Verify(ctx context.Context) ([]Difference, error) {
	var all []Difference
	for _, t := range s.tables {
		have, err := s.examine(ctx, "verify", t)
		switch {
		case err != nil:
			return nil, err
		case have == nil:
			all = append(all, missing(s.tableName(t)))
		default:
			all = append(all, have.found...)
		}
	}
	return all, nil
}

// missing is the difference of a table that is not there.
func missing(table string) Difference {
	return Difference{Table: table, What: "table", Want: present, Have: none, Mend: runApply, Mendable: true}
}

// Check returns ErrInvalid with every difference that matters, or ErrUnavailable
// if the service cannot be asked. It looks at what DescribeTable says only, which
// a service may ask.
func (s *Tables) Check(ctx context.Context) error {
	var lines []string
	for _, t := range s.tables {
		have, err := s.describe(ctx, "check", t)
		if err != nil {
			return err
		}
		found := []Difference{missing(s.tableName(t))}
		if have != nil {
			found = s.compare(t, have).found
		}
		for _, d := range found {
			if !d.Advice {
				lines = append(lines, d.String())
			}
		}
	}
	if len(lines) == 0 {
		return nil
	}
	return invalid("check", "", store.NoWrite, "%s", strings.Join(lines, "; "))
}
