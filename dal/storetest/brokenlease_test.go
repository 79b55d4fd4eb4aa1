package storetest

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// everLeased returns at with a lease that is good for its epoch.
func everLeased(at store.At) store.At {
	at.Lease = &store.Lease{}
	at.Lease.Extend(at.Epoch, time.Now(), time.Hour)
	return at
}

func errUnleased() error {
	return &store.Error{Op: "write", Kind: store.ErrWrongPhase, Outcome: store.NotApplied}
}

var lateWriteCases = slices.Concat(both(ruleLease, "that ends before the reply to a write"),
	cases(ruleLease, "that ends before the reply to a write that fails"))

var leaseFaults = []fault{
	{name: "writes need no lease", leased: true,
		breaks: append(cases(ruleLease, "without one", "that has run out", "that ends in Modify"), lateWriteCases...),
		in: func(b *broken) {
			b.write = func(ctx context.Context, at store.At, w store.Write) (store.Written, error) {
				return b.Store.Write(ctx, everLeased(at), w)
			}
		}},
	{name: "a lease is looked at before a write only", leased: true,
		breaks: append(cases(ruleLease, "that ends in Modify"), lateWriteCases...),
		in: func(b *broken) {
			b.write = func(ctx context.Context, at store.At, w store.Write) (store.Written, error) {
				if !at.Lease.Valid(at.Epoch) {
					return store.Written{}, errUnleased()
				}
				return b.Store.Write(ctx, everLeased(at), w)
			}
		}},
	{name: "a lease is looked at after a write only", leased: true, breaks: both(ruleLease, "that ends before the reply to a write"),
		in: func(b *broken) {
			b.write = func(ctx context.Context, at store.At, w store.Write) (store.Written, error) {
				done, err := b.Store.Write(ctx, everLeased(at), w)
				if !at.Lease.Valid(at.Epoch) {
					return store.Written{}, errUnleased()
				}
				return done, err
			}
		}},
	{name: "a late write is said not to be there", leased: true, breaks: both(ruleLease, "that ends before the reply to a write"),
		in: func(b *broken) {
			b.write = b.answer(func(_ context.Context, _ store.Write, done store.Written, err error) (store.Written, error) {
				if err != nil && store.OutcomeOf(err) == store.Unknown {
					err = errUnleased()
				}
				return done, err
			})
		}},
	{name: "nobody waits for a lease to come back", leased: true, breaks: cases(ruleLease, "that comes back after the reply to a write"),
		in: func(b *broken) {
			b.write = func(ctx context.Context, at store.At, w store.Write) (store.Written, error) {
				at.Lease.Wait = 0
				return b.Store.Write(ctx, at, w)
			}
		}},
	{name: "a write leaves no token", leased: true, breaks: cases(ruleLease, "retried with the token"),
		in: retoken(func(*broken, store.At, store.Write) string { return "" })},
	{name: "reads need no lease", leased: true,
		breaks: cases(ruleLease, "without one", "that has run out", "that ends before the reply to a read"),
		in: func(b *broken) {
			b.query = func(ctx context.Context, at store.At, q store.Query) ([]store.Row, error) {
				return b.Store.Query(ctx, everLeased(at), q)
			}
		}},
	{name: "a lease is looked at before a read only", leased: true, breaks: cases(ruleLease, "that ends before the reply to a read"),
		in: func(b *broken) {
			b.get = func(ctx context.Context, at store.At, key transform.Key) (store.Row, error) {
				if at.Epoch != 0 && !at.Lease.Valid(at.Epoch) {
					return store.Row{}, errUnleased()
				}
				return b.Store.Get(ctx, everLeased(at), key)
			}
		}},
	{name: "the relay's reads need a lease", leased: true, breaks: cases(ruleLease, "without one"),
		in: func(b *broken) {
			b.get = func(ctx context.Context, at store.At, key transform.Key) (store.Row, error) {
				if at.Lease == nil {
					return store.Row{}, errUnleased()
				}
				return b.Store.Get(ctx, at, key)
			}
		}},
	{name: "unfit values are taken", leased: true, breaks: cases(ruleFit, "bare", "captured"), in: pretend(store.ErrInvalid)},
}

var grantFaults = []fault{
	{name: "a grant that the mark refuses is no error", leased: true, breaks: cases(ruleGrant, "where the mark is not open"),
		in: func(b *broken) {
			b.grant = func(ctx context.Context, process string, epoch uint64, d time.Duration) error {
				if err := b.Store.Grant(ctx, process, epoch, d); !errors.Is(err, store.ErrWrongPhase) {
					return err
				}
				return nil
			}
		}},
	{name: "a grant is for whatever epoch", leased: true, breaks: cases(ruleGrant, "for another epoch"),
		in: func(b *broken) {
			b.grant = func(ctx context.Context, process string, _ uint64, d time.Duration) error {
				return b.Store.Grant(ctx, process, b.now(ctx).Epoch, d)
			}
		}},
	{name: "a lease that must have run out is not listed", leased: true, breaks: cases(ruleGrant, "listed until it is given back"),
		in: func(b *broken) {
			b.granted = func(ctx context.Context) ([]store.GrantedLease, error) {
				all, err := b.Store.Granted(ctx)
				return slices.DeleteFunc(all, func(l store.GrantedLease) bool { return l.Length < time.Second }), err
			}
		}},
	{name: "a lease is given back by who was granted it last", leased: true, breaks: cases(ruleGrant, "listed until it is given back"),
		in: func(b *broken) {
			b.giveBack = func(ctx context.Context, process string) error {
				if b.handle == 1 {
					return nil
				}
				return b.Store.GiveBack(ctx, process)
			}
		}},
	{name: "a renewal does not show", leased: true, breaks: cases(ruleGrant, "renewed"),
		in: func(b *broken) {
			b.granted = func(ctx context.Context) ([]store.GrantedLease, error) {
				all, err := b.Store.Granted(ctx)
				for i := range all {
					all[i].Grants = 1
				}
				return all, err
			}
		}},
	{name: "a renewed lease is forgotten", leased: true, breaks: cases(ruleGrant, "forgotten when it was waited out"),
		in: func(b *broken) {
			b.forgets = func(ctx context.Context, l store.GrantedLease) error { return b.Store.GiveBack(ctx, l.Process) }
		}},
}

