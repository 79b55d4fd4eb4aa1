package dynamostore

import (
	"hash/fnv"
	"maps"
	"net/url"
	"slices"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// An entity whose items move has keys that do not say where their items are: an
// e-mail that is the item's key, and changes. Each key of such an entity has a stand,
// an item of the library's table at a place that never changes. It says where the
// key's item is, or that the record is deleted, and at which version. One transaction
// moves a record: it advances the stand if that is as it was read, puts the new item
// unless another key's is there, and deletes the old one. So there is one item of a
// key at all times, and a late write of an older version finds another stand and
// lands nowhere. The stand of a deleted record stays: it is the tombstone.

// attrPlace is the attribute of a stand with the key attributes of the record's item.
const attrPlace = "at"

// standShards is in how many partitions the stands of an entity are kept. It can't be
// changed: a process with another number would look for them elsewhere.
const standShards = 64

// stand returns the key of a key's stand. Its sort key is hexadecimal, since an ID
// may be no text, and a hash where that would be longer than a sort key may be.
func (s *Store) stand(key transform.Key) item {
	id := letterID(key)
	h := fnv.New32a()
	_, _ = h.Write([]byte(id))
	return libraryKey(s.standShard(key.Entity, int(h.Sum32()%standShards)), id)
}

func (s *Store) standShard(entity string, n int) string {
	return s.partition(partStand, url.QueryEscape(entity), strconv.Itoa(n))
}

// newEdit returns an edit of the key's record. Its version is on the item itself,
// which the key tells, or on the stand.
func (s *Store) newEdit(op string, p *place, key transform.Key) (edit, error) {
	e := edit{place: p, home: p, row: store.Row{Key: key}}
	if p.moves() {
		if _, err := p.entity.KeyValues(key); err != nil {
			return e, p.noKey(op, key, err)
		}
		e.home, e.key = s.library, s.stand(key)
		return e, nil
	}
	var err error
	e.key, err = p.keyOf(op, key)
	return e, err
}

// moves reports whether the entity's items do.
func (p *place) moves() bool { return p.entity.Moves() }

// standItem returns the stand of a row whose item is it.
func (e *edit) standItem(it item, id string) item {
	stand := maps.Clone(e.key)
	for _, name := range []string{attrEntity, attrKey, attrVersion, attrTombstone, attrDeletedAt} {
		if v, ok := it[name]; ok {
			stand[name] = v
		}
	}
	stand[attrWrite] = text(id)
	if e.row.Live {
		stand[attrPlace] = &types.AttributeValueMemberM{Value: e.place.itemKey(it)}
	}
	return stand
}

// standsAt returns where a stand says that the record's item is, nil for a deleted
// one.
func (p *place) standsAt(stand item) item {
	at, _ := stand[attrPlace].(*types.AttributeValueMemberM)
	if at == nil || slices.ContainsFunc(p.keys, func(name string) bool { return at.Value[name] == nil }) {
		return nil
	}
	return at.Value
}

// asItem returns a stand as the item of its record: a tombstone. Of a record whose
// item is not where the stand says it is one that is not as the contract says.
func asItem(stand item) item {
	if len(stand) == 0 {
		return nil
	}
	it := item{}
	for _, name := range []string{attrEntity, attrKey, attrVersion, attrTombstone, attrDeletedAt, attrWrite, attrEmptied} {
		if v, ok := stand[name]; ok {
			it[name] = v
		}
	}
	return it
}

// whole reports whether an item has all attributes of the table's key.
func (p *place) whole(it item) bool {
	return !slices.ContainsFunc(p.keys, func(name string) bool { return it[name] == nil })
}

// land puts the items of edits of entities that move into the bundle, and takes
// away those that they leave. Two records can exchange their places in one
// transaction, which may touch an item once only.
func (b *bundle) land(edits []*edit, items []item, all bool) error {
	leaving, coming := map[string]*edit{}, map[string]*edit{}
	for _, e := range edits {
		if e.place.moves() && e.at != nil {
			leaving[e.place.slot(e.at)] = e
		}
	}
	for i, e := range edits {
		if !e.place.moves() || !e.row.Live {
			continue
		}
		slot := e.place.slot(items[i])
		switch other := coming[slot]; {
		case other != nil && b.hopeless():
			continue // which is told by the unique value
		case other != nil:
			return e.held(b.op, other.row.Key, store.NotApplied)
		}
		coming[slot] = e
		b.landings[b.put(e.place, items[i], e.place.vacant(all, e, leaving[slot]))] = e
	}
	for _, e := range edits {
		if !e.place.moves() || e.at == nil || coming[e.place.slot(e.at)] != nil {
			continue
		}
		b.departures[b.remove(e.place, e.at, e.place.vacant(false, e))] = e
	}
	return nil
}

// vacant is the condition that an item's place holds nothing, what a delete left, or
// an item of one of the edits' records. unsigned lets one pass too that something
// else than the library wrote: the follower takes its place, as it does elsewhere. An
// item whose copies are carried over has those that were seen.
func (p *place) vacant(unsigned bool, edits ...*edit) condition {
	c := p.absent()
	c.text += " OR #d = :d"
	c.names["#d"], c.names["#e"], c.names["#k"] = attrTombstone, attrEntity, attrKey
	c.values = item{":d": flag(true)}
	if unsigned {
		c.text += " OR attribute_not_exists(#e)"
	}
	for i, e := range edits {
		if e != nil && (i == 0 || e != edits[0]) {
			n := string(rune('0' + i))
			stamp := ""
			if e.carries {
				stamp = " AND " + c.stamp(e.seen, ":s"+n)
			}
			c.text += " OR (#e = :e" + n + " AND #k = :k" + n + stamp + ")"
			c.values[":e"+n], c.values[":k"+n] = text(e.row.Key.Entity), keyID(e.row.Key)
		}
	}
	return c
}

// mine is the condition that an item is of the edit's record.
func (e *edit) mine() condition {
	return condition{
		text: "#e = :e AND #k = :k", names: map[string]string{"#e": attrEntity, "#k": attrKey},
		values: item{":e": text(e.place.entity.Name), ":k": keyID(e.row.Key)},
	}
}

// held is the error of a record whose item's place is another one's.
func (e *edit) held(op string, holder transform.Key, outcome store.Outcome) *store.Error {
	entity := e.place.entity
	u := transform.Unique{}
	u.Columns, _ = entity.ItemKeyColumns()
	return &store.Error{
		Op: op, Entity: entity.Name, Store: storeName, Kind: store.ErrUnique, Outcome: outcome,
		Field: columnNames(entity, &u), Detail: "the key of its item is another record's", Holder: holder,
	}
}
