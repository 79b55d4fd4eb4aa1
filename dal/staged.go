package dal

import (
	"context"

	"github.com/crossfade-go/crossfade/dal/store"
)

// staged takes off a write that is too much for one transaction of DynamoDB what it takes
// along, if DynamoDB would stage that: there it costs the write a mark, which names what it
// deletes. Otherwise it notes why not. That is told by the contract alone, so that a delete
// that passes in one phase passes in all.
func (r *Router) staged(w *write) {
	w.unstaged = ""
	for _, m := range w.Mutations {
		if m.Op != store.Delete {
			continue
		}
		if e := r.contract.Entity(m.Key.Entity); e != nil {
			if w.unstaged = e.Unstaged(); w.unstaged != "" {
				return
			}
		}
	}
	w.along = burden{fansOut: true}
}

// emptied takes along what refers to the records of a mark that are gone.
func emptied(ctx context.Context, authority store.Authority, f store.FanOut) error {
	if len(f.Gone) == 0 {
		return nil
	}
	return authority.Empty(ctx, f)
}
