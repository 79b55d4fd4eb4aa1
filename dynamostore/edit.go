package dynamostore

import (
	"fmt"
	"strings"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// An edit is what one transaction makes of one record.
type edit struct {
	place *place
	key   item // of the record's item
	// What was there when it was last looked at. Until known is true nobody has
	// looked; an edit may then only create.
	known  bool
	seen   item
	old    store.Row
	unread error // why seen can't be read as a record
	// What is to be there.
	row store.Row
	// floor is what a tombstone may have at most for an edit that nobody has
	// looked for: its version is then known without a look.
	floor store.Version
	// kept are unique values that old has, and whose guards are another key's.
	kept map[string]bool
}

// see takes what is at the edit's place. An item of another key, or one whose
// version can't be read, is an error: nothing may be put over it.
func (e *edit) see(op string, key transform.Key, it item) error {
	e.known, e.seen = true, it
	e.old, e.unread = e.place.row(op, key, it)
	if o := owner(it); !o.IsZero() && o != key {
		return withOutcome(e.unread, store.NotApplied)
	}
	if _, err := versionOf(it); err != nil {
		return withOutcome(e.unread, store.NotApplied)
	}
	if e.unread != nil {
		e.old.Live = true
	}
	return nil
}

// unchanged is the condition that what was seen is still there. A version is
// never given twice, so that it stands for all of the item.
func (e *edit) unchanged() condition {
	switch {
	case !e.known:
		c := e.place.absent()
		c.text += " OR (#d = :d AND #v <= :f)"
		c.names["#d"], c.names["#v"] = attrTombstone, attrVersion
		c.values = item{":d": flag(true), ":f": versionValue(e.floor)}
		return c
	case len(e.seen) == 0:
		return e.place.absent()
	case e.seen[attrVersion] == nil:
		return condition{
			text:  "attribute_exists(#pk) AND attribute_not_exists(#v)",
			names: map[string]string{"#pk": e.place.keys[0], "#v": attrVersion},
		}
	}
	return condition{
		text: "#v = :v", names: map[string]string{"#v": attrVersion}, values: item{":v": e.seen[attrVersion]},
	}
}

// A bundle is a transaction over records: their items, the guards of their
// unique values, and what a write leaves besides.
type bundle struct {
	*transaction
	edits  map[int]*edit // by the action that stores the item, or only looks at it
	guards map[int]*guard
	token  int // the action that stores the token, -1 if there is none
}

// newBundle puts the items of the edits and their guards into a transaction.
// all says to store the guards of unique values that did not change too, which
// mends one that is missing.
func (s *Store) newBundle(op, entity string, edits []*edit, all bool) (*bundle, error) {
	b := &bundle{
		transaction: s.newTransaction(op, entity),
		edits:       map[int]*edit{}, guards: map[int]*guard{}, token: -1,
	}
	for _, e := range edits {
		it, err := e.place.item(e.row, s.opts.Now().Unix())
		if err != nil {
			return nil, e.place.unfit(op, e.row, err)
		}
		it[attrWrite] = text(b.id)
		b.edits[b.put(e.place, it, e.unchanged())] = e
	}
	guards, err := s.guardsOf(op, edits, all)
	if err != nil {
		return nil, err
	}
	for _, g := range guards {
		b.guards[g.add(b.transaction)] = g
	}
	return b, nil
}

// fits returns an error if the service would refuse the transaction for what it
// holds in all. The count is named, since the caller has to make it smaller.
func (b *bundle) fits() error {
	switch {
	case len(b.actions) > maxActions:
		return b.tooLarge("takes %d actions of the %d that a DynamoDB transaction may have: %s",
			len(b.actions), maxActions, b.contents())
	case b.size > maxTransaction:
		return b.tooLarge("takes %d bytes of the %d that a DynamoDB transaction may have: %s", b.size, maxTransaction, b.contents())
	}
	return nil
}

func (b *bundle) tooLarge(format string, args ...any) error {
	e := invalid(b.op, b.entity, store.NotApplied, "the write "+format, args...)
	e.Kind = store.ErrTooLarge
	return e
}

// contents says what the actions are.
func (b *bundle) contents() string {
	rest := len(b.actions) - len(b.edits) - len(b.guards)
	parts := []string{fmt.Sprintf("records: %d", len(b.edits)), fmt.Sprintf("unique values: %d", len(b.guards))}
	if rest > 0 {
		parts = append(parts, fmt.Sprintf("token and change item: %d", rest))
	}
	return strings.Join(parts, ", ")
}

// settled reports whether a refused bundle, one of whose requests got no answer,
// will certainly not take effect later.
//
// The versions of a key never come back: if one of them is another one now, the
// condition can never be met again. Of a single put, which has no id that the
// service knows, it must be the very version that the put would have given; a
// higher one may have followed upon it.
func (b *bundle) settled(r *refusal) bool {
	if !r.unsure {
		return true
	}
	for i, it := range r.unmet {
		e := b.edits[i]
		if e == nil {
			continue
		}
		version, err := versionOf(it)
		if len(b.actions) > 1 || err == nil && version == e.row.Version {
			return true
		}
	}
	return false
}

// unsettled is the error of a refused bundle that may have taken effect before,
// or may yet.
func (b *bundle) unsettled(r *refusal) error {
	e := fail(b.op, b.entity, b.tables(), store.Unknown, r.err)
	e.Kind = store.ErrUnavailable
	e.Detail = "a request got no answer, and what is there now does not tell whether it took effect"
	return e
}

// learn takes what a refusal says is there.
func (b *bundle) learn(r *refusal) error {
	for i, it := range r.unmet {
		if e := b.edits[i]; e != nil {
			if err := e.see(b.op, e.row.Key, it); err != nil {
				return err
			}
		}
	}
	return nil
}

// stale reports whether a record was another one than it was seen.
func (b *bundle) stale(r *refusal) bool {
	for i := range r.unmet {
		if b.edits[i] != nil {
			return true
		}
	}
	return false
}
