package dynamostore

import (
	"context"
	"errors"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

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

// Grant gives the process a lease, in one transaction with a look at the phase
// record: after the record says closed, none is granted any more. Whoever then
// reads Granted sees each one that was.
func (s *Store) Grant(ctx context.Context, process string, epoch uint64, d time.Duration) error {
	if process == "" || d <= 0 {
		return invalid("grant", "", store.NotApplied, "a lease needs the name of a process and a length")
	}
	t := s.newTransaction("grant", "")
	t.check(s.library, s.recordKey(), recordIs(epoch, store.Open))
	t.update(s.library, s.leaseKey(process), "SET #e = :e, #l = :l, #t = :t ADD #g :1 REMOVE #b", condition{
		names: map[string]string{
			"#e": leaseEpoch, "#l": leaseLength, "#t": libraryTTL, "#g": leaseGrants, "#b": leaseBack,
		},
		values: item{
			":e": number(epoch), ":l": number(int64(d)), ":1": number(1),
			":t": s.expires(d + leaseMemory),
		},
	})
	err := s.transactPatiently(ctx, t)
	var refused *refusal
	if errors.As(err, &refused) {
		return s.wrongPhase("grant", "", store.NotApplied, "no lease is granted in this epoch")
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
