package store

import (
	"errors"
	"fmt"
	"strings"

	"github.com/crossfade-go/crossfade/transform"
)

// The kinds of errors, for errors.Is. Every error of a store or a repository
// is an *Error of one of these kinds.
var (
	ErrNotFound = errors.New("not found")
	ErrExists   = errors.New("already exists")
	ErrUnique   = errors.New("unique value taken")
	// ErrNoTarget says that a record refers to one that is not there. The
	// error's Field names the columns of the reference.
	ErrNoTarget = errors.New("refers to what is not there")
	// ErrReferenced says that a record can't be deleted, because another one
	// refers to it whose reference restricts that. The error's Field names the
	// other's entity and the columns of the reference, as "ORDER.user_id".
	ErrReferenced = errors.New("still referred to")
	ErrConflict   = errors.New("conflict with a concurrent write")
	// ErrChanged is the ErrConflict of a write that was decided upon what is not
	// there any more: whoever decided has to do so again.
	ErrChanged     = fmt.Errorf("%w: what was read has changed", ErrConflict)
	ErrThrottled   = errors.New("throttled")
	ErrTooLarge    = errors.New("too large")
	ErrInvalid     = errors.New("invalid")
	ErrUnavailable = errors.New("store unavailable")
	// ErrWrongPhase says that the operation carried an epoch that is not the
	// fence's. Repositories learn the new phase and try again.
	ErrWrongPhase = errors.New("wrong phase")
	// ErrPending says that the write is committed in the authority and not yet
	// in the follower, where the follower policy required it; or that it deleted what
	// more refers to than one transaction can take along, and not all of that is gone
	// yet. The relays go on with it.
	ErrPending = errors.New("committed, the rest pending")
)

// An Outcome says what became of a write that failed.
type Outcome uint8

// The outcomes of a write that returned an error. The zero Outcome is for
// errors of reads.
const (
	NoWrite    Outcome = iota
	NotApplied         // nothing changed
	Applied            // everything changed
	Unknown            // it may have changed; retrying with the same token is safe
)

// String returns the outcome in words.
func (o Outcome) String() string {
	return [...]string{"", "not applied", "applied", "unknown"}[min(int(o), 3)]
}

// An Error says what failed, where, and what became of the write. It unwraps
// to its Kind and to its Cause, the driver's own error; an ErrPending to its Kind
// alone, since the write is committed, whatever kind of error keeps back the rest.
// Its text holds no content of a row.
type Error struct {
	Op      string // "get", "create", "refresh", …
	Entity  string
	Store   string // name of the store that failed, "" if none was asked
	Kind    error  // one of the Err… values of this package
	Outcome Outcome
	Field   string // ErrUnique, ErrInvalid, ErrNoTarget, ErrReferenced: the column, where known
	Detail  string // what was wrong and how to mend it, where that can be said
	// Holder is the key that holds the unique value, where the error is
	// ErrUnique and the store knows it. It is not printed.
	Holder transform.Key
	Cause  error // may be nil
}

// Error returns one line: operation, entity, store, kind, field, detail,
// outcome and cause.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.Op)
	for _, s := range []string{e.Entity, e.Store} {
		if s != "" {
			b.WriteByte(' ')
			b.WriteString(s)
		}
	}
	if e.Kind != nil {
		b.WriteString(": ")
		b.WriteString(e.Kind.Error())
	}
	if e.Field != "" {
		b.WriteString(" (")
		b.WriteString(e.Field)
		b.WriteByte(')')
	}
	if e.Detail != "" {
		b.WriteString(": ")
		b.WriteString(e.Detail)
	}
	if e.Outcome != NoWrite {
		b.WriteString(" [")
		b.WriteString(e.Outcome.String())
		b.WriteByte(']')
	}
	if e.Cause != nil {
		b.WriteString(": ")
		b.WriteString(e.Cause.Error())
	}
	return b.String()
}

// Unwrap returns the kind and the cause, of an ErrPending the kind.
func (e *Error) Unwrap() []error {
	if e.Cause == nil || e.Kind == ErrPending {
		return []error{e.Kind}
	}
	return []error{e.Kind, e.Cause}
}

// OutcomeOf returns the outcome that err carries. An error that carries none
// is Unknown: nobody can say that nothing happened.
func OutcomeOf(err error) Outcome {
	var e *Error
	if errors.As(err, &e) && e.Outcome != NoWrite {
		return e.Outcome
	}
	return Unknown
}
