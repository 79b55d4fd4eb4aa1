package dynamostore

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/crossfade-go/crossfade/dal/store"
)

// The attributes of the phase record that conditions name.
const (
	recordState    = "state"
	recordEpoch    = "epoch"
	recordRevision = "revision"
)

// A record is the phase record as the table holds it.
type record struct {
	store.PhaseRecord
	floor store.Version // versions given from now on lie above it
}

func (s *Store) recordKey() item { return libraryKey(s.partition(partRecord), alone) }

// recordItem returns the record as an item. Its write's id is in it, so that
// whoever lost the reply can tell that the record is his.
func (s *Store) recordItem(r record, id string) item {
	it := s.recordKey()
	it["phase"], it["capture"] = number(int(r.Phase)), flag(r.Capture)
	it[recordEpoch], it[recordState], it[recordRevision] = number(r.Epoch), text(r.State.String()), number(r.Revision)
	it["next"], it["next_capture"], it["driver"] = number(int(r.Next)), flag(r.NextCapture), text(r.Driver)
	it["capture_epoch"], it["follower_empty"] = number(r.CaptureEpoch), flag(r.FollowerEmpty)
	it["contract"], it["changed_at"] = text(r.Contract), moment(r.ChangedAt)
	it["floor"], it[attrWrite] = number(uint64(r.floor)), text(id)
	return it
}

// readRecord reads the phase record. One that is not there is ErrInvalid: Init
// makes it.
func (s *Store) readRecord(ctx context.Context, op string, outcome store.Outcome) (record, error) {
	it, err := s.libraryGet(ctx, op, s.recordKey())
	if err != nil {
		return record{}, withOutcome(err, outcome)
	}
	if it == nil {
		return record{}, invalid(op, "", outcome, "table %s has no phase record of group %s: run migrationctl init",
			s.library.table, s.contract.Group)
	}
	r := reading{item: it}
	rec := record{PhaseRecord: store.PhaseRecord{
		Group: s.contract.Group, Phase: store.Phase(r.uint("phase")), Capture: r.flag("capture"),
		Epoch: r.uint(recordEpoch), State: store.ParseState(r.text(recordState)), Revision: r.uint(recordRevision),
		Next: store.Phase(r.uint("next")), NextCapture: r.flag("next_capture"), Driver: r.text("driver"),
		CaptureEpoch: r.uint("capture_epoch"), FollowerEmpty: r.flag("follower_empty"),
		Contract: r.text("contract"), ChangedAt: r.moment("changed_at"),
	}, floor: store.Version(r.uint("floor"))}
	if r.err == nil && (rec.State == 0 || !rec.Phase.Valid()) {
		r.err = errors.New("no such state or phase")
	}
	if r.err != nil {
		return record{}, withOutcome(s.broken(op, "phase record", r.err), outcome)
	}
	return rec, nil
}

// withOutcome says in a store's error what became of the write it ended.
func withOutcome(err error, outcome store.Outcome) error {
	var e *store.Error
	if errors.As(err, &e) {
		e.Outcome = outcome
	}
	return err
}

// Init makes the phase record unless it is there: phase 1, given away, since
// MySQL is the authority of a migration that begins. It needs the library's
// table, which Apply creates.
func (s *Store) Init(ctx context.Context) error {
	first := record{PhaseRecord: store.PhaseRecord{
		Group: s.contract.Group, Phase: store.MySQLOnly, State: store.GivenAway, Revision: 1, ChangedAt: s.opts.Now(),
	}}
	var sent attempts
	err := s.patiently(ctx, func() error {
		_, err := s.client.PutItem(ctx, &dynamodb.PutItemInput{
			TableName: &s.library.table, Item: s.recordItem(first, newID(s.opts.Now())),
			ConditionExpression:      aws.String("attribute_not_exists(#p)"),
			ExpressionAttributeNames: map[string]string{"#p": libraryPK},
		}, sent.watch)
		return err
	})
	var there *types.ConditionalCheckFailedException
	if err == nil || errors.As(err, &there) {
		return nil
	}
	return fail("init", "", s.library.table, sent.outcome(err), err)
}

// Ready returns an error that says what to do unless the tables and the phase
// record are there.
func (s *Store) Ready(ctx context.Context) error {
	if err := s.Check(ctx); err != nil {
		return err
	}
	_, err := s.readRecord(ctx, "ready", store.NoWrite)
	return err
}

// Phase returns the phase record by a consistent read.
func (s *Store) Phase(ctx context.Context) (store.PhaseRecord, error) {
	r, err := s.readRecord(ctx, "phase", store.NoWrite)
	return r.PhaseRecord, err
}

// Advance replaces the record if its revision is still from's. The audit entry,
// if it has an Action, is added in the same transaction.
//
// It holds no fence: a write under the old mark that is on its way may still
// land, for as long as the leases last that were granted before.
func (s *Store) Advance(ctx context.Context, from, to store.PhaseRecord, entry store.AuditEntry) error {
	have, err := s.readRecord(ctx, "advance", store.NotApplied)
	if err != nil {
		return err
	}
	if have.Revision != from.Revision {
		return s.outdated()
	}
	if err := store.CheckAdvance(have.PhaseRecord, to); err != nil {
		return invalid("advance", "", store.NotApplied, "%s", err)
	}
	next := record{PhaseRecord: to, floor: have.floor}
	if to.Epoch > have.Epoch {
		next.floor = max(have.floor, store.Floor(to.Epoch))
	}
	next.Revision, next.ChangedAt = have.Revision+1, have.ChangedAt
	if to.Epoch != have.Epoch {
		next.ChangedAt = s.opts.Now()
	}
	t := s.newTransaction("advance", "")
	t.put(s.library, s.recordItem(next, t.id), condition{
		text:  "#r = :r",
		names: map[string]string{"#r": recordRevision}, values: item{":r": number(have.Revision)},
	})
	if entry.Action != "" {
		if err := s.addAudit(ctx, t, entry); err != nil {
			return err
		}
	}
	err = s.transactPatiently(ctx, t)
	var refused *refusal
	if errors.As(err, &refused) {
		return s.outdated()
	}
	return err
}

// outdated is the error of an Advance from a revision that is not there any more.
func (s *Store) outdated() error {
	return &store.Error{
		Op: "advance", Store: storeName, Kind: store.ErrConflict, Outcome: store.NotApplied,
		Detail: "the phase record was changed by somebody else",
	}
}

// recordIs is a condition of a transaction on the phase record: that it is at
// the epoch, in one of the states.
func recordIs(epoch uint64, states ...store.State) condition {
	c := condition{
		text:   "#e = :e AND #s IN (:s)",
		names:  map[string]string{"#e": recordEpoch, "#s": recordState},
		values: item{":e": number(epoch), ":s": text(states[0].String())},
	}
	if len(states) > 1 {
		c.text, c.values[":t"] = "#e = :e AND #s IN (:s, :t)", text(states[1].String())
	}
	return c
}
