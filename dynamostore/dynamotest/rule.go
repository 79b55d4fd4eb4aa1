package dynamotest

import (
	"fmt"
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
//
// Narrowings of different kinds must all be met. Of two of one kind the last
// counts: OnTable("a").Table("b") is for b alone. For either of several, name
// several operations, use When, or put two rules to work.
type Rule struct {
	operations []string
	table      string
	index      string
	key        attr.Item
	when       func(*Request) bool

	skip, times int
	ends        bool // after times
	probability float64
	chancy      bool // by probability
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
// goroutine of the request, one call at a time for all rules of a server. It
// may use the server's methods and those of a Fault: rules that it adds are for
// later requests, one that it removes does nothing any more. It must not wait
// for another request, which may wait for its turn to be asked.
func (r Rule) When(f func(*Request) bool) Rule {
	r.when = f
	return r
}

// Nth makes only the nth hit count, as Skip(n-1).Times(1) does. The first is 1;
// it panics if n is less.
func (r Rule) Nth(n int) Rule {
	if n < 1 {
		panic(fmt.Sprintf("dynamotest: Nth(%d): must be 1 at least, the first hit", n))
	}
	return r.Skip(n - 1).Times(1)
}

// Skip lets the first n hits pass. It panics if n is negative.
func (r Rule) Skip(n int) Rule {
	notNegative("Skip", n)
	r.skip = n
	return r
}

// Times ends the rule after n hits (after those that Skip lets pass); 0 is none
// at all. It panics if n is negative.
func (r Rule) Times(n int) Rule {
	notNegative("Times", n)
	r.times, r.ends = n, true
	return r
}

// Probability makes a hit count with probability p, from 0 for never to 1 for
// always; it panics if p is outside. The choices are the same for the same seed
// and order of requests.
func (r Rule) Probability(p float64, seed uint64) Rule {
	if !(p >= 0 && p <= 1) { // NaN neither
		panic(fmt.Sprintf("dynamotest: Probability(%v): must be from 0 to 1", p))
	}
	r.probability, r.chancy, r.seed = p, true, seed
	return r
}

// doing notes that the rule has an effect, even if it is one of nothing.
func (r Rule) doing() Rule {
	r.does.some = true
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
	r.does.throttle, r.does.throttles = reason, true
	return r.doing()
}

// Conflict refuses the request as if a transaction were ongoing for the item:
// TransactionConflictException, or in a transaction the cancellation reason
// TransactionConflict of the item that Key names, or the first.
func (r Rule) Conflict() Rule {
	r.does.conflict = true
	return r.doing()
}

// InternalError answers with InternalServerError, status 500, before the
// request takes effect.
func (r Rule) InternalError() Rule {
	r.does.internal = true
	return r.doing()
}

// InternalErrorAfter answers with InternalServerError after the request took
// effect: the service promises nothing about what became of such a one.
func (r Rule) InternalErrorAfter() Rule {
	r.does.internalAfter = true
	return r.doing()
}

// Unprocessed makes BatchGetItem and BatchWriteItem return the last n of their
// items as unprocessed, or with Key all items that it fits. One at least is
// processed, as in the service; a batch of one is throttled instead. It panics
// if n is negative.
func (r Rule) Unprocessed(n int) Rule {
	notNegative("Unprocessed", n)
	r.does.unprocessed = n
	return r.doing()
}

// Latency delays the request before it takes effect, by real time; by 0, the
// rule only counts. A transaction waits while it holds its items, so that others
// conflict with it.
func (r Rule) Latency(d time.Duration) Rule {
	r.does.latency = d
	return r.doing()
}

// Hang keeps the request, without effect and without an answer, until the
// client gives up, the rule is removed or the server is closed.
func (r Rule) Hang() Rule {
	r.does.hang = true
	return r.doing()
}

// Cut closes the connection before the request takes effect.
func (r Rule) Cut() Rule {
	r.does.cut = true
	return r.doing()
}

// LoseReply closes the connection after the request took effect.
func (r Rule) LoseReply() Rule {
	r.does.loseReply = true
	return r.doing()
}

// Stale makes reads that are not consistent answer as of the given time before
// now, by the server's clock, but not from before the rule was added: Forever
// is as of then. It is for GetItem, BatchGetItem, Query and Scan.
func (r Rule) Stale(age time.Duration) Rule {
	r.does.stale = age
	return r.doing()
}

// IndexLag is Stale for queries and scans of global indexes only: they answer
// as of earlier, while the table itself is up to date.
func (r Rule) IndexLag(age time.Duration) Rule {
	r.does.indexLag = age
	return r.doing()
}

// Settle makes the change of a table or an index take the given time of the
// server's clock: until then a new table is CREATING and is not found by reads
// and writes of items, a changed one is UPDATING, its new index is CREATING and
// can't be read, and what is deleted is DELETING. It is for CreateTable,
// UpdateTable and DeleteTable.
func (r Rule) Settle(d time.Duration) Rule {
	r.does.settleFor = d
	return r.doing()
}

// SettleAfter is Settle with a count of calls of DescribeTable for the table,
// the next n of which see what goes on, instead of a time: no test has to wait.
func (r Rule) SettleAfter(n int) Rule {
	r.does.settleLooks = n
	return r.doing()
}

// Forever is an age for Stale and IndexLag: as of when the rule was added.
const Forever = time.Duration(1<<63 - 1)

// chance returns whether the rule's seeded choice falls on this hit.
func (r *Rule) chance(random *rand.Rand) bool {
	return !r.chancy || random.Float64() < r.probability
}

func notNegative(method string, n int) {
	if n < 0 {
		panic(fmt.Sprintf("dynamotest: %s(%d): must not be negative", method, n))
	}
}

// check panics if the rule could never do what it seems to: a test that breaks
// nothing would pass.
func (r *Rule) check() {
	for _, name := range r.operations {
		if operationOf(name) == nil {
			panic(fmt.Sprintf("dynamotest: Fault: there is no operation %q", name))
		}
	}
	d := &r.does
	switch {
	case d.throttles && d.throttle != TableThroughput && d.throttle != KeyRangeThroughput && d.throttle != AccountLimit:
		panic(fmt.Sprintf("dynamotest: Fault: there is no reason %q to throttle", string(d.throttle)))
	case !d.some:
		panic("dynamotest: Fault: the rule says nothing that is to happen")
	}
}
