package dynamostore

import (
	"context"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// maxLooks is how often an item that moves is looked for. Each look but the first
// takes another move of the record between two reads.
const maxLooks = 100

// A search is the reads that find the items of edits.
type search struct {
	s      *Store
	op     string
	list   []*edit
	items  []item // what was found for each, nil for nothing
	stands []item // of those that move, as they were read last
}

// lookUp reads the items of edits, and a token's, in one call where it can, or two
// where items move. It answers in the order of the edits; of a deleted record that
// had moved, with the stand as its tombstone.
func (s *Store) lookUp(ctx context.Context, op string, list []*edit, withToken bool, token string) ([]item, item, error) {
	f := &fetch{op: op, items: map[string]item{}}
	slots := make([]string, len(list))
	for i, e := range list {
		slots[i] = f.want(e.home, e.key)
	}
	tokenSlot := ""
	if withToken {
		tokenSlot = f.want(s.library, s.tokenKey(token))
	}
	if err := s.fetch(ctx, f); err != nil {
		return nil, nil, err
	}
	look := &search{s: s, op: op, list: list, items: make([]item, len(list))}
	var moving []int
	for i, e := range list {
		look.items[i] = f.items[slots[i]]
		if e.place.moves() {
			moving = append(moving, i)
		}
	}
	return look.items, f.items[tokenSlot], look.follow(ctx, moving)
}

// follow goes from the stands to the items. An item that is not there has moved
// meanwhile, unless the stand is still the same: then something else than the
// library has taken it away, and what is found is no record.
func (l *search) follow(ctx context.Context, left []int) error {
	if len(left) == 0 {
		return nil
	}
	l.stands = make([]item, len(l.list))
	for _, i := range left {
		l.stands[i], l.items[i] = l.items[i], asItem(l.items[i])
	}
	for look := 1; ; look++ {
		var err error
		if left, err = l.lookThere(ctx, left); err != nil || len(left) == 0 {
			return err
		}
		if look == maxLooks {
			e := l.list[left[0]]
			return &store.Error{Op: l.op, Entity: e.place.entity.Name, Store: storeName, Kind: store.ErrConflict,
				Detail: "the item moved during every look"}
		}
		if left, err = l.lookAgain(ctx, left); err != nil {
			return err
		}
	}
}

// lookThere reads the items where their stands say they are, and returns which it
// did not find. The version that counts is the item's own: it may be newer than the
// stand was when that was read.
func (l *search) lookThere(ctx context.Context, left []int) (missing []int, err error) {
	f := &fetch{op: l.op, items: map[string]item{}}
	slots := map[int]string{}
	for _, i := range left {
		if at := l.list[i].place.standsAt(l.stands[i]); at != nil {
			slots[i] = f.want(l.list[i].place, at)
		}
	}
	if err := l.s.fetch(ctx, f); err != nil {
		return nil, err
	}
	for _, i := range left {
		slot, has := slots[i]
		if it := f.items[slot]; has && owner(it) == l.list[i].row.Key {
			l.items[i] = it
		} else if has {
			missing = append(missing, i)
		}
	}
	return missing, nil
}

// lookAgain reads stands anew and returns which have changed.
func (l *search) lookAgain(ctx context.Context, left []int) (changed []int, err error) {
	f := &fetch{op: l.op, items: map[string]item{}}
	slots := make([]string, len(left))
	for n, i := range left {
		slots[n] = f.want(l.list[i].home, l.list[i].key)
	}
	if err := l.s.fetch(ctx, f); err != nil {
		return nil, err
	}
	for n, i := range left {
		before, now := l.stands[i], f.items[slots[n]]
		l.stands[i], l.items[i] = now, asItem(now)
		if len(now) == 0 || scalarText(before[attrVersion]) != scalarText(now[attrVersion]) {
			changed = append(changed, i)
		}
	}
	return changed, nil
}

// getMoving is get of an entity whose items move: a consistent read of the stand, and
// one of the item.
func (s *Store) getMoving(ctx context.Context, p *place, key transform.Key) (store.Row, error) {
	e, err := s.newEdit("get", p, key)
	if err != nil {
		return store.Row{}, err
	}
	items, _, err := s.lookUp(ctx, "get", []*edit{&e}, false, "")
	if err != nil {
		return store.Row{}, err
	}
	return p.row("get", key, items[0])
}
