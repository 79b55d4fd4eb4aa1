package migrationctl

import (
	"fmt"
	"strings"
	"time"

	"github.com/crossfade-go/crossfade/dal/store"
)

// Facts are what the guards of a step look at. They are gathered once, before
// the step; nothing here does I/O, so that every case can be read in testdata.
type Facts struct {
	Ready       string        // why MySQL is not ready, "" if it is
	Tables      string        // why the DynamoDB tables are not as the contract says, "" if they are
	Other       string        // why the store that does not lead can't take its part, "" if it can
	Unfilled    []string      // entities whose backfill is not complete under this capture
	Unverified  []string      // entities without a clean verify since then
	Lost        []string      // columns that no attribute carries
	Unguarded   []string      // what MySQL keeps by itself and the contract does not know
	Spent       []string      // columns whose sequence has no id left that they hold
	DeadLetters int64         // records that could not be converted
	Dirty       int64         // changes, of keys or tokens, that the follower does not have yet
	MaxDirty    int64         // how many of them a step may leave
	Primary     time.Duration // since phase 4 began
	MinPrimary  time.Duration // how long phase 4 should last
	Mismatches  int64         // reads that DynamoDB answered differently, seen by processes with fewer than MinMatched alike since
	MinMatched  int64         // how many reads should be alike after the last that was not
	Fallbacks   int64         // reads of phase 4 that MySQL answered
	Quiet       time.Duration // since the last of them
	MinQuiet    time.Duration // how long there should be none
	Triggers    string        // why other writers of MySQL may leave no change record, "" if they do or nobody asked for it
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
	case from.Phase == store.Validate && to == store.DynamoDBPrimary:
		return guardPrimary(f)
	case from.Phase == store.DynamoDBPrimary && to == store.Validate:
		return append(guardOther(f), guardTriggers(f)...)
	case from.Phase == store.DynamoDBPrimary && to == store.DynamoDBOnly:
		return guardOnly(f)
	case from.Phase == store.DynamoDBOnly && to == store.DynamoDBPrimary:
		return guardReturn(from, f)
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
	list := append(guardTriggers(f), guardFilled(f, fill(false))...)
	if f.DeadLetters > 0 {
		list = append(list, Unmet{Guard: "dead letters",
			Reason: fmt.Sprintf("records that could not be converted: %d", f.DeadLetters), Mend: "mend the rows, or force"})
	}
	return append(list, guardBacklog(f)...)
}

// fill is the command that fills DynamoDB from MySQL, or in reverse.
func fill(reverse bool) string {
	if reverse {
		return "migrationctl backfill --reverse"
	}
	return "migrationctl backfill"
}

// guardFilled is for every step that relies on the follower being whole.
func guardFilled(f Facts, mend string) []Unmet {
	if len(f.Unfilled) == 0 {
		return nil
	}
	return []Unmet{{Guard: "backfill", Data: true,
		Reason: "not complete under this capture for " + strings.Join(f.Unfilled, ", "), Mend: mend}}
}

func guardBacklog(f Facts) []Unmet {
	if f.Dirty <= f.MaxDirty {
		return nil
	}
	return []Unmet{{Guard: "backlog",
		Reason: fmt.Sprintf("changes that the follower does not have yet: %d, the limit is %d", f.Dirty, f.MaxDirty), Mend: "wait for the relay, or force"}}
}

func guardVerified(f Facts) []Unmet {
	if len(f.Unverified) == 0 {
		return nil
	}
	return []Unmet{{Guard: "verified", Data: true,
		Reason: "no clean verify since the backfill for " + strings.Join(f.Unverified, ", "), Mend: "migrationctl verify"}}
}

// guardOther is for every step that needs both stores.
func guardOther(f Facts) []Unmet {
	if f.Other == "" {
		return nil
	}
	return []Unmet{{Guard: "both stores", Data: true, Reason: "the other store can't take its part: " + f.Other,
		Mend: "wait until it can be reached"}}
}

// guardTriggers is for every step between phases that rely on MySQL's writers:
// while a trigger is missing, one outside the library leaves no change record, or
// writes where nothing is written any more.
func guardTriggers(f Facts) []Unmet {
	if f.Triggers == "" {
		return nil
	}
	return []Unmet{{Guard: "triggers", Data: true, Reason: f.Triggers, Mend: "migrationctl init --capture triggers"}}
}

