package dal

import (
	"context"
	"errors"

	"github.com/crossfade-go/crossfade/dal/store"
)

// WithCopies returns rows of a store as a follower whose items have copies (see
// store.Reader.KeepsCopies) is to be given them: with what the records that they refer to
// have now, read from the same store. Rows without a record, and those of entities that
// have no copies, are as they were. It is read after the rows, which is the safe order:
// where a record that they refer to changes later, a fan-out mark says so. A copy that
// can't be shown is the row's Err.
func WithCopies(ctx context.Context, from store.Reader, rows ...store.Row) ([]store.Row, error) {
	return nil, errors.New("not built")
}

// CarryOut carries out a fan-out mark that was read from the authority: everything that
// refers to its sources is renewed, page by page, then its own keys, and the mark is cleaned
// last. Where it has got is noted after each page, so that whoever carries it out next goes
// on there.
func CarryOut(ctx context.Context, authority store.Authority, f store.FanOut) error {
	return errors.New("not built")
}
