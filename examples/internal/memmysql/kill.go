package memmysql

import (
	"context"
	"sync"
)

// An interruption lets another session end the wait of a statement.
type interruption struct {
	mu     sync.Mutex
	cancel context.CancelCauseFunc
}

// begin returns the context of a wait. done must be called after it.
func (i *interruption) begin(parent context.Context) (ctx context.Context, done func()) {
	ctx, cancel := context.WithCancelCause(parent)
	i.set(cancel)
	return ctx, func() { i.set(nil); cancel(nil) }
}

func (i *interruption) set(cancel context.CancelCauseFunc) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.cancel = cancel
}

// end ends the present wait, if there is one.
func (i *interruption) end(cause error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.cancel != nil {
		i.cancel(cause)
	}
}

// kill ends the wait of the session that KILL names. The engine ends what it
// runs, and closes the connection.
func (h *handler) kill(st statement) error {
	h.mu.Lock()
	target := h.sessions[st.kills]
	h.mu.Unlock()
	switch {
	case target == nil:
		return errNoThread(st.kills)
	case st.killsQuery:
		target.wait.end(errInterrupted())
	default:
		target.end(errInterrupted())
	}
	return nil
}
