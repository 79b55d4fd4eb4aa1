package migrationctl

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/crossfade-go/crossfade/dal/store"
)

// actionTaken is the entry of the store that a hand-off opens, its last one.
const actionTaken = "authority taken"

// An UnreadError says which store could not be read. What is returned with it
// is the part of the other one.
type UnreadError struct {
	Store string // "mysql" or "dynamodb"
	Cause error
}

// Error names the store and says why.
func (e *UnreadError) Error() string { return e.Store + "'s part can't be read: " + e.Cause.Error() }

// Unwrap returns the cause.
func (e *UnreadError) Unwrap() error { return e.Cause }

// Audit returns the newest entries first, at most limit. Each store keeps those
// of the time when it led, so both are asked. If one can't be read, the entries
// of the other are returned together with an *UnreadError; DynamoDB that was
// never set up has none, which is no error while MySQL leads. Their times are by
// two clocks, so around a hand-off entries may change places.
func (o *Operator) Audit(ctx context.Context, limit int) ([]store.AuditEntry, error) {
	seen := o.lookAtBoth(ctx)
	mysql, mysqlErr := auditOf(ctx, o.mysql, seen.mysql, limit)
	dynamo, dynamoErr := auditOf(ctx, o.dynamo, seen.dynamo, limit)
	if uninitialised(dynamoErr) && seen.leader == mysqlSide {
		dynamoErr = nil
	}
	switch {
	case mysqlErr != nil && dynamoErr != nil && uninitialised(mysqlErr):
		return nil, mysqlErr
	case mysqlErr != nil && dynamoErr != nil:
		return nil, errors.Join(mysqlErr, dynamoErr)
	case mysqlErr != nil:
		return dynamo, &UnreadError{Store: o.mysql.Name(), Cause: mysqlErr}
	case dynamoErr != nil:
		return mysql, &UnreadError{Store: o.dynamo.Name(), Cause: dynamoErr}
	}
	return mergeAudits(mysql, dynamo, limit), nil
}

// auditOf asks a store whose record could be read.
func auditOf(ctx context.Context, s store.Store, l look, limit int) ([]store.AuditEntry, error) {
	if !l.seen() {
		return nil, l.err
	}
	return s.Audit(ctx, limit)
}

// mergeAudits merges two audits, the newest first, and keeps the order of each.
// An entry that is in both is kept once. At the same moment taking the authority
// is newer than giving it away.
func mergeAudits(a, b []store.AuditEntry, limit int) []store.AuditEntry {
	inA := make(map[store.AuditEntry]bool)
	for _, e := range a {
		inA[sameClock(e)] = true
	}
	b = slices.DeleteFunc(b, func(e store.AuditEntry) bool { return inA[sameClock(e)] })
	var all []store.AuditEntry
	for len(all) < limit && len(a)+len(b) > 0 {
		if len(a) == 0 || len(b) > 0 && newer(b[0], a[0]) {
			a, b = b, a
		}
		all, a = append(all, a[0]), a[1:]
	}
	return all
}

func newer(e, than store.AuditEntry) bool {
	return e.At.After(than.At) || e.At.Equal(than.At) && e.Action == actionTaken && than.Action != actionTaken
}

// sameClock makes two entries of the same moment comparable by ==.
func sameClock(e store.AuditEntry) store.AuditEntry {
	e.At = time.Unix(0, e.At.UnixNano()).UTC()
	return e
}
