package dynamostore

import (
	"context"

	"github.com/crossfade-go/crossfade/dal/store"
)

// trust takes what the caller has read for what is there, where its version tells
// whether it still is: the look that a write begins with is then spared. A bare
// read has no versions, and an item that something else wrote has none.
func (st *step) trust(at store.At) {
	read := st.Expect
	switch {
	case read == nil || !at.Captured:
	case len(st.place.copies) > 0 && (st.Op == store.Update || st.Op == store.Put):
		// The copies that the item has are read with it, and no caller knows them.
	case read.Version > 0 && st.place.moves() && read.Live:
		// Where the item is only its record says, and that its key is its own.
		if it, err := st.place.entity.Item(read.Record); err == nil {
			st.known, st.old, st.seen, st.at = true, *read, item{attrVersion: versionValue(read.Version)}, st.place.itemKey(it)
		}
	case read.Version > 0:
		st.known, st.old, st.seen = true, *read, item{attrVersion: versionValue(read.Version)}
	case !read.Live && !read.Tombstone:
		st.known, st.old = true, *read
	}
}

// isExpected reports whether what is there, as far as anybody has looked, is what
// the caller has read. Another version of the same record is.
func (st *step) isExpected() bool {
	if st.Expect == nil || !st.known {
		return true
	}
	return st.unread == nil && st.old.Live == st.Expect.Live && (!st.old.Live || st.old.Record.Equal(st.Expect.Record))
}

// changed is the error of a write that was decided upon what is not there any
// more.
func (st *step) changed() error {
	return &store.Error{
		Op: st.Op.String(), Entity: st.place.entity.Name, Store: storeName, Kind: store.ErrChanged, Outcome: store.NotApplied,
	}
}

// expecting reports whether a step expects anything.
func (wr *writing) expecting() bool {
	for _, st := range wr.steps {
		if st.Expect != nil {
			return true
		}
	}
	return false
}

// changing returns the edits of the steps that are no Check.
func (wr *writing) changing() []*edit {
	var list []*edit
	for _, st := range wr.steps {
		if st.Op != store.Check {
			list = append(list, &st.edit)
		}
	}
	return list
}

// Token returns what is kept of an idempotency token, nil if there is none that
// still counts.
func (s *Store) Token(ctx context.Context, at store.At, token string) (*store.Token, error) {
	return leased(s, at, "token", "", func() (*store.Token, error) {
		it, err := s.libraryGet(ctx, "token", s.tokenKey(token))
		if err != nil {
			return nil, err
		}
		t, err := s.knownToken(it)
		return t, withOutcome(err, store.NoWrite)
	})
}
