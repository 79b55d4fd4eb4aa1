package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/crossfade-go/crossfade/dal"
)

// A pace is how fast a process is to work.
type pace struct {
	Saturate  int     // so many workers work without a pause, the others rest
	PerSecond float64 // operations of all workers, if Saturate is 0; 0 rests
}

// slow is the time from which on an operation is told of by itself.
const slow = 100 * time.Millisecond

// callTimeout is longer than any wait that the library allows itself.
const callTimeout = 30 * time.Second

// An operation is a call that met a hand-off or was slow.
type operation struct {
	Write, Met, Queued bool
	From, To           time.Time // From is when it was due, if it began late
}

// A load is what one process does to the accounts.
type load struct {
	accounts       *dal.Repository[account]
	rows           int
	workers        int // in this process
	first, workAll int // number of the first one, and how many all processes have

	mu     sync.Mutex
	pace   pace
	paced  chan struct{} // closed when the pace changes
	counts sample
	told   int64 // of the library's count of waits
}

func (l *load) current() (pace, <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.pace, l.paced
}

func (l *load) set(p pace) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.pace = p
	close(l.paced)
	l.paced = make(chan struct{})
}

// run works until ctx ends and every operation has its answer.
func (l *load) run(ctx context.Context) {
	var workers sync.WaitGroup
	for n := range l.workers {
		workers.Add(1)
		go func() {
			defer workers.Done()
			w := &worker{load: l, number: l.first + n}
			w.run(ctx)
		}()
	}
	workers.Wait()
}

// A worker writes the accounts whose id has its number as remainder, and reads
// any.
type worker struct {
	*load
	number   int
	writes   int       // so far: makes values unique
	heldUpTo time.Time // when the last operation that a store turned away ended
}

func (w *worker) run(ctx context.Context) {
	var now pace
	var due time.Time
	for ctx.Err() == nil {
		next, changed := w.current()
		if next != now {
			now, due = next, time.Now()
		}
		due = w.after(due, now)
		from, late := due, now.Saturate == 0 && due.Before(time.Now())
		if !late {
			if !sleepUntil(ctx, due, changed) {
				continue
			}
			from = time.Now() // how exact a timer is, is not asked
		}
		w.do(ctx, from, late)
	}
}

// after returns when this worker's next operation is due. It depends on when the
// last one was due, not on how long that took.
func (w *worker) after(due time.Time, p pace) time.Time {
	switch {
	case w.number-w.first < p.Saturate:
		return time.Now()
	case p.PerSecond == 0:
		return time.Now().Add(time.Hour)
	}
	mean := float64(w.workers) / p.PerSecond * float64(time.Second)
	return due.Add(time.Duration(rand.ExpFloat64() * mean))
}

// sleepUntil reports whether the time has come: before it does the pace may
// change.
func sleepUntil(ctx context.Context, due time.Time, changed <-chan struct{}) bool {
	t := time.NewTimer(time.Until(due))
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-changed:
		return false
	case <-t.C:
		return true
	}
}

// do makes one operation, which has its answer also if the load ends meanwhile.
func (w *worker) do(ctx context.Context, from time.Time, late bool) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), callTimeout)
	defer cancel()
	ctx, m := marked(ctx)
	o := operation{Write: rand.IntN(2) == 0, From: from, Queued: late && from.Before(w.heldUpTo)}
	err := w.call(ctx, o.Write)
	o.To, o.Met = time.Now(), m.turnedAway.Load()
	if o.Met {
		w.heldUpTo = o.To
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.counts.count(o, late, err)
}

func (w *worker) call(ctx context.Context, write bool) error {
	if !write {
		_, err := w.accounts.Get(ctx, w.accounts.Key(rand.Int64N(int64(w.rows))))
		return err
	}
	w.writes++
	a := account{ID: w.own(), Email: fmt.Sprintf("worker-%d-%d@example.org", w.number, w.writes)}
	switch n := rand.IntN(20); {
	case n == 0:
		a.ID = int64(firstCreated + w.number + w.workAll*w.writes)
		return w.accounts.Create(ctx, &a)
	case n < 7:
		return w.accounts.Put(ctx, &a)
	}
	return w.accounts.Update(ctx, w.accounts.Key(a.ID), func(a *account) error {
		a.Logins++
		return nil
	})
}

// own returns a row of this worker's.
func (w *worker) own() int64 {
	return int64(w.number + w.workAll*rand.IntN((w.rows-w.number-1)/w.workAll+1))
}
