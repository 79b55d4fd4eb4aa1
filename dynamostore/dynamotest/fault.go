package dynamotest

import (
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/crossfade-go/crossfade/dynamostore/dynamotest/internal/attr"
)

// effects is what happens to a request.
type effects struct {
	some          bool // of a rule: it says what is to happen
	throttles     bool // of a rule: with the reason, whatever it is
	throttle      Reason
	conflict      bool
	internal      bool
	internalAfter bool
	unprocessed   int
	latency       time.Duration
	hang, cut     bool
	loseReply     bool
	stale         time.Duration
	indexLag      time.Duration
	settleFor     time.Duration
	settleLooks   int

	faults []*Fault // that had a hit
	since  time.Time
}

// A Fault is a rule at work.
type Fault struct {
	server  *Server
	rule    Rule
	since   time.Time
	random  *rand.Rand
	removed chan struct{}
	once    sync.Once

	// guarded by the server's rules
	seen int
	hits int
}

// Hits returns how many requests the rule has befallen.
func (f *Fault) Hits() int {
	f.server.rules.mu.Lock()
	defer f.server.rules.mu.Unlock()
	return f.hits
}

// Remove ends the rule. Requests that hang because of it go on as if there had
// been none.
func (f *Fault) Remove() {
	f.once.Do(func() { close(f.removed) })
	b := &f.server.rules
	b.mu.Lock()
	defer b.mu.Unlock()
	b.faults = slices.DeleteFunc(slices.Clone(b.faults), func(other *Fault) bool { return other == f })
	f.server.tables.keepHistory(b.needHistory())
}

// A ruleBook holds a server's faults, in the order they were added.
type ruleBook struct {
	asking sync.Mutex // held while a When is called, and never inside mu
	mu     sync.Mutex
	faults []*Fault // replaced, never changed
}

// Fault puts a rule to work until it is removed. Where several befall one
// request, all do what they say, and for what only one can, the first does.
//
// It panics, with the reason, if the rule names an operation that dynamotest
// does not have or a reason to throttle that there is not, or if it says nothing
// that is to happen: it would break nothing, and the test would pass.
func (s *Server) Fault(rule Rule) *Fault {
	rule.check()
	f := &Fault{
		server: s, rule: rule, since: s.Now(), removed: make(chan struct{}),
		random: rand.New(rand.NewPCG(rule.seed, rule.seed)),
	}
	s.rules.mu.Lock()
	defer s.rules.mu.Unlock()
	s.rules.faults = append(slices.Clone(s.rules.faults), f)
	s.tables.keepHistory(s.rules.needHistory())
	return f
}

// ClearFaults removes all rules.
func (s *Server) ClearFaults() {
	s.rules.mu.Lock()
	faults := s.rules.faults
	s.rules.mu.Unlock()
	for _, f := range faults {
		f.Remove()
	}
}

// needHistory says whether a read may ask for the past. The caller holds the
// lock.
func (b *ruleBook) needHistory() bool {
	return slices.ContainsFunc(b.faults, func(f *Fault) bool { return f.rule.does.stale > 0 || f.rule.does.indexLag > 0 })
}

// befall returns what happens to a request. The rules' own functions run
// without the lock, so that they may use the server.
func (b *ruleBook) befall(request *Request) effects {
	b.mu.Lock()
	faults := b.faults
	b.mu.Unlock()
	var all effects
	for _, f := range faults {
		if f.rule.fits(request) && b.asks(f.rule.when, request) && b.counts(f) {
			all.merge(f)
		}
	}
	return all
}

// asks calls a rule's own function, if it has one.
func (b *ruleBook) asks(when func(*Request) bool, request *Request) bool {
	if when == nil {
		return true
	}
	b.asking.Lock()
	defer b.asking.Unlock()
	return when(request)
}

// counts counts a hit and chooses. A rule that was removed meanwhile has none.
func (b *ruleBook) counts(f *Fault) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !slices.Contains(b.faults, f) {
		return false
	}
	r := &f.rule
	f.seen++
	n := f.seen - r.skip
	if n <= 0 || r.ends && n > r.times || !r.chance(f.random) {
		return false
	}
	f.hits++
	return true
}

// fits says whether the rule's narrowing is met, but for When.
func (r *Rule) fits(request *Request) bool {
	switch {
	case len(r.operations) > 0 && !slices.Contains(r.operations, request.Operation):
		return false
	case r.table == "" && r.index == "" && r.key == nil:
	case !slices.ContainsFunc(request.parts(), r.fitsPart):
		return false
	}
	return true
}

// fitsPart says whether one part of a request is what the rule is about.
func (r *Rule) fitsPart(p part) bool {
	return (r.table == "" || r.table == p.table) && (r.index == "" || r.index == p.index) &&
		(holds(p.item, r.key) || selects(p.tests, r.key))
}

// holds reports whether an item has all attributes of a key.
func holds(item, key attr.Item) bool {
	for name, v := range key {
		if other := item[name]; other == nil || !attr.Equal(other, v) {
			return false
		}
	}
	return true
}

