package dynamotest

import (
	"math/rand/v2"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/crossfade-go/crossfade/dynamostore/dynamotest/internal/attr"
)

// A Rule says which requests something happens to, and what. It is made with
// OnOperation, OnTable or OnAny and narrowed and filled by its methods, each of
// which returns a new rule:
//
//	dynamotest.OnOperation("PutItem").Table("users").Nth(3).LoseReply()
//
// A rule whose narrowing is all met has a hit; Nth, Skip, Times and Probability
// choose among the hits. Every try of the SDK's is a request of its own.
type Rule struct {
	operations []string
	table      string
	index      string
	key        attr.Item
	when       func(*Request) bool

	skip, times int // times of 0 is without end
	probability float64
	seed        uint64

	does effects
}

// OnAny returns a rule for every request.
func OnAny() Rule { return Rule{} }

// OnOperation returns a rule for the named operations, as in "PutItem".
func OnOperation(names ...string) Rule { return Rule{operations: names} }

// OnTable returns a rule for requests that name a table, also beside others.
func OnTable(name string) Rule { return Rule{table: name} }

// Operation narrows the rule to the named operations.
func (r Rule) Operation(names ...string) Rule {
	r.operations = slices.Clone(names)
	return r
}

// Table narrows the rule to requests that name the table.
func (r Rule) Table(name string) Rule {
	r.table = name
	return r
}

// Index narrows the rule to queries and scans of the index.
func (r Rule) Index(name string) Rule {
	r.index = name
	return r
}

// Key narrows the rule to requests that name an item with these attributes, by
// its key or in a put. In a batch or a transaction, throttling, conflicts and
// unprocessed items then befall that item only.
//
// A Query is met if its key condition can select the item: a rule with the key
// of one item is for all queries of its partition but those whose sort key
// condition it does not meet, one with the partition key alone for all. Of an
// index, it is the index's key. A statement is met by what its WHERE says of
// attributes in the same way, where it says = or IN of one at least. A Scan,
// and a SELECT without such a WHERE, names no item and is never met.
func (r Rule) Key(key map[string]types.AttributeValue) Rule {
	r.key = itemOf(key)
	return r
}

// When narrows the rule to requests that f is true of. f is called by the
// goroutine of the request, one call at a time, and must not add or remove
// rules itself.
func (r Rule) When(f func(*Request) bool) Rule {
	r.when = f
	return r
}

// Nth makes only the nth hit count; the first is 1.
func (r Rule) Nth(n int) Rule {
	r.skip, r.times = n-1, 1
	return r
}

// Skip lets the first n hits pass.
func (r Rule) Skip(n int) Rule {
	r.skip = n
	return r
}

// Times ends the rule after n hits (after those that Skip lets pass).
func (r Rule) Times(n int) Rule {
	r.times = n
	return r
}

// Probability makes a hit count with probability p, from 0 to 1. The choices
// are the same for the same seed and order of requests.
func (r Rule) Probability(p float64, seed uint64) Rule {
	r.probability, r.seed = p, seed
	return r
}

// A Reason is the limit that a throttled request ran into.
type Reason string

// The reasons to throttle: the throughput of the table, that of one key range
// (a hot key), and the quota of the account. They decide between
// ProvisionedThroughputExceededException and, for the account,
// RequestLimitExceeded, and are named in the error's ThrottlingReasons.
const (
	TableThroughput    Reason = "ProvisionedThroughputExceeded"
	KeyRangeThroughput Reason = "KeyRangeThroughputExceeded"
	AccountLimit       Reason = "AccountLimitExceeded"
)

// Throttle refuses the request, before it takes effect. With Key, a batch
// returns that item as unprocessed, if others are left.
func (r Rule) Throttle(reason Reason) Rule {
	r.does.throttle = reason
	return r
}

// Conflict refuses the request as if a transaction were ongoing for the item:
// TransactionConflictException, or in a transaction the cancellation reason
// TransactionConflict of the item that Key names, or the first.
func (r Rule) Conflict() Rule {
	r.does.conflict = true
	return r
}

// InternalError answers with InternalServerError, status 500, before the
// request takes effect.
func (r Rule) InternalError() Rule {
	r.does.internal = true
	return r
}

// InternalErrorAfter answers with InternalServerError after the request took
// effect: the service promises nothing about what became of such a one.
func (r Rule) InternalErrorAfter() Rule {
	r.does.internalAfter = true
	return r
}

// Unprocessed makes BatchGetItem and BatchWriteItem return the last n of their
// items as unprocessed, or with Key all items that it fits. One at least is
// processed, as in the service; a batch of one is throttled instead.
func (r Rule) Unprocessed(n int) Rule {
	r.does.unprocessed = n
	return r
}

// Latency delays the request before it takes effect, by real time. A
// transaction waits while it holds its items, so that others conflict with it.
func (r Rule) Latency(d time.Duration) Rule {
	r.does.latency = d
	return r
}

// Hang keeps the request, without effect and without an answer, until the
// client gives up, the rule is removed or the server is closed.
func (r Rule) Hang() Rule {
	r.does.hang = true
	return r
}

// Cut closes the connection before the request takes effect.
func (r Rule) Cut() Rule {
	r.does.cut = true
	return r
}

// LoseReply closes the connection after the request took effect.
func (r Rule) LoseReply() Rule {
	r.does.loseReply = true
	return r
}

// Stale makes reads that are not consistent answer as of the given time before
// now, by the server's clock, but not from before the rule was added: Forever
// is as of then. It is for GetItem, BatchGetItem, Query and Scan.
func (r Rule) Stale(age time.Duration) Rule {
	r.does.stale = age
	return r
}

// IndexLag is Stale for queries and scans of global indexes only: they answer
// as of earlier, while the table itself is up to date.
func (r Rule) IndexLag(age time.Duration) Rule {
	r.does.indexLag = age
	return r
}

// Settle makes the change of a table or an index take the given time of the
// server's clock: until then a new table is CREATING and is not found by reads
// and writes of items, a changed one is UPDATING, its new index is CREATING and
// can't be read, and what is deleted is DELETING. It is for CreateTable,
// UpdateTable and DeleteTable.
func (r Rule) Settle(d time.Duration) Rule {
	r.does.settleFor = d
	return r
}

// SettleAfter is Settle with a count of calls of DescribeTable for the table,
// the next n of which see what goes on, instead of a time: no test has to wait.
func (r Rule) SettleAfter(n int) Rule {
	r.does.settleLooks = n
	return r
}

// Forever is an age for Stale and IndexLag: as of when the rule was added.
const Forever = time.Duration(1<<63 - 1)

// chance returns whether the rule's seeded choice falls on this hit.
func (r *Rule) chance(random *rand.Rand) bool {
	return r.probability == 0 || random.Float64() < r.probability
}
