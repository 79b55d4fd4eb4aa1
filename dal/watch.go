package dal

import (
	"context"
	"errors"
	"sync"
	"time"
)

// How often the phase record is read while operations wait. A hand-off between
// healthy processes takes a fraction of a second, so the pause stays short; and
// it is one reader per process, however many wait.
const (
	firstPause    = 2 * time.Millisecond // doubled after each look
	longestPause  = 20 * time.Millisecond
	reloadTimeout = 2 * time.Second // bounds one look
)

// A sight is what the last look at the phase record was worth.
type sight uint8

const (
	plain   sight = iota // it was read
	between              // no store leads at this moment
	blind                // it could not be read
)

// A watch reads the phase record while operations wait for a phase, for all of
// them, and tells them of everything new.
type watch struct {
	router *Router
	ctx    context.Context // over at close
	cancel context.CancelFunc

	turn chan struct{} // holds one entry while somebody looks

	mu      sync.Mutex
	waiting int
	quit    chan struct{} // closed when nobody waits any more
	done    chan struct{} // closed when the last reader has ended
	next    chan struct{} // closed at the next news
	last    error         // of the last look
}

func newWatch(r *Router) *watch {
	w := &watch{router: r, next: make(chan struct{}), turn: make(chan struct{}, 1)}
	w.ctx, w.cancel = context.WithCancel(context.Background())
	return w
}

// close gives up a look under way. Operations that wait go on waiting, and ask
// the store now and then.
func (w *watch) close() {
	w.cancel()
	w.mu.Lock()
	done := w.done
	if w.waiting > 0 {
		done = nil
	}
	w.mu.Unlock()
	if done != nil {
		<-done
	}
}

// join notes an operation that waits. The first one starts the reader.
func (w *watch) join() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.waiting++; w.waiting == 1 {
		w.quit, w.done = make(chan struct{}), make(chan struct{})
		go w.run(w.quit, w.done)
	}
}

// leave ends what join began. The last one sends the reader home.
func (w *watch) leave() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.waiting--; w.waiting == 0 {
		close(w.quit)
	}
}

// count is how many wait.
func (w *watch) count() int64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	return int64(w.waiting)
}

// news returns a channel that is closed when there is something new.
func (w *watch) news() <-chan struct{} {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.next
}

// tell wakes all who wait. err is that of the look, nil where there was none.
func (w *watch) tell(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.last = err
	close(w.next)
	w.next = make(chan struct{})
}

func (w *watch) failure() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.last
}

func (w *watch) state() sight {
	err := w.failure()
	switch {
	case err == nil:
		return plain
	case errors.Is(err, ErrWrongPhase):
		return between
	}
	return blind
}

// run looks at the phase record until nobody waits.
func (w *watch) run(quit <-chan struct{}, done chan<- struct{}) {
	defer close(done)
	for pause := firstPause; ; pause = min(2*pause, longestPause) {
		w.turn <- struct{}{} // the reader before may still be at it
		w.look()
		<-w.turn
		timer := time.NewTimer(pause)
		select {
		case <-quit:
			timer.Stop()
			return
		case <-timer.C:
		}
	}
}

// look reads the phase record and tells those who wait.
func (w *watch) look() {
	reload := w.router.opts.Reload
	if reload == nil {
		w.tell(nil)
		return
	}
	ctx, cancel := context.WithTimeout(w.ctx, reloadTimeout)
	defer cancel()
	s, err := reload(ctx)
	if err != nil {
		w.tell(err)
		return
	}
	w.router.Set(s)
}
