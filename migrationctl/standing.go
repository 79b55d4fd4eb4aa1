package migrationctl

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/crossfade-go/crossfade/dal/store"
)

// lookTimeout bounds one look at a store's record.
const lookTimeout = 2 * time.Second

// A look is what one store's record said, or why it could not be read.
type look struct {
	record store.PhaseRecord
	err    error
}

// seen reports whether the record could be read.
func (l look) seen() bool { return l.err == nil }

// leads reports whether the store's own mark makes it the authority.
func (l look) leads() bool {
	return l.seen() && (l.record.State == store.Open || l.record.State == store.Closed)
}

// A side is one of the two stores, or neither.
type side uint8

const (
	nobody side = iota
	mysqlSide
	dynamoSide
)

// A standing is what the two stores' records say together: which store leads,
// and if none does, why, and whether somebody must finish a hand-off.
type standing struct {
	mysql, dynamo look
	leader        side
	// between says that one store has given its authority away and the other
	// has not taken it: whoever sees it may finish the hand-off.
	between bool
	why     string // nobody leads, or nobody can tell
}

// record returns the leader's record.
func (s *standing) record() store.PhaseRecord {
	if s.leader == dynamoSide {
		return s.dynamo.record
	}
	return s.mysql.record
}

// abandoning reports whether MySQL is about to be opened without DynamoDB. In a
// Sealed record Next is set for nothing else.
func (s *standing) abandoning() bool {
	return s.mysql.seen() && s.mysql.record.State == store.Sealed && s.mysql.record.Next != 0
}

// copyBehind reports whether MySQL follows and refuses every refresh, for its
// copy of the record is of an older epoch.
func (s *standing) copyBehind() bool {
	return s.leader == dynamoSide && s.dynamo.record.State == store.Open && s.dynamo.record.Phase.HasFollower() &&
		s.mysql.seen() && s.mysql.record.Epoch < s.dynamo.record.Epoch
}

// judge says which store leads. holdsLease is true in a process whose lease for
// DynamoDB is still running.
//
// MySQL that says it leads suffices, whatever DynamoDB says: MySQL may have
// been opened while DynamoDB was lost. DynamoDB that says so suffices in phase
// 5 only, where MySQL is not opened without it; in phase 4 a process must have read
// MySQL's mark too, unless it still holds a lease.
//
// Such a lease was granted before an opening of MySQL, or after it by a DynamoDB that
// nobody could tell of it: a process that has lost MySQL alone renews for as long as
// DynamoDB says it leads. It can't know better and has to serve, for in phase 4 the
// follower may be away; that it does not outlast the opening is for Abandon to see to.
func judge(mysql, dynamo look, holdsLease bool) standing {
	s := standing{mysql: mysql, dynamo: dynamo}
	switch {
	case mysql.leads():
		s.leader = mysqlSide
	case !mysql.seen() && !dynamo.seen():
		s.why = fmt.Sprintf("neither store's record can be read (mysql: %v; dynamodb: %v)", mysql.err, dynamo.err)
	case !mysql.seen():
		s.judgeWithoutMySQL(holdsLease)
	case !dynamo.seen():
		s.why = fmt.Sprintf("MySQL has given the authority away, and DynamoDB's record can't be read: %v", dynamo.err)
	case dynamo.leads() && dynamo.record.Epoch >= mysql.record.Epoch:
		s.leader = dynamoSide
	default:
		s.between = true
		s.why = fmt.Sprintf("a hand-off is under way: MySQL is %v in epoch %d, DynamoDB %v in epoch %d",
			mysql.record.State, mysql.record.Epoch, dynamo.record.State, dynamo.record.Epoch)
	}
	return s
}

func (s *standing) judgeWithoutMySQL(holdsLease bool) {
	switch {
	case !s.dynamo.leads():
		s.why = fmt.Sprintf("DynamoDB does not lead, and MySQL's record can't be read: %v", s.mysql.err)
	case s.dynamo.record.Phase == store.DynamoDBOnly || holdsLease:
		s.leader = dynamoSide
	default:
		s.why = fmt.Sprintf("MySQL's record can't be read, and it may have been opened while DynamoDB was lost: %v", s.mysql.err)
	}
}

// errNotAsked is why a record was not read: the other one was enough.
var errNotAsked = errors.New("not asked")

// look reads as many of the two records as it takes to say who leads. hint is
// the store that led when the caller last looked: that one is asked first, so
// that in phases 1 to 3 DynamoDB, and in phase 5 MySQL, may be away.
func (o *Operator) look(ctx context.Context, hint side, holdsLease bool) standing {
	if hint != dynamoSide {
		mysql := lookAt(ctx, o.mysql)
		if mysql.leads() {
			return judge(mysql, look{err: errNotAsked}, false)
		}
		return judge(mysql, lookAt(ctx, o.dynamo), holdsLease)
	}
	dynamo := lookAt(ctx, o.dynamo)
	if dynamo.leads() && dynamo.record.Phase == store.DynamoDBOnly {
		return judge(look{err: errNotAsked}, dynamo, holdsLease)
	}
	return judge(lookAt(ctx, o.mysql), dynamo, holdsLease)
}

// lookAt reads one store's record.
func lookAt(ctx context.Context, c store.Control) look {
	ctx, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	record, err := c.Phase(ctx)
	return look{record, err}
}

// A lead is the authority with its record, and the store beside it.
type lead struct {
	side
	record    store.PhaseRecord
	authority store.Store
	other     store.Store // the follower, in a phase that has one
}

// lead finds the store that leads. The error says why none does.
func (o *Operator) lead(ctx context.Context) (lead, error) {
	return o.leadOf(o.look(ctx, mysqlSide, false))
}

func (o *Operator) leadOf(s standing) (lead, error) {
	if s.leader != nobody {
		o.epoch.Store(s.record().Epoch)
	}
	switch s.leader {
	case mysqlSide:
		return lead{mysqlSide, s.mysql.record, o.mysql, o.dynamo}, nil
	case dynamoSide:
		return lead{dynamoSide, s.dynamo.record, o.dynamo, o.mysql}, nil
	}
	if uninitialised(s.mysql.err) && !s.dynamo.seen() {
		return lead{}, s.mysql.err
	}
	e := &store.Error{Op: "phase", Kind: store.ErrUnavailable, Detail: s.why}
	if s.between {
		e.Kind = store.ErrWrongPhase
	} else {
		e.Cause = errors.Join(s.mysql.err, s.dynamo.err)
	}
	return lead{}, e
}

// uninitialised reports whether a record is not there because nobody has made it.
func uninitialised(err error) bool { return errors.Is(err, store.ErrInvalid) }