// merge adds what a rule does.
func (e *effects) merge(f *Fault) {
	d := f.rule.does
	if e.throttle == "" {
		e.throttle = d.throttle
	}
	e.conflict = e.conflict || d.conflict
	e.internal = e.internal || d.internal
	e.internalAfter = e.internalAfter || d.internalAfter
	e.unprocessed = max(e.unprocessed, d.unprocessed)
	e.latency += d.latency
	e.hang = e.hang || d.hang
	e.cut = e.cut || d.cut
	e.loseReply = e.loseReply || d.loseReply
	e.settleFor, e.settleLooks = max(e.settleFor, d.settleFor), max(e.settleLooks, d.settleLooks)
	if d.stale > 0 || d.indexLag > 0 {
		e.stale, e.indexLag = max(e.stale, d.stale), max(e.indexLag, d.indexLag)
		if e.since.IsZero() || f.since.Before(e.since) {
			e.since = f.since
		}
	}
	e.faults = append(e.faults, f)
}

// asOf returns the time that a read answers as of; zero is now.
func (e *effects) asOf(now time.Time, age time.Duration) time.Time {
	if age == 0 {
		return time.Time{}
	}
	if t := now.Add(-age); age != Forever && t.After(e.since) {
		return t
	}
	return e.since
}

// befallsItem says whether an effect is about this item of a request: of a
// rule with a key only those that it fits.
func (e *effects) befallsItem(table string, item attr.Item, has func(effects) bool) bool {
	for _, f := range e.faults {
		if has(f.rule.does) && (f.rule.table == "" || f.rule.table == table) && holds(item, f.rule.key) {
			return true
		}
	}
	return false
}

// keyed says whether an effect comes from rules with keys alone.
func (e *effects) keyed(has func(effects) bool) bool {
	return !slices.ContainsFunc(e.faults, func(f *Fault) bool { return has(f.rule.does) && f.rule.key == nil })
}

func throttles(e effects) bool { return e.throttle != "" }
func conflicts(e effects) bool { return e.conflict }
func leavesOut(e effects) bool { return e.unprocessed > 0 }
func hangs(f *Fault) bool      { return f.rule.does.hang }

// isBatch and isTransact say whether a fault can befall one item of several.
func (c *call) isBatch() bool {
	switch c.operation {
	case "BatchGetItem", "BatchWriteItem", "BatchExecuteStatement":
		return true
	}
	return false
}

func (c *call) isTransact() bool {
	switch c.operation {
	case "TransactWriteItems", "TransactGetItems", "ExecuteTransaction":
		return true
	}
	return false
}

// run answers a call, with what befalls it.
func (c *call) run(op operation, request *Request) error {
	c.faults = c.rules.befall(request)
	request.note(&c.faults)
	if err := c.before(); err != nil {
		return err
	}
	if err := op(c); err != nil {
		return err
	}
	c.finish()
	if c.faults.internalAfter {
		return errInternal()
	}
	return nil
}

// before does what happens before a request takes effect.
func (c *call) before() error {
	e := &c.faults
	if e.latency > 0 && !c.isTransact() && !c.wait(e.latency) {
		return errCut
	}
	if e.hang && !c.hang() {
		return errCut
	}
	switch {
	case e.cut:
		return errCut
	case e.internal:
		return errInternal()
	case e.throttle != "" && !(c.isBatch() || c.isTransact()):
		return c.throttled()
	case e.throttle != "" && !e.keyed(throttles) && c.isBatch():
		return c.throttled()
	case e.conflict && !(c.isBatch() || c.isTransact()):
		return errConflict()
	}
	return nil
}

// hang waits for the end of the rules that hold the request; false if the
// request ended before.
func (c *call) hang() bool {
	for _, f := range c.faults.faults {
		if !hangs(f) {
			continue
		}
		select {
		case <-f.removed:
		case <-c.ctx.Done():
			return false
		case <-c.done:
			return false
		}
	}
	return true
}

// throttled returns the error of a throttled request, about the first table
// that it names.
func (c *call) throttled() *serviceError {
	kind, resource := "Table", ""
	if parts := partsOf(c.body); len(parts) > 0 {
		resource = tableARN(parts[0].table)
		if parts[0].index != "" {
			kind, resource = "Index", indexARN(parts[0].table, parts[0].index)
		}
	}
	name, message := "ProvisionedThroughputExceededException",
		"The level of configured provisioned throughput for the table was exceeded. Consider increasing your provisioning level with the UpdateTable API."
	if c.faults.throttle == AccountLimit {
		name, message = "RequestLimitExceeded", "Throughput exceeds the current throughput limit for your account. Please contact AWS Support to request a limit increase."
	}
	e := refuse(name, "%s", message)
	e.causes = []throttlingReason{{Reason: kind + c.direction() + string(c.faults.throttle), Resource: resource}}
	return e
}

// direction is the part of a throttling reason that tells reads from writes.
func (c *call) direction() string {
	switch c.operation {
	case "GetItem", "Query", "Scan", "BatchGetItem", "TransactGetItems":
		return "Read"
	}
	return "Write"
}
