package store

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// A Lease is a process's time-limited right to use an authority that has no
// fence. The zero Lease was never granted. It is safe for concurrent use.
//
// It counts on the process's monotonic clock and, since that one may stand
// still while the machine is suspended, on the wall clock as well: it is over as
// soon as either says so. A store enters it before it sends a request and
// leaves it when the reply is there; both must say yes for the reply to count.
type Lease struct {
	// Wait is how long Regain waits: whoever holds the lease asks for it again where
	// it has run out. With 0 nothing is regained. It is set before the lease is used.
	Wait time.Duration

	clock func() time.Time // time.Now if nil
	term  atomic.Pointer[term]
	inUse atomic.Int64
	// waited says that idle is there: only then does who leaves take the mutex.
	waited atomic.Bool

	mu   sync.Mutex
	idle chan struct{} // closed when nothing is in use, while Drain waits
	news chan struct{} // closed when the grant changes, while Regain waits
}

// A term is one grant.
type term struct {
	epoch  uint64
	since  time.Time // with the monotonic reading
	length time.Duration
	ending bool // valid for what has entered, closed to what comes
	// before is the grant of the epoch before, which lasts for what entered
	// under it: a step that leaves the authority where it is ends no request.
	before *term
}

// NewLease returns a lease that counts on another clock than time.Now, for
// tests.
func NewLease(clock func() time.Time) *Lease { return &Lease{clock: clock} }

func (l *Lease) now() time.Time {
	if l.clock == nil {
		return time.Now()
	}
	return l.clock()
}

// Extend notes that the lease was granted for the epoch. since is from before
// the request was sent: the store may have granted it then. While a Drain is
// under way nothing is extended: it would let requests in again.
func (l *Lease) Extend(epoch uint64, since time.Time, length time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	t := &term{epoch: epoch, since: since, length: length}
	if old := l.term.Load(); old != nil {
		if old.ending {
			return
		}
		t.before = old.before
		if old.epoch != epoch {
			t.before = &term{epoch: old.epoch, since: old.since, length: old.length}
		}
	}
	l.set(t)
}

// set changes the grant, and tells those who wait for it. The caller holds the mutex.
func (l *Lease) set(t *term) {
	l.term.Store(t)
	if l.news != nil {
		close(l.news)
		l.news = nil
	}
}

// End ends the lease at once: replies on their way will not count.
func (l *Lease) End() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.set(nil)
}

// Valid reports whether the lease was granted for the epoch and has not run
// out. A nil Lease is never valid.
func (l *Lease) Valid(epoch uint64) bool {
	if l == nil {
		return false
	}
	t := l.term.Load().of(epoch)
	return t != nil && t.lasts(l.now())
}

// of returns the grant for the epoch, nil if there is none.
func (t *term) of(epoch uint64) *term {
	for ; t != nil && t.epoch != epoch; t = t.before {
	}
	return t
}

func (t *term) lasts(now time.Time) bool {
	// Round strips the monotonic reading, which Sub prefers.
	return now.Sub(t.since) < t.length && now.Round(0).Sub(t.since.Round(0)) < t.length
}

// Enter reports whether a request may be sent in the epoch. If so, Leave must
// follow.
func (l *Lease) Enter(epoch uint64) bool {
	if l == nil {
		return false
	}
	// Counted before the look: Drain must not find nobody here in between.
	l.inUse.Add(1)
	current := l.term.Load()
	t := current.of(epoch)
	if t == nil || current.ending || !t.lasts(l.now()) {
		l.leave()
		return false
	}
	return true
}

// Leave ends what Enter began, and reports whether the reply counts.
func (l *Lease) Leave(epoch uint64) bool {
	valid := l.Valid(epoch)
	l.leave()
	return valid
}

// Regain reports whether a reply that came when the lease had run out counts after
// all. It does if the lease is granted for the same epoch again, for which Regain
// waits: with every other authority there would have been another epoch. A lease that
// was ended, or is to end (see Drain), is not waited for.
func (l *Lease) Regain(ctx context.Context, epoch uint64) bool {
	if l == nil || l.Wait <= 0 {
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, l.Wait)
	defer cancel()
	for {
		news := l.next()
		t := l.term.Load()
		switch {
		case l.Valid(epoch):
			return true
		case t == nil || t.ending || t.epoch != epoch:
			return false
		}
		select {
		case <-news:
		case <-ctx.Done():
			return false
		}
	}
}

// next returns what is closed when the grant changes.
func (l *Lease) next() <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.news == nil {
		l.news = make(chan struct{})
	}
	return l.news
}

// leave counts first and then looks whether anybody waits. Drain first says that
// it waits and then looks at the count: one of the two sees the other.
func (l *Lease) leave() {
	if l.inUse.Add(-1) > 0 || !l.waited.Load() {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.tell()
}

// tell ends the waiting if nothing is in use. The caller holds the mutex.
func (l *Lease) tell() {
	if l.idle != nil && l.inUse.Load() == 0 {
		close(l.idle)
		l.idle = nil
		l.waited.Store(false)
	}
}

// Drain lets nothing enter any more, waits until what has entered is left or
// ctx is over, and ends the lease. Then it can be given back. A grant that was
// asked for before must not be noted after it: Extend would take it for a new
// one.
func (l *Lease) Drain(ctx context.Context) {
	defer l.End()
	l.mu.Lock()
	if t := l.term.Load(); t != nil {
		ending := *t
		ending.ending = true
		l.set(&ending)
	}
	if l.idle == nil {
		l.idle = make(chan struct{})
		l.waited.Store(true)
	}
	idle := l.idle
	l.tell()
	l.mu.Unlock()
	select {
	case <-idle:
	case <-ctx.Done():
	}
}
