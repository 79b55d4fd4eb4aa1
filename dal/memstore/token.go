package memstore

import (
	"context"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// A token is an idempotency token that was stored with a write, or kept for the
// authority.
type token struct {
	store.Token
	carried bool // in a store with a fence: the follower has it
}

// tokenOf returns the token if it is there and not out of date.
func (s *Store) tokenOf(text string) *token {
	t := s.tokens[text]
	if t == nil || s.now().Sub(t.Created) >= store.TokenLife {
		return nil
	}
	return t
}

// uncarried reports whether a token waits for the follower. Without capture
// nobody carries it; what was stored meanwhile waits from the moment capture
// begins.
func (s *Store) uncarried(t *token) bool {
	return !s.leased && s.control.record.Capture && !t.carried && s.tokenOf(t.Token.Token) != nil
}

// remember stores the token of a write that is being applied. nil where the
// write has none.
func (s *Store) remember(p *plan) *store.Token {
	if p.write.Token == "" {
		return nil
	}
	t := store.Token{Token: p.write.Token, Fingerprint: p.fingerprint, Assigned: p.assigned, Created: s.now()}
	s.tokens[t.Token] = &token{Token: t}
	return &t
}

// Keep stores tokens, each unless it is there.
func (s *Store) Keep(ctx context.Context, tokens []store.Token) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.over(ctx, "keep", ""); err != nil {
		return err
	}
	if r := s.control.record; !s.leased && r.State != store.GivenAway {
		return s.fail("keep", "", store.ErrWrongPhase, "the store is "+r.State.String())
	}
	for _, t := range tokens {
		if s.tokenOf(t.Token) == nil {
			// It came from the other store, so that one has it.
			s.tokens[t.Token] = &token{Token: t, carried: true}
		}
	}
	return nil
}

// repeated is the answer to a write whose token is there already. Ids that were
// assigned then are in it.
func (s *Store) repeated(w store.Write) (store.Written, error) {
	rows := make([]store.Row, len(w.Mutations))
	assigned := s.tokens[w.Token].Assigned
	for i, m := range w.Mutations {
		rows[i].Key = m.Key
		if !m.Key.IsZero() || len(assigned) == 0 || w.Decided {
			continue
		}
		rec := m.Record.Clone()
		rec.SetAt(rec.Entity().Sequence, transform.IntValue(assigned[0]))
		key, err := rec.Key()
		if err != nil {
			return store.Written{}, s.fail("create", rec.Entity().Name, store.ErrInvalid, "the token's ids are no keys")
		}
		rows[i].Key, assigned = key, assigned[1:]
	}
	return store.Written{Rows: rows, Repeated: true}, nil
}

// Token returns the token if it is there and still counts.
func (s *Store) Token(ctx context.Context, at store.At, text string) (*store.Token, error) {
	return read(s, ctx, at, "token", "", func() (*store.Token, error) {
		t := s.tokenOf(text)
		if t == nil {
			return nil, nil
		}
		copied := t.Token
		return &copied, nil
	})
}
