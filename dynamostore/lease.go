package dynamostore

import (
	"context"
	"errors"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/crossfade-go/crossfade/dal/store"
)

// The attributes of a lease.
const (
	leaseEpoch  = "epoch"
	leaseLength = "length" // nanoseconds
	leaseGrants = "grants"
	leaseBack   = "back" // given back or forgotten: true
)

// leaseMemory is how long a lease that was given back is remembered. Its grants
// must go on counting from where they were: one that began at 1 again could be
// taken for the one that somebody has waited out.
const leaseMemory = 48 * time.Hour

func (s *Store) leaseKey(process string) item { return libraryKey(s.partition(partLease), process) }

// Grant gives the process a lease: it reads the phase record, notes the grant, and reads
// the record again, each consistently. That it says open afterwards means that whoever
// closes it later, and then reads Granted, sees the note; that it said so before, that a
// lease which was waited out in between has run out by the process's own count too, which
// begins before Grant (TestLeaseModel, which finds each of the rules broken). A grant that
// is refused after its note may be listed until the process gives it back.
//
// A transaction that looked at the record would need one request less. But DynamoDB lets
// transactions on one item conflict, and there all processes of a group would meet, each
// of them a few times a second.
func (s *Store) Grant(ctx context.Context, process string, epoch uint64, d time.Duration) error {
	if process == "" || d <= 0 {
		return invalid("grant", "", store.NotApplied, "a lease needs the name of a process and a length")
	}
	if err := s.grants(ctx, epoch); err != nil {
		return err
	}
	before, _, err := s.libraryUpdate(ctx, "grant", &dynamodb.UpdateItemInput{
		Key:              s.leaseKey(process),
		UpdateExpression: aws.String("SET #e = :e, #l = :l, #t = :t ADD #g :1 REMOVE #b"),
		ExpressionAttributeNames: map[string]string{
			"#e": leaseEpoch, "#l": leaseLength, "#t": libraryTTL, "#g": leaseGrants, "#b": leaseBack,
		},
		ExpressionAttributeValues: item{
			":e": number(epoch), ":l": number(int64(d)), ":1": number(1),
			":t": s.expires(d + leaseMemory),
		},
		ReturnValues: types.ReturnValueAllOld,
	})
	if err != nil {
		return err
	}
	refused := s.grants(ctx, epoch)
	if r := (reading{item: before}); errors.Is(refused, store.ErrWrongPhase) && (before == nil || r.flag(leaseBack)) {
		// It had none, and has got none: nobody need wait for it.
		_ = s.Forget(ctx, store.GrantedLease{Process: process, Epoch: epoch, Grants: r.uint(leaseGrants) + 1})
	}
	return refused
}

// grants returns an error unless the phase record is open at the epoch.
func (s *Store) grants(ctx context.Context, epoch uint64) error {
	rec, err := s.readRecord(ctx, "grant", store.NotApplied)
	if err == nil && (rec.State != store.Open || rec.Epoch != epoch) {
		err = s.wrongPhase("grant", "", store.NotApplied, "no lease is granted in this epoch")
	}
	return err
}

// GiveBack ends the process's lease, if it has one.
func (s *Store) GiveBack(ctx context.Context, process string) error {
	return s.endLease(ctx, "give back", process, "attribute_exists(#p)", nil)
}

// Forget removes a lease that was waited out, unless it was granted anew.
func (s *Store) Forget(ctx context.Context, l store.GrantedLease) error {
	return s.endLease(ctx, "forget", l.Process, "attribute_exists(#p) AND #e = :e AND #g = :g",
		item{":e": number(l.Epoch), ":g": number(l.Grants)})
}

// endLease marks a lease as over if the condition is met.
func (s *Store) endLease(ctx context.Context, op, process, condition string, values item) error {
	names := map[string]string{"#p": libraryPK, "#b": leaseBack, "#t": libraryTTL}
	if values == nil {
		values = item{}
	} else {
		names["#e"], names["#g"] = leaseEpoch, leaseGrants
	}
	values[":b"], values[":t"] = flag(true), s.expires(leaseMemory)
	_, _, err := s.libraryUpdate(ctx, op, &dynamodb.UpdateItemInput{
		Key: s.leaseKey(process), UpdateExpression: aws.String("SET #b = :b, #t = :t"),
		ConditionExpression: &condition, ExpressionAttributeNames: names, ExpressionAttributeValues: values,
	})
	return err
}

// Granted returns the leases that were granted and not given back.
func (s *Store) Granted(ctx context.Context) ([]store.GrantedLease, error) {
	var all []store.GrantedLease
	for it, err := range s.libraryAll(ctx, "granted", libraryQuery{partition: s.partition(partLease)}) {
		if err != nil {
			return nil, err
		}
		r := reading{item: it}
		l := store.GrantedLease{
			Process: r.text(librarySK), Epoch: r.uint(leaseEpoch),
			Length: time.Duration(r.int(leaseLength)), Grants: r.uint(leaseGrants),
		}
		over := r.flag(leaseBack)
		if r.err != nil {
			return nil, s.broken("granted", "lease", r.err)
		}
		if !over {
			all = append(all, l)
		}
	}
	return all, nil
}

// wrongPhase is the error of an operation for whose epoch there is no lease, or
// none any more.
func (s *Store) wrongPhase(op, entity string, outcome store.Outcome, detail string) *store.Error {
	return &store.Error{
		Op: op, Entity: entity, Store: storeName, Kind: store.ErrWrongPhase, Outcome: outcome, Detail: detail,
	}
}

const (
	noLease   = "the process holds no lease for this epoch"
	leaseOver = "the lease ran out before the reply was there"
)

// leased runs a read as the authority's: it counts only if the lease is valid
// before and still is after the last reply. Without the second look a process
// that slept between the two could return what the other store, opened
// meanwhile, has replaced.
func leased[T any](s *Store, at store.At, op, entity string, read func() (T, error)) (answer T, err error) {
	if at.Epoch == 0 {
		return read()
	}
	if !at.Lease.Enter(at.Epoch) {
		return answer, s.wrongPhase(op, entity, store.NoWrite, noLease)
	}
	valid := false
	func() {
		defer func() { valid = at.Lease.Leave(at.Epoch) }()
		answer, err = read()
	}()
	if !valid {
		var none T
		return none, s.wrongPhase(op, entity, store.NoWrite, leaseOver)
	}
	return answer, err
}

// versioned takes the version away from a row that was read bare.
func versioned(at store.At, row store.Row) store.Row {
	if at.Epoch != 0 && !at.Captured {
		row.Version = 0
	}
	return row
}
