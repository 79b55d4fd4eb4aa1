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
	// home is where the item is that has the version, and key its key: the record's
	// own, or, of an entity whose items move, the stand.
	home *place
	key  item
	at   item // where the item that moves was seen, nil if it was nowhere
	lost bool // what was seen is out of date, and a refusal did not tell all of it
	// What was there when it was last looked at. Until known is true nobody has
	// looked; an edit may then only create.
	known  bool
	seen   item
	old    store.Row
	unread error // why seen can't be read as a record
	// What is to be there.
	row store.Row
	// turn is the place of its mutation in a write. What is put together has one turn.
	turn int
	// floor is what a tombstone may have at most for an edit that nobody has
	// looked for: its version is then known without a look.
	floor store.Version
	// kept are unique values that old has, and whose guards are another key's.
	kept map[string]bool
	// marked is the mark that must be where the version is, "" for none. unmarked says
	// that there must be none.
	marked   string
	unmarked bool
	// carries says that the item keeps the copies that the one that was seen has.
	carries bool
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
	e.lost, e.at = false, nil
	if e.place.moves() && e.place.whole(it) {
		e.at = e.place.itemKey(it)
	}
	return nil
}

// unchanged is the condition that what was seen is still there. A version is
// never given twice, so that it stands for all of the item but its copies.
func (e *edit) unchanged() condition {
	c := e.asSeen()
	switch {
	case e.marked != "":
		return c.marked(e.marked)
	case e.unmarked:
		return c.unmarked()
	}
	return c
}

func (e *edit) asSeen() condition {
	switch {
	case !e.known:
		c := e.home.absent()
		c.text += " OR (#d = :d AND #v <= :f)"
		c.names["#d"], c.names["#v"] = attrTombstone, attrVersion
		c.values = item{":d": flag(true), ":f": versionValue(e.floor)}
		if e.place.emptied {
			c = c.and("attribute_not_exists(#g)")
			c.names["#g"] = attrEmptied
		}
		return c
	case len(e.seen) == 0:
		return e.home.absent()
	case e.seen[attrVersion] == nil:
		return condition{
			text:  "attribute_exists(#pk) AND attribute_not_exists(#v)",
			names: map[string]string{"#pk": e.home.keys[0], "#v": attrVersion},
		}
	}
	return condition{
		text: "#v = :v", names: map[string]string{"#v": attrVersion}, values: item{":v": e.seen[attrVersion]},
	}
}

// A bundle is a transaction over records: their items, the stands of those that
// move, the guards of their unique values, the edges of their references, and what a
// write leaves besides.
type bundle struct {
	*transaction
	edits  map[int]*edit // by the action that stores the version, or only looks at it
	guards map[int]*guard
	needs  map[int]store.Need // by the action that looks at the target
	edges  int                // how many actions are about edges
	token  int                // the action that stores the token, -1 if there is none
	// fansOut says that there is a fan-out mark.
	fansOut bool
	// Of records that move, by the action that puts the item, or takes it away.
	landings   map[int]*edit
	departures map[int]*edit
}

// newBundle puts the items of the edits, their guards and edges into a transaction.
// all says to store the guards of unique values and the edges that did not change
// too, which mends one that is missing.
func (s *Store) newBundle(op, entity string, edits []*edit, all bool) (*bundle, error) {
	b := &bundle{
		transaction: s.newTransaction(op, entity),
		edits:       map[int]*edit{}, guards: map[int]*guard{}, needs: map[int]store.Need{}, token: -1,
		landings: map[int]*edit{}, departures: map[int]*edit{},
	}
	items := make([]item, len(edits))
	for i, e := range edits {
		it, err := e.place.item(e.row, s.opts.Now().Unix())
		if err != nil {
			return nil, e.place.unfit(op, e.row, err)
		}
		it[attrWrite] = text(b.id)
		e.keepCopies(it, b.id, all)
		items[i] = it
		c := e.unchanged()
		switch {
		case e.place.moves():
			it = e.standItem(it, b.id) // the stamp is on the item itself, see land
		case e.carries:
			c = c.stamped(e.seen)
		}
		b.edits[b.put(e.home, it, c)] = e
	}
	guards, err := s.guardsOf(op, edits, all)
	if err != nil {
		return nil, err
	}
	for _, g := range guards {
		b.guards[g.add(b.transaction)] = g
	}
	before := len(b.actions)
	for _, e := range edits {
		s.addEdges(b.transaction, e, all)
	}
	b.edges = len(b.actions) - before
	return b, b.land(edits, items, all)
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
	moving, references := len(b.landings)+len(b.departures), b.edges+len(b.needs)
	rest := len(b.actions) - len(b.edits) - len(b.guards) - moving - references
	parts := []string{fmt.Sprintf("records: %d", len(b.edits)), fmt.Sprintf("unique values: %d", len(b.guards))}
	if moving > 0 {
		parts = append(parts, fmt.Sprintf("items that are put or left: %d", moving))
	}
	if references > 0 {
		parts = append(parts, fmt.Sprintf("references: %d", references))
	}
	if b.fansOut {
		rest--
		parts = append(parts, "mark of copies: 1")
	}
	if rest > 0 {
		parts = append(parts, fmt.Sprintf("token and change item: %d", rest))
	}
	return strings.Join(parts, ", ")
}

// settled reports whether a refused bundle, one of whose requests got no answer,
// will certainly not take effect later, if it ever could.
//
// The versions of a key never come back: if one of them is another one now, the
// condition can never be met again. Of a single put, which has no id that the
// service knows, it must be the very version that the put would have given; a
// higher one may have followed upon it.
func (b *bundle) settled(r *refusal) bool {
	if !r.unsure || b.hopeless() {
		return true
	}
	for i, it := range r.unmet {
		if b.restamped(i, it) != nil {
			return true // neither do stamps
		}
		e := b.edits[i]
		if e == nil || e.unmarked && markOf(it) != "" || emptiedBy(it) != "" {
			continue // a mark goes again
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
		if e := b.departures[i]; e != nil {
			e.lose()
		}
		if e := b.restamped(i, it); e != nil && b.landings[i] != nil {
			e.lose()
		}
		if e := b.edits[i]; e != nil {
			if err := e.meet(b.op, it); err != nil {
				return err
			}
		}
	}
	return nil
}

// meet takes what a refusal says is where the edit's version is.
func (e *edit) meet(op string, it item) error {
	switch {
	case !e.place.moves():
		return e.see(op, e.row.Key, it)
	case e.place.standsAt(it) != nil:
		e.lose() // the stand does not say what the record is
		return nil
	}
	return e.see(op, e.row.Key, asItem(it))
}

// lose forgets what was seen.
func (e *edit) lose() { e.known, e.lost = false, true }

// stale reports whether a record was another one than it was seen.
func (b *bundle) stale(r *refusal) bool {
	for i, it := range r.unmet {
		if b.edits[i] != nil || b.departures[i] != nil || b.restamped(i, it) != nil {
			return true
		}
	}
	return false
}