// guardPrimary looks at what DynamoDB could not hold or keep once it leads.
func guardPrimary(f Facts) []Unmet {
	var list []Unmet
	if f.Tables != "" {
		list = append(list, Unmet{Guard: "tables", Data: true, Reason: f.Tables, Mend: "migrationctl tables apply, then tables verify"})
	}
	list = append(list, guardOther(f)...)
	list = append(list, guardTriggers(f)...)
	list = append(list, guardFilled(f, fill(false))...)
	list = append(list, guardVerified(f)...)
	if len(f.Lost) > 0 {
		list = append(list, Unmet{Guard: "reversible", Data: true,
			Reason: "no attribute carries " + strings.Join(f.Lost, ", "), Mend: "map these columns"})
	}
	if len(f.Unguarded) > 0 {
		list = append(list, Unmet{Guard: "constraints", Data: true,
			Reason: "MySQL keeps what the contract does not know: " + strings.Join(f.Unguarded, "; "),
			Mend:   "declare it in the contract, or take it out of MySQL"})
	}
	if len(f.Spent) > 0 {
		list = append(list, Unmet{Guard: "ids", Data: true,
			Reason: "the sequence has no id left that fits " + strings.Join(f.Spent, ", "),
			Mend:   "lower AUTO_INCREMENT if it stands above the rows, or make the column wider, in the contract too"})
	}
	if f.DeadLetters > 0 {
		list = append(list, Unmet{Guard: "dead letters", Data: true,
			Reason: fmt.Sprintf("records that could not be converted: %d", f.DeadLetters), Mend: "mend the rows"})
	}
	if f.Mismatches > 0 {
		list = append(list, Unmet{Guard: "mismatches",
			Reason: fmt.Sprintf("reads that DynamoDB answered differently: %d, and fewer than %d alike since", f.Mismatches, f.MinMatched),
			Mend:   "migrationctl verify --repair, then wait for more reads, or force"})
	}
	return append(list, guardBacklog(f)...)
}

// guardOnly is for leaving MySQL behind. The step itself brings over what is
// dirty, while requests wait; so it must be little.
func guardOnly(f Facts) []Unmet {
	list := guardOther(f)
	if f.Dirty > f.MaxDirty {
		list = append(list, Unmet{Guard: "drained", Data: true,
			Reason: fmt.Sprintf("changes that MySQL does not have yet: %d, the limit is %d", f.Dirty, f.MaxDirty),
			Mend:   "wait for the relay"})
	}
	if f.Primary < f.MinPrimary {
		list = append(list, Unmet{Guard: "time in phase 4",
			Reason: fmt.Sprintf("%v, the limit is %v", f.Primary.Round(time.Second), f.MinPrimary), Mend: "wait, or force"})
	}
	if f.Fallbacks > 0 && f.Quiet < f.MinQuiet {
		list = append(list, Unmet{Guard: "fallback reads",
			Reason: fmt.Sprintf("reads that MySQL answered for DynamoDB: %d, the last %v ago, the limit is %v",
				f.Fallbacks, f.Quiet.Round(time.Second), f.MinQuiet), Mend: "wait, or force"})
	}
	return list
}

func guardReturn(from store.PhaseRecord, f Facts) []Unmet {
	var list []Unmet
	if !from.Capture {
		list = append(list, Unmet{Guard: "captured", Data: true,
			Reason: "writes leave no change records", Mend: "migrationctl capture on, then " + fill(true)})
	}
	list = append(list, guardOther(f)...)
	list = append(list, guardTriggers(f)...)
	list = append(list, guardFilled(f, fill(true))...)
	return append(list, guardVerified(f)...)
}

// guardAbandon looks at whether DynamoDB can be given up.
func guardAbandon(mysql store.PhaseRecord, dynamo look) []Unmet {
	var list []Unmet
	if mysql.State != store.GivenAway || mysql.Phase != store.DynamoDBPrimary {
		list = append(list, Unmet{Guard: "phase 4", Data: true,
			Reason: "MySQL's record says " + describe(mysql), Mend: "only in phase 4 is there a store to give up and one to open"})
	}
	if dynamo.seen() {
		list = append(list, Unmet{Guard: "lost", Reason: "DynamoDB answers", Mend: "migrationctl phase set 3 loses nothing; or force"})
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
