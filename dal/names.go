package dal

import "github.com/crossfade-go/crossfade/dal/store"

// Names that services share with the stores' contract in package store.
type (
	// Phase says which store is the authority and what reads do.
	Phase = store.Phase
	// Flags are what a phase means for reads and writes of either store.
	Flags = store.Flags
	// Error is the error of every operation: kind, store and outcome.
	Error = store.Error
	// Outcome says what became of a write that failed.
	Outcome = store.Outcome
)

// The five phases of a migration.
const (
	MySQLOnly       = store.MySQLOnly
	DualWrite       = store.DualWrite
	Validate        = store.Validate
	DynamoDBPrimary = store.DynamoDBPrimary
	DynamoDBOnly    = store.DynamoDBOnly
)

// The outcomes of a write that returned an error.
const (
	NotApplied = store.NotApplied
	Applied    = store.Applied
	Unknown    = store.Unknown
)

// The kinds of errors, for errors.Is.
var (
	ErrNotFound    = store.ErrNotFound
	ErrExists      = store.ErrExists
	ErrUnique      = store.ErrUnique
	ErrNoTarget    = store.ErrNoTarget
	ErrReferenced  = store.ErrReferenced
	ErrConflict    = store.ErrConflict
	ErrThrottled   = store.ErrThrottled
	ErrTooLarge    = store.ErrTooLarge
	ErrInvalid     = store.ErrInvalid
	ErrUnavailable = store.ErrUnavailable
	ErrWrongPhase  = store.ErrWrongPhase
	ErrPending     = store.ErrPending
)

// OutcomeOf returns what became of the write that err is about; an error that
// does not say is Unknown.
func OutcomeOf(err error) Outcome { return store.OutcomeOf(err) }
