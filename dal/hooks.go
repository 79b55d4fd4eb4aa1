package dal

import (
	"time"

	"github.com/crossfade-go/crossfade/transform"
)

// A Hook is told of what happens. It implements one or more of HookOperation,
// HookMismatch, HookRefresh and HookUnfit; the router finds out once, when it
// is made. Hooks are called on the goroutine that did the work, some on the
// library's own: they must neither block nor panic. No event carries content of
// a row.
type Hook any

// An OperationEvent is one finished call of a repository.
type OperationEvent struct {
	Op       string // "get", "create", …
	Entity   string
	Phase    Phase
	Duration time.Duration
	Err      error
}

// HookOperation is told of every finished call of a repository.
type HookOperation interface{ OnOperation(OperationEvent) }

// A MismatchEvent is a read of phase 3 that the two stores answer differently.
type MismatchEvent struct {
	Comparison Comparison
	Index      string // of a query whose members differ, else ""
}

// HookMismatch is told of every mismatch of phase 3, after it was read again.
type HookMismatch interface{ OnMismatch(MismatchEvent) }

// A RefreshEvent is one try to bring a key to the follower after a write.
type RefreshEvent struct {
	Key      transform.Key
	Duration time.Duration
	Err      error
}

// HookRefresh is told of every inline refresh.
type HookRefresh interface{ OnRefresh(RefreshEvent) }

// An UnfitEvent is a bare write of phase 1 whose record could not become an
// item. It is reported, not refused: phase 1 bare behaves as the service did.
type UnfitEvent struct {
	Key transform.Key
	Err error
}

// HookUnfit is told of every bare write that would be refused under capture.
type HookUnfit interface{ OnUnfit(UnfitEvent) }

// hooks are the hooks by what they want to know.
type hooks struct {
	operation []HookOperation
	mismatch  []HookMismatch
	refresh   []HookRefresh
	unfit     []HookUnfit
}

func sortHooks(all []Hook) hooks {
	var h hooks
	for _, x := range all {
		h.operation = appendIf(h.operation, x)
		h.mismatch = appendIf(h.mismatch, x)
		h.refresh = appendIf(h.refresh, x)
		h.unfit = appendIf(h.unfit, x)
	}
	return h
}

func appendIf[H any](list []H, x Hook) []H {
	if h, ok := x.(H); ok {
		return append(list, h)
	}
	return list
}
