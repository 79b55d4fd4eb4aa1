package migrationctl

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/crossfade-go/crossfade/dal"
	"github.com/crossfade-go/crossfade/dal/store"
)

// How a process keeps its place in the fleet.
const (
	// RenewEvery is how often a process renews its registration and its lease
	// and reads the phase record.
	RenewEvery = 400 * time.Millisecond
	// RegistrationTTL is after how long without renewal a process no longer
	// counts as part of the fleet.
	RegistrationTTL = 3 * time.Second
	// LeaseLength is how long a process may use DynamoDB as authority after its
	// last renewal. A hand-off back waits that long for one that is silent.
	LeaseLength = 3 * time.Second
	// watchEvery is how often a process looks whether DynamoDB's record has
	// changed, while DynamoDB leads.
	watchEvery = 100 * time.Millisecond
	// leaseWait is how long a write whose reply came after the lease waits for the
	// next one, before nobody knows what became of it. A process that was too busy
	// to renew its lease has it again soon.
	leaseWait = 10 * time.Second
	// leaveTimeout bounds how long a lease is kept for requests under way once it is
	// to be given back: for as long as it may last, which is what a hand-off waits for
	// one that is not given back. What takes longer gets no answer that counts.
	leaveTimeout = LeaseLength
)

// A member is this process in the fleet: its registration, its lease, and what
// it knows of the two records.
type member struct {
	o     *Operator
	name  string // of the process
	lease *store.Lease
	obey  func(dal.Snapshot) // tells the router; nil before there is one
	reads func() store.ReadCounts
	away  func() bool // the relay brings nothing over

	current  atomic.Pointer[lead] // as of the last join that found one
	revision atomic.Uint64        // of DynamoDB's record, when it was last read

	// turn lets one join at a time: the last one's word counts. It is no mutex,
	// since its holder waits for the network, and who waits for the holder must
	// not wait longer than its own caller does. What follows is its holder's.
	turn    chan struct{}
	process store.Registration
	leader  side
	leases  int      // that were given back
	asked   bool     // for the one that comes after those
	pending deadline // a hand-off that nobody seems to drive
	left    bool     // the fleet, for good
}

func newMember(o *Operator, process store.Registration) *member {
	m := &member{o: o, name: process.Process, lease: store.NewLease(o.now), turn: make(chan struct{}, 1), process: process}
	m.lease.Wait = leaseWait
	return m
}

// take waits for the turn.
func (m *member) take(ctx context.Context) error {
	if ctx.Err() == nil {
		select {
		case m.turn <- struct{}{}:
			return nil
		case <-ctx.Done():
		}
	}
	return &store.Error{Op: "register", Kind: store.ErrUnavailable, Outcome: store.NotApplied, Cause: ctx.Err()}
}

func (m *member) give() { <-m.turn }

// snapshot returns what the router needs of a lead.
func (m *member) snapshot(l lead) dal.Snapshot {
	s := dal.Snapshot{Phase: l.record.Phase, Capture: l.record.Capture, Epoch: l.record.Epoch, Next: l.record.Next}
	if l.side == dynamoSide {
		s.Lease = m.lease
	}
	return s
}

// join finds the store that leads, registers with it, and takes a lease if it
// is DynamoDB and gives one. An error of kind ErrWrongPhase says that the
// authority is on its way from one store to the other.
func (m *member) join(ctx context.Context) (lead, error) {
	if err := m.take(ctx); err != nil {
		return lead{}, err
	}
	defer m.give()
	if m.left {
		return lead{}, &store.Error{Op: "register", Kind: store.ErrUnavailable, Outcome: store.NotApplied,
			Detail: "this process has left the fleet: its Controller is closed"}
	}
	s := m.o.look(ctx, m.leader, m.holdsLease())
	m.note(&s)
	if s.abandoning() && s.dynamo.seen() {
		m.o.withdraw(ctx, s.dynamo.record)
		return lead{}, m.giveBack(ctx)
	}
	l, err := m.o.leadOf(s)
	if err != nil {
		return l, err
	}
	m.keep(l)
	if s.leader != dynamoSide {
		// No lease is granted while MySQL leads, and none may outlast that.
		m.lease.End()
		return m.register(ctx, l)
	}
	if s.dynamo.record.State == store.Closed {
		return l, m.giveBack(ctx)
	}
	if l, err = m.register(ctx, l); err != nil {
		return l, err
	}
	m.keep(l)
	return l, m.renewLease(ctx, l.record.Epoch)
}

// keep is given a copy: what others read must not be written any more.
func (m *member) keep(l lead) { m.current.Store(&l) }

// lead returns the store that led at the last look, without asking again.
func (m *member) lead() (lead, error) {
	if l := m.current.Load(); l != nil {
		return *l, nil
	}
	return lead{}, handingOver("phase")
}

// holdsLease reports whether this process has a lease of the epoch it obeys.
func (m *member) holdsLease() bool { return m.lease.Valid(m.process.Epoch) }

// note keeps what the look said.
func (m *member) note(s *standing) {
	if s.leader != nobody {
		m.leader = s.leader
	}
	if s.dynamo.seen() {
		m.revision.Store(s.dynamo.record.Revision)
	}
	m.pending.watch(s, m.o.now())
}

// register renews the registration until it carries the record's epoch, so
// that the fleet sees this process obey at once.
func (m *member) register(ctx context.Context, l lead) (lead, error) {
	for {
		m.follow(l)
		record, err := m.registerOnce(ctx, l)
		if err != nil {
			return l, err
		}
		if record.State != store.Open && record.State != store.Closed {
			return l, handingOver("register")
		}
		l.record = record
		if record.Epoch == m.process.Epoch {
			return l, nil
		}
	}
}

