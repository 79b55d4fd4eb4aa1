package store

import (
	"context"

	"github.com/crossfade-go/crossfade/transform"
)

// A Joining is a transaction that a service has begun by itself in a store with a
// fence, for dal's Join to take part in. The store makes one of whatever its
// driver calls a transaction. It is for one goroutine.
type Joining interface {
	// Contract is that of the store.
	Contract() *transform.Contract
	// Record checks the fence within the transaction and holds it until the end.
	// Under capture it then gives each key its next version and makes it dirty, in
	// the order of the keys, and returns them in that order. Without keys, and
	// without capture, it checks the fence only. It may be called again, with the
	// same At, for other keys.
	//
	// Any error has rolled the transaction back: it must not commit without the
	// change records. ErrWrongPhase says that the fence refused.
	Record(ctx context.Context, at At, keys []transform.Key) ([]KeyVersion, error)
	// Rows returns what the transaction, if it committed now, would leave at each of the
	// keys, in their order, without versions; a row that can't be represented has its
	// Err. The keys were given to Record before. It is for a look directly before
	// Commit, and returns its errors: a transaction in which what Record wrote is not
	// there any more is refused here already. Any error has rolled the transaction back.
	Rows(ctx context.Context, keys []transform.Key) ([]Row, error)
	// Commit commits, or rolls back and returns an error whose Outcome says
	// whether the transaction may be there all the same. It refuses a transaction
	// in which what Record wrote is not there any more.
	Commit(ctx context.Context) error
	// Rollback ends the transaction unless it is over.
	Rollback() error
}
