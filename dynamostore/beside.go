package dynamostore

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// A companion is an item of the library's table that belongs beside a record: the
// guard of a unique value, or the edge of a reference.
type companion struct {
	key    item
	record transform.Key
	kind   string
	field  string
}

// The kinds of a companion.
const (
	kindGuard = "guard"
	kindEdge  = "edge"
)

// companions returns what belongs beside a row.
func (s *Store) companions(e *transform.Entity, row store.Row) []companion {
	var list []companion
	for i, slot := range s.values(e, row) {
		if slot != "" {
			list = append(list, companion{libraryKey(slot, alone), row.Key, kindGuard, columnNames(e, &e.Unique[i])})
		}
	}
	for i, edge := range s.edgesAt(e, row) {
		if edge.key != nil {
			list = append(list, companion{edge.key, row.Key, kindEdge, e.References[i].Field()})
		}
	}
	return list
}

// item returns the companion as the table has it. It says by which write it came.
func (c companion) item(write string) item {
	it := libraryKey(scalarText(c.key[libraryPK]), scalarText(c.key[librarySK]))
	it[attrEntity], it[attrKey], it[attrWrite] = text(c.record.Entity), keyID(c.record), text(write)
	return it
}

// fault says what is wrong where a companion should be, of what is there.
func (c companion) fault(there item) (store.Fault, bool) {
	f := store.Fault{Key: c.record, Kind: c.kind, Field: c.field, Wrong: store.Missing}
	if there != nil {
		f.Wrong = store.Anothers
	}
	return f, there == nil || owner(there) != c.record
}

// LookBeside looks at the guards and edges of rows, by consistent reads of up to 100
// items a call. What a transaction puts it puts with the record's next version: if
// the record is at the same version before and after, what was read in between was
// to be as the record says.
func (s *Store) LookBeside(ctx context.Context, rows []store.Row) ([]store.Fault, []transform.Key, error) {
	const op = "look beside"
	var all []companion
	versions := map[transform.Key]store.Version{}
	f := &fetch{op: op, items: map[string]item{}}
	for _, row := range rows {
		if p := s.places[row.Key.Entity]; p != nil && row.Live && row.Err == nil {
			versions[row.Key] = row.Version
			all = append(all, s.companions(p.entity, row)...)
		}
	}
	for _, c := range all {
		f.want(s.library, c.key)
	}
	if err := s.fetch(ctx, f); err != nil {
		return nil, nil, err
	}
	var faults []store.Fault
	var suspects []transform.Key
	for _, c := range all {
		fault, is := c.fault(f.items[s.library.slot(c.key)])
		if !is {
			continue
		}
		faults = append(faults, fault)
		if !slices.Contains(suspects, c.record) {
			suspects = append(suspects, c.record)
		}
	}
	changed, err := s.changedSince(ctx, suspects, versions)
	if err != nil {
		return nil, nil, err
	}
	suspects = slices.DeleteFunc(suspects, func(key transform.Key) bool { return !changed[key] })
	return slices.DeleteFunc(faults, func(f store.Fault) bool { return changed[f.Key] }), suspects, nil
}

// changedSince returns which of the keys have other versions now.
func (s *Store) changedSince(ctx context.Context, keys []transform.Key, versions map[transform.Key]store.Version) (map[transform.Key]bool, error) {
	now, err := s.getMany(ctx, keys)
	changed := map[transform.Key]bool{}
	for _, row := range now {
		changed[row.Key] = !row.Live || row.Version != versions[row.Key]
	}
	return changed, err
}

// LeftBeside looks for guards and edges that no record has, in one scan of the
// library's table, which a pass reads as a whole.
func (s *Store) LeftBeside(ctx context.Context, after string, limit int) (store.FaultPage, error) {
	const op = "left beside"
	start, err := s.library.position(after)
	if err != nil {
		return store.FaultPage{}, err
	}
	if limit < 1 {
		return store.FaultPage{}, invalid(op, "", store.NoWrite, "the limit is %d, at least 1 is needed", limit)
	}
	in := &dynamodb.ScanInput{
		TableName: &s.library.table, ConsistentRead: aws.Bool(true), Limit: limit32(limit), ExclusiveStartKey: start,
		FilterExpression:          aws.String("begins_with(#p, :u) OR begins_with(#p, :e)"),
		ExpressionAttributeNames:  map[string]string{"#p": libraryPK},
		ExpressionAttributeValues: item{":u": text(s.partition(partUnique, "")), ":e": text(s.partition(partEdge, ""))},
	}
	var out *dynamodb.ScanOutput
	err = s.patiently(ctx, func() (err error) {
		out, err = s.client.Scan(ctx, in)
		return err
	})
	if err != nil {
		return store.FaultPage{}, fail(op, "", s.library.table, store.NoWrite, err)
	}
	var page store.FaultPage
	if page.Faults, err = s.left(ctx, out.Items); err != nil || len(out.LastEvaluatedKey) == 0 {
		return page, err
	}
	page.Next, err = encodePosition(out.LastEvaluatedKey)
	return page, err
}