// follow makes this process obey the record. Before the fleet is told that it
// does, it does.
func (m *member) follow(l lead) {
	if l.record.Epoch == m.process.Epoch {
		return
	}
	if m.obey != nil {
		m.obey(m.snapshot(l))
	}
	m.process.Epoch = l.record.Epoch
	m.o.opts.Logger.Info("obeys", "phase", l.record.Phase.String(), "capture", l.record.Capture, "epoch", l.record.Epoch, "process", m.name)
}

// registerOnce gives up in time for another try before the registration lapses. It goes
// on where its caller is cancelled, as by Close: a store may carry out what was cut off,
// and after the process has left that would put it back.
func (m *member) registerOnce(ctx context.Context, l lead) (store.PhaseRecord, error) {
	ctx, cancel := store.Detached(ctx, RegistrationTTL/2)
	defer cancel()
	if m.reads != nil {
		m.process.Reads, m.process.Away = m.reads(), m.away()
	}
	return l.authority.Register(ctx, m.process)
}

// handingOver is the error of what can't be done while no store leads.
func handingOver(op string) *store.Error {
	return &store.Error{Op: op, Kind: store.ErrWrongPhase, Outcome: store.NotApplied,
		Detail: "the authority is on its way from one store to the other"}
}

// leaseName names the lease. After one was given back the next has another name:
// a request to give back that comes late must not end the one that followed.
func (m *member) leaseName() string { return fmt.Sprintf("%s.%d", m.name, m.leases) }

// renewLease asks for a lease and counts it from before the question. Like registerOnce
// it is not cut off.
func (m *member) renewLease(ctx context.Context, epoch uint64) error {
	ctx, cancel := store.Detached(ctx, LeaseLength/2)
	defer cancel()
	since := m.o.now()
	m.asked = true
	err := m.o.dynamo.Grant(ctx, m.leaseName(), epoch, LeaseLength)
	if err == nil {
		m.lease.Extend(epoch, since, LeaseLength)
	}
	return err
}

// giveBack lets the requests under way end, and gives the lease back: the
// hand-off that was announced waits for it.
func (m *member) giveBack(ctx context.Context) error {
	drain, cancel := store.Detached(ctx, leaveTimeout)
	m.lease.Drain(drain)
	cancel()
	if !m.asked {
		return handingOver("lease")
	}
	// However long the requests took, the one that says so has its own time.
	tell, cancel := store.Detached(ctx, leaveTimeout)
	defer cancel()
	if err := m.o.dynamo.GiveBack(tell, m.leaseName()); err != nil {
		return err
	}
	m.leases, m.asked = m.leases+1, false
	return handingOver("lease")
}

// news reports whether DynamoDB leads and its record has changed since the last
// look. What can't be read is no news.
func (m *member) news(ctx context.Context) bool {
	if now, err := m.lead(); err != nil || now.side != dynamoSide {
		return false
	}
	l := lookAt(ctx, m.o.dynamo)
	return l.seen() && l.record.Revision != m.revision.Load()
}

// leave gives the lease back and takes the process out of the fleet, to which it does
// not return: a request that outlasts it must not register it anew.
func (m *member) leave(ctx context.Context) error {
	if err := m.take(ctx); err != nil {
		return err
	}
	defer m.give()
	m.left = true
	if m.leader != dynamoSide {
		return m.o.mysql.Deregister(ctx, m.name)
	}
	m.lease.Drain(ctx)
	return errors.Join(m.o.dynamo.GiveBack(ctx, m.leaseName()), m.o.dynamo.Deregister(ctx, m.name))
}

// A deadline watches a hand-off for signs of life: its records change while its
// driver is alive. A seal that a hand-off has left behind is watched like one,
// and so is a copy of the record in MySQL that was left behind in phase 4, where
// refreshes need it.
type deadline struct {
	mysql, dynamo uint64 // revisions
	since         time.Time
	standing      standing
	under         bool // a hand-off is under way
}

// driverSilence is after how long without a change of the records a hand-off is
// taken over. A driver that is alive changes one every heartbeatEvery.
const (
	driverSilence  = 2 * time.Second
	heartbeatEvery = 500 * time.Millisecond
)

// watch notes what was seen.
func (d *deadline) watch(s *standing, now time.Time) {
	under := s.between || s.leader != nobody && s.record().State == store.Closed ||
		s.mysql.seen() && s.mysql.record.State == store.Sealed || s.copyBehind()
	changed := s.mysql.record.Revision != d.mysql || s.dynamo.record.Revision != d.dynamo
	if !under || !d.under || changed {
		d.since = now
	}
	d.under, d.standing = under, *s
	d.mysql, d.dynamo = s.mysql.record.Revision, s.dynamo.record.Revision
}

// silent reports whether a hand-off is under way and nothing has moved for long.
func (d *deadline) silent(now time.Time) bool { return d.under && now.Sub(d.since) >= driverSilence }

// finishOthers takes over a hand-off whose driver has fallen silent.
func (m *member) finishOthers(ctx context.Context) {
	if m.take(ctx) != nil {
		return
	}
	silent := m.pending.silent(m.o.now())
	m.give()
	if !silent {
		return
	}
	err := m.o.resume(ctx, m.name)
	if err != nil && ctx.Err() == nil {
		m.o.opts.Logger.Warn("hand-off not finished", "error", err)
	}
}