var carryFaults = []fault{
	{name: "Dirty tells of no token", breaks: cases(ruleCarry, "with the write's changes"), in: tellsNoToken},
	{name: "Dirty tells of no token, under leases", breaks: cases(ruleCarry, "with the write's changes"), leased: true, in: tellsNoToken},
	{name: "a write tells of no token", breaks: cases(ruleCarry, "with the write's changes"), leased: true,
		in: func(b *broken) {
			b.write = b.answer(func(_ context.Context, _ store.Write, done store.Written, err error) (store.Written, error) {
				for i := range done.Changes {
					done.Changes[i].Token = nil
				}
				return done, err
			})
		}},
	{name: "a Clean of keys cleans tokens", breaks: cases(ruleCarry, "until it is cleaned"),
		in: func(b *broken) {
			b.clean = func(ctx context.Context, c store.Change) error {
				page, _ := b.Store.Dirty(ctx, store.DirtyRange{Limit: 1000})
				for _, other := range page.Changes {
					if other.Token != nil {
						b.Store.Clean(ctx, other)
					}
				}
				return b.Store.Clean(ctx, c)
			}
		}},
	{name: "a token is carried for ever", breaks: cases(ruleCarry, "until it is cleaned"),
		in: func(b *broken) {
			b.clean = func(ctx context.Context, c store.Change) error {
				c.Token = nil
				return b.Store.Clean(ctx, c)
			}
		}},
	{name: "a bare write's token is not carried", breaks: cases(ruleCarry, "of a bare write, once capture begins"), in: tellsNoTokenAlone},
	{name: "a bare write's token is not carried, under leases", leased: true,
		breaks: cases(ruleCarry, "of a bare write, once capture begins"), in: tellsNoTokenAlone},
	{name: "a stray keeps its token", breaks: cases(ruleCarry, "of a stray, which can be used again"), leased: true,
		in: func(b *broken) {
			b.disown = func(ctx context.Context, c store.Change) error { return b.Store.Clean(ctx, c) }
		}},
	{name: "no token is kept",
		breaks: cases(ruleKeep, "once the store is the authority", "for another write", "with the ids that were assigned", "that is there stays", "over one that has expired"),
		in:     func(b *broken) { b.keep = func(context.Context, []store.Token) error { return nil } }},
	{name: "a token is kept without its ids", breaks: cases(ruleKeep, "with the ids that were assigned", "over one that has expired"), leased: true,
		in: func(b *broken) {
			b.keep = func(ctx context.Context, tokens []store.Token) error {
				tokens = slices.Clone(tokens)
				for i := range tokens {
					tokens[i].Assigned = nil
				}
				return b.Store.Keep(ctx, tokens)
			}
		}},
	{name: "the token that came last is kept", breaks: cases(ruleKeep, "that is there stays", "over one that has expired"), in: keepsLast},
	{name: "a token that has expired keeps its place", breaks: cases(ruleKeep, "over one that has expired"), in: keepsFirst},
}

func tellsNoToken(b *broken) {
	b.dirty = func(ctx context.Context, r store.DirtyRange) (store.DirtyPage, error) {
		page, err := b.Store.Dirty(ctx, r)
		for i := range page.Changes {
			page.Changes[i].Token = nil
		}
		return page, err
	}
}

// tellsNoTokenAlone passes over the changes that hold nothing else.
func tellsNoTokenAlone(b *broken) {
	b.dirty = func(ctx context.Context, r store.DirtyRange) (store.DirtyPage, error) {
		page, err := b.Store.Dirty(ctx, r)
		page.Changes = slices.DeleteFunc(page.Changes, func(c store.Change) bool { return len(c.Keys) == 0 })
		return page, err
	}
}

// keepsLast hands its tokens to the store when the mark changes.
func keepsLast(b *broken) {
	kept := map[string]store.Token{}
	b.keep = func(_ context.Context, tokens []store.Token) error {
		for _, t := range tokens {
			kept[t.Token] = t
		}
		return nil
	}
	b.advance = func(ctx context.Context, from, to store.PhaseRecord, a store.AuditEntry) error {
		for _, t := range kept {
			b.Store.Keep(ctx, []store.Token{t})
		}
		return b.Store.Advance(ctx, from, to, a)
	}
}

// keepsFirst keeps no token that it was ever given before.
func keepsFirst(b *broken) {
	kept := map[string]bool{}
	b.keep = func(ctx context.Context, tokens []store.Token) error {
		fresh := slices.DeleteFunc(slices.Clone(tokens), func(t store.Token) bool { return kept[t.Token] })
		for _, t := range tokens {
			kept[t.Token] = true
		}
		return b.Store.Keep(ctx, fresh)
	}
}

// eachUnique changes what is unique in every entity.
func eachUnique(change func([]transform.Unique) []transform.Unique) func(*transform.Contract) {
	return func(c *transform.Contract) {
		for _, e := range c.Entities {
			e.Unique = change(slices.Clone(e.Unique))
		}
	}
}

var notUnique = eachUnique(func([]transform.Unique) []transform.Unique { return nil })
