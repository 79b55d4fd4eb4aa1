package store

import (
	"fmt"
	"time"
)

// A Phase says which store is the authority, whether there is a follower, and
// what reads do.
type Phase uint8

// The five phases of a migration.
const (
	MySQLOnly       Phase = iota + 1 // MySQL alone
	DualWrite                        // MySQL, DynamoDB follows
	Validate                         // MySQL answers, DynamoDB follows and is compared
	DynamoDBPrimary                  // DynamoDB, MySQL follows
	DynamoDBOnly                     // DynamoDB alone
)

var phaseNames = [...]string{"none", "mysql-only", "dual-write", "validate", "dynamodb-primary", "dynamodb-only"}

// Valid reports whether p is one of the five.
func (p Phase) Valid() bool { return p >= MySQLOnly && p <= DynamoDBOnly }

// String returns the phase's name: "dual-write".
func (p Phase) String() string {
	if int(p) < len(phaseNames) {
		return phaseNames[p]
	}
	return fmt.Sprintf("phase(%d)", uint8(p))
}

// Flags are what a phase means for reads and writes of either store.
type Flags struct {
	ReadMySQL, ReadDynamoDB, WriteMySQL, WriteDynamoDB bool
}

// Flags derives the flags of the phase: RM RD WM WD of 1 are 1 0 1 0, of 2
// 1 0 1 1, of 3 1 1 1 1, of 4 0 1 1 1, of 5 0 1 0 1.
func (p Phase) Flags() Flags {
	return Flags{
		ReadMySQL:     p >= MySQLOnly && p <= Validate,
		ReadDynamoDB:  p >= Validate && p <= DynamoDBOnly,
		WriteMySQL:    p >= MySQLOnly && p <= DynamoDBPrimary,
		WriteDynamoDB: p >= DualWrite && p <= DynamoDBOnly,
	}
}

// HasFollower reports whether writes are brought to a second store.
func (p Phase) HasFollower() bool { return p >= DualWrite && p <= DynamoDBPrimary }

// DynamoDBLeads reports whether DynamoDB is the authority of the phase.
func (p Phase) DynamoDBLeads() bool { return p >= DynamoDBPrimary && p <= DynamoDBOnly }

// A PhaseRecord is what one store keeps of a group's phase, together with that
// store's own mark: State, in Epoch. Both stores keep one. The mark decides
// whether the store may be written as the authority; the rest informs, and in
// the follower it is a copy that may be behind.
type PhaseRecord struct {
	Group   string
	Phase   Phase
	Capture bool
	// Epoch grows with every change of phase or capture.
	Epoch uint64
	// State is the store's mark.
	State State
	// Revision grows with every change of this store's record. A change is
	// made only from the revision its maker knew; and who watches a hand-off
	// sees by it that its driver is alive.
	Revision uint64
	// Next is where a hand-off under way leads, the phase it leads to and
	// whether that is captured; zero if none is under way.
	Next        Phase
	NextCapture bool
	// Driver is the process that drives it.
	Driver string
	// CaptureEpoch is the epoch in which capture was last switched on, 0 while
	// it is off. What was backfilled or verified under another one is void.
	CaptureEpoch uint64
	// FollowerEmpty says that the follower was seen empty when capture began
	// for the first time, so that a backfill may insert at version 0.
	FollowerEmpty bool
	// Contract is the digest of the contract under which capture was switched
	// on, "" while it is off. A process with another one would refresh items
	// that are not whole.
	Contract string
	// ChangedAt is when the record came into its epoch, by the store's clock.
	ChangedAt time.Time
}

// A Registration is a process's renewed entry in the phase record.
type Registration struct {
	Process string // unique per start of a process
	Host    string // for people
	Epoch   uint64 // the epoch the process obeys
	// Contract is the digest of the process's contract.
	Contract string
	Started  time.Time // by the process's clock
	// Reads is what the process has seen of its reads, as of the renewal.
	Reads ReadCounts
	// Away says that the process has no follower at hand where the phase has one, or
	// can't reach it: what waits for the follower is left to the others.
	Away bool
	Age  time.Duration // since it was last renewed, by the store's clock
}

// ReadCounts are what a process has seen of its reads since it started, for the
// guards of a step.
type ReadCounts struct {
	Compared   int64         // reads of phase 3 compared to the end
	Mismatches int64         // of those, answered differently by clean keys
	Matched    int64         // compared since the last mismatch
	Fallbacks  int64         // reads of phase 4 that MySQL answered
	Quiet      time.Duration // since the last fallback; 0 if there was none
}

// An AuditEntry is one line of the audit: who changed what, when and why. The
// audit is only ever appended to.
type AuditEntry struct {
	At     time.Time // by the store's clock
	Who    string
	Action string // "phase set", "capture on", …
	From   string
	To     string
	Reason string
	Detail string // what the guards said
}

// A DeadLetter is a record that could not be converted into an item.
type DeadLetter struct {
	Entity  string
	ID      string // of the key
	Version Version
	Reason  string // names columns and limits, never values
	At      time.Time
}

// A Progress is the durable state of a long run such as a backfill, from which
// it goes on after it was stopped.
type Progress struct {
	Name         string // "backfill", "verify"
	Entity       string
	CaptureEpoch uint64 // the run counts only under this capture
	Position     string // where it goes on; only the run knows its form
	Done         bool
	Rows         int64
	Detail       string // what the run found, in JSON
	UpdatedAt    time.Time
}

// A Backlog is how many changes, of keys or of tokens, are not clean, and for how
// long the oldest one.
type Backlog struct {
	Dirty  int64
	Oldest time.Duration
	// FanOuts are the fan-out marks, of which Dirty and Oldest know nothing.
	FanOuts int64
}
