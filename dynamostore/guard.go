package dynamostore

import (
	"crypto/sha256"
	"encoding/hex"
	"math"
	"net/url"
	"slices"
	"strings"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// A guard is the item that says which key holds a unique value. It is put and
// deleted in the transaction of the item that has the value, so that MySQL's
// unique indexes hold in DynamoDB, and MySQL can always follow.
type guard struct {
	s      *Store
	key    item
	slot   string // the partition key, which names it
	entity string
	unique *transform.Unique
	fields string
	take   *edit // who is to hold it
	drop   *edit // who gives it up
	// twice is the next one of a write who is to hold it, which can't be.
	twice *edit
	index int // of the unique among the entity's
}

// maxPlainValue is up to how many bytes a unique value stands in its guard's key
// as it is; a longer one is hashed. A partition key may have 2048 bytes.
const maxPlainValue = 1024

// guardName returns the partition key of a unique value's guard.
func (s *Store) guardName(entity string, u *transform.Unique, value string) string {
	return s.partition(partUnique, url.QueryEscape(entity), url.QueryEscape(u.Name), plainOr(maxPlainValue, value))
}

// digest returns a hash that no two texts have in common.
func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// values returns the guards' names of what a row holds, by unique; "" where it
// holds nothing that is guarded.
func (s *Store) values(e *transform.Entity, row store.Row) []string {
	names := make([]string, len(e.Unique))
	if !row.Live || row.Record.IsZero() {
		return names
	}
	for i := range e.Unique {
		if value, guarded := e.Unique[i].Text(row.Record); guarded {
			names[i] = s.guardName(e.Name, &e.Unique[i], value)
		}
	}
	return names
}

// guardsOf returns which guards change hands by the edits, each once: a value can
// pass from one key to another in a transaction, which may touch an item once only.
// Edits of one turn can exchange values; those of a write take what is free when
// their turn comes. all says that the edits are of no write: that two of them want one
// value is then an error at once.
func (s *Store) guardsOf(op string, edits []*edit, all bool) ([]*guard, error) {
	var list []*guard
	bySlot := map[string]*guard{}
	at := func(e *edit, i int, slot string) *guard {
		g := bySlot[slot]
		if g == nil {
			u := &e.place.entity.Unique[i]
			g = &guard{
				s: s, key: libraryKey(slot, alone), slot: slot, entity: e.place.entity.Name,
				unique: u, fields: columnNames(e.place.entity, u), index: i,
			}
			bySlot[slot] = g
			list = append(list, g)
		}
		return g
	}
	for _, e := range edits {
		old, now := s.values(e.place.entity, e.old), s.values(e.place.entity, e.row)
		for i := range now {
			if old[i] == now[i] && !all {
				continue
			}
			if old[i] != "" && old[i] != now[i] && !e.kept[old[i]] {
				at(e, i, old[i]).drop = e
			}
			if now[i] == "" {
				continue
			}
			g := at(e, i, now[i])
			switch {
			case g.take == nil:
				g.take = e
			case all:
				return nil, g.taken(op, g.take.row.Key, store.NotApplied)
			case g.twice == nil:
				g.twice = e
			}
		}
	}
	return list, nil
}

// columnNames returns the unique's columns for an error.
func columnNames(e *transform.Entity, u *transform.Unique) string {
	names := make([]string, len(u.Columns))
	for i, c := range u.Columns {
		names[i] = e.Columns[c].Name
	}
	return strings.Join(names, ",")
}

// add adds the guard's action to a transaction: it passes if the guard is not
// there, or of a key that takes part and does not come too late to give it up. It
// never passes if two of a write are to hold it: what is to be told then is the first
// thing that is wrong with the records as they are in the moment of the transaction.
func (g *guard) add(t *transaction) int {
	c := t.s.library.absent()
	if g.twice != nil {
		c.text += " AND attribute_exists(#pk)"
		return t.put(t.s.library, g.item(t), c)
	}
	c.values = item{}
	c.names["#e"], c.names["#k"] = attrEntity, attrKey
	c.values[":e"] = text(g.entity)
	for i, e := range []*edit{g.take, g.drop} {
		if e != nil && (i == 0 || e != g.take && !g.tooEarly()) {
			name := ":k" + string(rune('0'+i))
			c.text += " OR (#e = :e AND #k = " + name + ")"
			c.values[name] = keyID(e.row.Key)
		}
	}
	if g.take == nil {
		return t.remove(t.s.library, g.key, c)
	}
	return t.put(t.s.library, g.item(t), c)
}

// item returns the guard as who is to hold it.
func (g *guard) item(t *transaction) item {
	it := libraryKey(g.slot, alone)
	it[attrEntity], it[attrKey], it[attrWrite] = text(g.entity), keyID(g.take.row.Key), text(t.id)
	return it
}

// taken is the error of a unique value that another key holds.
func (g *guard) taken(op string, holder transform.Key, outcome store.Outcome) *store.Error {
	return &store.Error{
		Op: op, Entity: g.entity, Store: storeName, Kind: store.ErrUnique, Outcome: outcome,
		Field: g.fields, Detail: "index " + g.unique.Name, Holder: holder,
	}
}

// hopeless reports whether two records are to hold a unique value. The bundle is then
// sent for what is told of it, and never takes effect.
func (b *bundle) hopeless() bool {
	for _, g := range b.guards {
		if g.twice != nil {
			return true
		}
	}
	return false
}

// tooEarly reports whether the value is to be taken before its holder gives it up.
// MySQL, which looks at each statement as it runs, refuses that.
func (g *guard) tooEarly() bool { return g.take != nil && g.drop != nil && g.take.turn < g.drop.turn }

// refused returns the error of the guard, which was it when it was to be taken, and
// whose turn that was.
func (g *guard) refused(b *bundle, r *refusal, it item) (*store.Error, int) {
	holder, turn := owner(it), g.take.turn
	free := holder.IsZero() || holder == g.take.row.Key || g.drop != nil && holder == g.drop.row.Key && !g.tooEarly()
	if g.twice != nil && free {
		holder, turn = g.take.row.Key, g.twice.turn
	}
	return g.taken(b.op, holder, b.outcomeOf(r)), turn
}

// collide looks at the guards and the places that were another key's. A guard that
// was only to be deleted is left to its holder; of what was to be taken it returns
// the error that comes first in the order of the mutations, and of one mutation that
// of a unique value, which MySQL has too.
func (b *bundle) collide(r *refusal) error {
	var taken *store.Error
	first := [2]int{} // the turn, and the place of the unique
	meet := func(e *store.Error, turn, index int) {
		at := [2]int{turn, index}
		if taken == nil || slices.Compare(at[:], first[:]) < 0 {
			taken, first = e, at
		}
	}
	for i, it := range r.unmet {
		if e := b.landings[i]; e != nil {
			meet(e.held(b.op, owner(it), b.outcomeOf(r)), e.turn, math.MaxInt)
		}
		g := b.guards[i]
		switch {
		case g == nil:
		case g.take != nil:
			e, turn := g.refused(b, r, it)
			meet(e, turn, g.index)
		default:
			if g.drop.kept == nil {
				g.drop.kept = map[string]bool{}
			}
			g.drop.kept[g.slot] = true
		}
	}
	if taken == nil {
		return nil
	}
	return taken
}

// outcomeOf says what became of a bundle that was refused.
func (b *bundle) outcomeOf(r *refusal) store.Outcome {
	if b.settled(r) {
		return store.NotApplied
	}
	return store.Unknown
}
