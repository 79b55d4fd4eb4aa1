package migrationctl

import (
	"fmt"
	"strings"

	"github.com/crossfade-go/crossfade/dal/store"
)

// Facts are what the guards of a step look at. They are gathered once, before
// the step; nothing here does I/O, so that every case can be read in testdata.
type Facts struct {
	Ready       string   // why MySQL is not ready, "" if it is
	Tables      string   // why the DynamoDB tables are not as the contract says, "" if they are
	Unfilled    []string // entities whose backfill is not complete under this capture
	DeadLetters int64    // records that could not be converted
	Dirty       int64    // keys that wait to be refreshed
	MaxDirty    int64    // how many of them a step may leave
}

// An Unmet is a condition that a step needs and that does not hold.
type Unmet struct {
	Guard  string // its short name: "captured"
	Data   bool   // it protects data and can't be forced
	Reason string
	Mend   string // what to do
}

// String returns the guard, the reason and the mend in one line.
func (u Unmet) String() string {
	kind := "comfort"
	if u.Data {
		kind = "data"
	}
	s := u.Guard + " (" + kind + "): " + u.Reason
	if u.Mend != "" {
		s += "; " + u.Mend
	}
	return s
}

// Guards returns what stands against the step from the phase record to a
// phase: every unmet condition, not only the first. A step to the phase the
// group is in has none.
func Guards(from store.PhaseRecord, to store.Phase, f Facts) []Unmet {
	if from.Phase == to {
		return nil
	}
	if u, ok := legal(from.Phase, to); !ok {
		return []Unmet{u}
	}
	switch {
	case from.Phase == store.MySQLOnly && to == store.DualWrite:
		return guardDualWrite(from, f)
	case from.Phase == store.DualWrite && to == store.Validate:
		return guardValidate(f)
	}
	// 2 → 1 and 3 → 2 are always allowed, also with the follower down.
	return nil
}

// legal reports whether there is such a step at all.
func legal(from, to store.Phase) (Unmet, bool) {
	switch {
	case !to.Valid():
		return Unmet{Guard: "phase", Data: true, Reason: fmt.Sprintf("%d is no phase", uint8(to)),
			Mend: "the phases are 1 to 5"}, false
	case to != from+1 && to+1 != from:
		return Unmet{Guard: "neighbours", Data: true,
			Reason: fmt.Sprintf("phase %d is not next to phase %d", uint8(to), uint8(from)),
			Mend:   "go one step at a time"}, false
	case to > store.Validate:
		return Unmet{Guard: "supported", Data: true,
			Reason: fmt.Sprintf("this version can't hand over to DynamoDB (step %d to %d)", uint8(from), uint8(to)),
			Mend:   "stay in phase 3"}, false
	}
	return Unmet{}, true
}

func guardDualWrite(from store.PhaseRecord, f Facts) []Unmet {
	var list []Unmet
	if f.Ready != "" {
		list = append(list, Unmet{Guard: "init", Data: true, Reason: f.Ready, Mend: "migrationctl init"})
	}
	if !from.Capture {
		list = append(list, Unmet{Guard: "captured", Data: true,
			Reason: "writes leave no change records", Mend: "migrationctl capture on"})
	}
	if f.Tables != "" {
		list = append(list, Unmet{Guard: "tables", Data: true, Reason: f.Tables, Mend: "migrationctl tables apply, then tables verify"})
	}
	return list
}

func guardValidate(f Facts) []Unmet {
	var list []Unmet
	if len(f.Unfilled) > 0 {
		list = append(list, Unmet{Guard: "backfill", Data: true,
			Reason: "not complete under this capture for " + strings.Join(f.Unfilled, ", "), Mend: "migrationctl backfill"})
	}
	if f.DeadLetters > 0 {
		list = append(list, Unmet{Guard: "dead letters",
			Reason: fmt.Sprintf("records that could not be converted: %d", f.DeadLetters), Mend: "mend the rows, or force"})
	}
	if f.Dirty > f.MaxDirty {
		list = append(list, Unmet{Guard: "backlog",
			Reason: fmt.Sprintf("keys that wait to be refreshed: %d, the limit is %d", f.Dirty, f.MaxDirty), Mend: "wait for the relay, or force"})
	}
	return list
}

// A RefusedError says why a step was not made. Nothing has changed.
type RefusedError struct {
	Step  string // "phase 1 to 2", "capture off"
	Unmet []Unmet
}

// Error lists every unmet condition.
func (e *RefusedError) Error() string {
	lines := make([]string, len(e.Unmet))
	for i, u := range e.Unmet {
		lines[i] = u.String()
	}
	return e.Step + " refused, nothing changed: " + strings.Join(lines, " | ")
}

// refusal returns the error for the unmet conditions that force does not
// overrule, or nil.
func refusal(step string, unmet []Unmet, force bool) error {
	var left []Unmet
	for _, u := range unmet {
		if u.Data || !force {
			left = append(left, u)
		}
	}
	if len(left) == 0 {
		return nil
	}
	return &RefusedError{Step: step, Unmet: left}
}