// left returns those of the items that belong to no record.
func (s *Store) left(ctx context.Context, items []item) ([]store.Fault, error) {
	suspects, before, err := s.unowned(ctx, items)
	if err != nil || len(suspects) == 0 {
		return nil, err
	}
	// Once more: the record may have changed between the two reads.
	f := &fetch{op: "left beside", items: map[string]item{}}
	for _, it := range suspects {
		f.want(s.library, s.library.itemKey(it))
	}
	if err := s.fetch(ctx, f); err != nil {
		return nil, err
	}
	var still []item
	for _, it := range suspects {
		if now := f.items[s.library.slot(it)]; now != nil && owner(now) == owner(it) {
			still = append(still, now)
		}
	}
	suspects, after, err := s.unowned(ctx, still)
	if err != nil {
		return nil, err
	}
	var faults []store.Fault
	for _, it := range suspects {
		key := owner(it)
		if before[key] != after[key] {
			continue // a write was at it, and a transaction leaves nothing
		}
		fault, err := s.leftFault(it)
		if err != nil {
			return nil, err
		}
		faults = append(faults, fault)
	}
	return faults, nil
}

// unowned returns those of the items whose record does not have them, and the
// versions of the records. Items of entities that the contract does not know are left
// out: they stand in nobody's way.
func (s *Store) unowned(ctx context.Context, items []item) ([]item, map[transform.Key]store.Version, error) {
	type belonging struct {
		record transform.Key
		slot   string
	}
	versions, have := map[transform.Key]store.Version{}, map[belonging]bool{}
	var keys []transform.Key
	for _, it := range items {
		key := owner(it)
		_, asked := versions[key]
		if p := s.places[key.Entity]; p != nil && !asked {
			versions[key] = 0
			if _, err := s.newEdit("left beside", p, key); err == nil { // else no record can have the key
				keys = append(keys, key)
			}
		}
	}
	rows, err := s.getMany(ctx, keys)
	if err != nil {
		return nil, nil, err
	}
	unread := map[transform.Key]bool{}
	for _, row := range rows {
		versions[row.Key], unread[row.Key] = row.Version, row.Err != nil
		for _, c := range s.companions(s.places[row.Key.Entity].entity, row) {
			have[belonging{c.record, s.library.slot(c.key)}] = true
		}
	}
	var list []item
	for _, it := range items {
		// What belongs to a record that can't be read nobody can tell.
		if key := owner(it); s.places[key.Entity] != nil && !unread[key] && !have[belonging{key, s.library.slot(it)}] {
			list = append(list, it)
		}
	}
	return list, versions, nil
}

// leftFault names an item that belongs to no record, by its partition.
func (s *Store) leftFault(it item) (store.Fault, error) {
	f := store.Fault{Key: owner(it), Kind: kindGuard, Wrong: store.LeftOver}
	partition := scalarText(it[libraryPK])
	entity := s.places[f.Key.Entity].entity
	if rest, is := strings.CutPrefix(partition, s.partition(partUnique, "")); is {
		_, rest, _ = strings.Cut(rest, "#")
		f.Field = unescaped(rest)
		for i := range entity.Unique {
			if entity.Unique[i].Name == f.Field {
				f.Field = columnNames(entity, &entity.Unique[i])
			}
		}
	} else {
		names := strings.SplitN(strings.TrimPrefix(partition, s.partition(partEdge, "")), "#", 4)
		f.Kind = kindEdge
		if len(names) > 2 {
			f.Field = unescaped(names[2])
		}
	}
	var err error
	f.Ref, err = encodePosition(s.library.itemKey(it))
	return f, err
}

// unescaped returns the name that a part of a partition key begins with.
func unescaped(part string) string {
	part, _, _ = strings.Cut(part, "#")
	if name, err := url.QueryUnescape(part); err == nil {
		return name
	}
	return part
}

// MendBeside mends what is beside a record by a transaction that looks at the record's
// version: a write that comes first makes it begin again.
func (s *Store) MendBeside(ctx context.Context, f store.Fault) (bool, error) {
	b := budget{total: s.opts.RetryBudget}
	for {
		mended, err := s.mendOnce(ctx, f, &b)
		var r *refusal
		if !errors.As(err, &r) {
			return mended, err
		}
		if it, named := r.unmet[0]; f.Wrong == store.LeftOver && named && owner(it) != f.Key {
			return true, nil // it is somebody's by now
		}
		if b.progress(); !b.wait(ctx) {
			return false, fail(opMend, f.Key.Entity, s.library.table, store.NotApplied, r.err)
		}
	}
}

const opMend = "mend beside"

