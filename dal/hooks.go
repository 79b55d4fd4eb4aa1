package dal

import (
	"time"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// A Hook is told of what happens. It implements one or more of HookOperation,
// HookMismatch, HookRefresh, HookUnfit, HookWait and HookFallback; the router
// finds out once, when it is made. Hooks are called on the goroutine that did the work, some on the
// library's own: they must neither block nor panic. No event carries content of
// a row.
type Hook any

// An OperationEvent is one finished call of a repository, of Atomically, or of
// Join and its Commit.
type OperationEvent struct {
	Op       string // "get", "create", …, "atomically", "join", "commit"
	Entity   string // "" of a unit of work and of a joined transaction
	Phase    Phase
	Duration time.Duration
	Err      error
}

// HookOperation is told of every finished call of a repository, and of
// Atomically. What a unit of work reads and stages is part of its own call.
type HookOperation interface{ OnOperation(OperationEvent) }

// A MismatchEvent is a read of phase 3 that the two stores answer differently.
type MismatchEvent struct {
	Comparison Comparison
	// Index is that of a query whose members differ, "table" for the table's own
	// key, else "".
	Index string
}

// HookMismatch is told of every mismatch of phase 3, after it was read again.
type HookMismatch interface{ OnMismatch(MismatchEvent) }

// A RefreshEvent is one try to bring a change to the follower after its write.
type RefreshEvent struct {
	Change   store.Change
	Duration time.Duration
	Err      error
}

// HookRefresh is told of every inline refresh.
type HookRefresh interface{ OnRefresh(RefreshEvent) }

// An UnfitEvent is a bare write of phase 1 whose record could not become an
// item. It is reported, not refused: phase 1 bare behaves as the service did.
type UnfitEvent struct {
	Key transform.Key // zero where MySQL is to assign it
	Err error
}

// HookUnfit is told of every bare write that would be refused under capture.
type HookUnfit interface{ OnUnfit(UnfitEvent) }

// A WaitEvent is an operation that met a change of the phase: how long it was
// held up by it, and how it ended.
type WaitEvent struct {
	Duration time.Duration
	Err      error
}

// HookWait is told of every operation that waited for a phase, at its end.
type HookWait interface{ OnWait(WaitEvent) }

// A FallbackEvent is a read of phase 4 that MySQL answered, perhaps stale.
type FallbackEvent struct {
	Op     string
	Entity string
	Cause  error // why DynamoDB did not
}

// HookFallback is told of every fallback read.
type HookFallback interface{ OnFallback(FallbackEvent) }

// hooks are the hooks by what they want to know.
type hooks struct {
	operation []HookOperation
	mismatch  []HookMismatch
	refresh   []HookRefresh
	unfit     []HookUnfit
	wait      []HookWait
	fallback  []HookFallback
}

func sortHooks(all []Hook) hooks {
	var h hooks
	for _, x := range all {
		h.operation = appendIf(h.operation, x)
		h.mismatch = appendIf(h.mismatch, x)
		h.refresh = appendIf(h.refresh, x)
		h.unfit = appendIf(h.unfit, x)
		h.wait = appendIf(h.wait, x)
		h.fallback = appendIf(h.fallback, x)
	}
	return h
}

func appendIf[H any](list []H, x Hook) []H {
	if h, ok := x.(H); ok {
		return append(list, h)
	}
	return list
}

// clock is the time, if anybody wants to know it: a look at the clock costs as
// much as the routing of a read.
func (r *Router) clock() (now time.Time) {
	if len(r.hooks.operation) > 0 {
		now = time.Now()
	}
	return now
}

// observe tells the hooks of a finished operation.
func (r *Router) observe(op, entity string, start time.Time, err *error) {
	hooks := r.hooks.operation
	if len(hooks) == 0 {
		return
	}
	e := OperationEvent{Op: op, Entity: entity, Phase: r.snapshot.Load().Phase, Duration: time.Since(start), Err: *err}
	for _, h := range hooks {
		h.OnOperation(e)
	}
}