// mendOnce returns a *refusal if something has changed meanwhile.
func (s *Store) mendOnce(ctx context.Context, f store.Fault, b *budget) (bool, error) {
	m := &mending{s: s, ctx: ctx, seen: map[transform.Key]*edit{}, t: s.newTransaction(opMend, f.Key.Entity)}
	record, err := m.look(f.Key)
	if err != nil {
		return false, err
	}
	mended := true
	if f.Wrong == store.LeftOver {
		err = m.takeAway(f, record)
	} else {
		mended, err = m.replace(record)
	}
	if err != nil || len(m.t.actions) == 0 {
		return mended, err
	}
	for _, e := range m.seen {
		m.t.check(e.home, e.key, e.unchanged())
	}
	return mended, m.t.transact(ctx, b)
}

// A mending is one attempt of MendBeside: a transaction, and the records whose
// versions it looks at.
type mending struct {
	s    *Store
	ctx  context.Context
	t    *transaction
	seen map[transform.Key]*edit
}

// look reads a record, once. It returns nil for a key that none can have.
func (m *mending) look(key transform.Key) (*edit, error) {
	if e := m.seen[key]; e != nil {
		return e, nil
	}
	p, err := m.s.place(opMend, key.Entity, store.NotApplied)
	if err != nil {
		return nil, err
	}
	e, err := m.s.newEdit(opMend, p, key)
	if err != nil {
		return nil, nil
	}
	items, _, err := m.s.lookUp(m.ctx, opMend, []*edit{&e}, false, "")
	if err != nil {
		return nil, withOutcome(err, store.NotApplied)
	}
	if err := e.see(opMend, key, items[0]); err != nil {
		return nil, err
	}
	if e.unread != nil {
		return nil, withOutcome(e.unread, store.NotApplied)
	}
	m.seen[key] = &e
	return &e, nil
}

// has reports whether a record has the companion at a slot.
func (m *mending) has(e *edit, slot string) bool {
	if e == nil {
		return false
	}
	for _, c := range m.s.companions(e.place.entity, e.old) {
		if m.s.library.slot(c.key) == slot {
			return true
		}
	}
	return false
}

// takeAway removes what is left, if it still names the record, and the record does
// not have it.
func (m *mending) takeAway(f store.Fault, record *edit) error {
	key, err := m.s.library.position(f.Ref)
	if err != nil || key == nil {
		return invalid(opMend, f.Key.Entity, store.NotApplied, "the fault names no item")
	}
	if !m.has(record, m.s.library.slot(key)) {
		m.t.remove(m.s.library, key, m.s.library.absentOr(f.Key))
	}
	return nil
}

// replace puts what is missing beside a record, and takes what is another's unless
// that one has it too.
func (m *mending) replace(record *edit) (bool, error) {
	if record == nil {
		return true, nil
	}
	list := m.s.companions(record.place.entity, record.old)
	f := &fetch{op: opMend, items: map[string]item{}}
	for _, c := range list {
		f.want(m.s.library, c.key)
	}
	if err := m.s.fetch(m.ctx, f); err != nil {
		return false, withOutcome(err, store.NotApplied)
	}
	mended := true
	for _, c := range list {
		slot := m.s.library.slot(c.key)
		there := f.items[slot]
		if _, wrong := c.fault(there); !wrong {
			continue
		}
		holder := owner(there)
		if m.s.places[holder.Entity] != nil {
			other, err := m.look(holder)
			if err != nil {
				return false, err
			}
			if m.has(other, slot) {
				mended = false
				continue
			}
		}
		m.t.put(m.s.library, c.item(m.t.id), m.s.library.absentOr(holder))
	}
	return mended, nil
}

// absentOr is the condition that an item of the library's table is not there, or
// names a record; the zero Key is for one that names none.
func (p *place) absentOr(key transform.Key) condition {
	c := p.absent()
	c.names["#e"] = attrEntity
	if key.IsZero() {
		c.text += " OR attribute_not_exists(#e)"
		return c
	}
	c.names["#k"] = attrKey
	c.text += " OR (#e = :e AND #k = :k)"
	c.values = item{":e": text(key.Entity), ":k": keyID(key)}
	return c
}

// takeAwayLeft removes a guard whose holder does not have its value. It returns false if
// the holder does, or can't be read.
func (s *Store) takeAwayLeft(ctx context.Context, key item, holder transform.Key, b *budget) (bool, error) {
	ref, err := encodePosition(key)
	if err != nil || s.places[holder.Entity] == nil {
		return false, err
	}
	m := &mending{s: s, ctx: ctx, seen: map[transform.Key]*edit{}, t: s.newTransaction(opMend, holder.Entity)}
	record, err := m.look(holder)
	if err != nil || m.has(record, s.library.slot(key)) {
		return false, nil // the collision is the error then
	}
	_, err = s.mendOnce(ctx, store.Fault{Key: holder, Wrong: store.LeftOver, Ref: ref}, b)
	var r *refusal
	if errors.As(err, &r) {
		return true, nil // something has changed, so that the put may begin again
	}
	return err == nil, err
}
