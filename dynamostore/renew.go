package dynamostore

import (
	"context"
	"errors"
	"maps"
	"strconv"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// How many keys Renew reads together, and how many items it writes at the same time.
const (
	renewTogether = maxGet
	renewsAtOnce  = 8
)

// Renew writes the copies in the items of these records anew. It reads the items, then the
// phase record, then the records that they refer to, and counts the edges of those that
// refer to them, each by consistent reads, and writes each item on condition that it still
// has the stamp that was read, or begins again with it, within Options.RetryBudget. Those
// that are frozen it writes once after each write of the record.
//
// It writes also where the copies are right already: the stamp that it leaves keeps out
// those that read before it, and would put back what was there when they read.
//
// It passes while the record says open or closed. It needs no transaction that looks at
// that: the item was read before, so that if the store has been given away since then, and
// a refresh has put the item, its stamp is another one; and while no refresh has, the item
// is as this store's own lead left it, and whatever makes its copies old in the other one
// has a refresh put it.
//
// Of a record that is not there, or can't be read, it writes nothing: whoever puts one there
// leaves a mark. A copy that can't be shown, being of a record that can't be read, say, is
// taken away, and so are all where the item has no room for them.
func (s *Store) Renew(ctx context.Context, keys []transform.Key) error {
	var list []*edit
	seen := map[transform.Key]bool{}
	for _, key := range keys {
		p, err := s.place(opRenew, key.Entity, store.NotApplied)
		if err != nil {
			return err
		}
		if seen[key] || len(p.copies) == 0 {
			continue
		}
		seen[key] = true
		e, err := s.newEdit(opRenew, p, key)
		if err != nil {
			return withOutcome(err, store.NotApplied)
		}
		list = append(list, &e)
	}
	for len(list) > 0 {
		n := min(len(list), renewTogether)
		if err := s.renew(ctx, list[:n]); err != nil {
			return err
		}
		list = list[n:]
	}
	return nil
}

const opRenew = "renew"

func (s *Store) renew(ctx context.Context, list []*edit) error {
	b := budget{total: s.opts.RetryBudget}
	for {
		left, err := s.renewOnce(ctx, list)
		if err != nil || len(left) == 0 {
			return err
		}
		if b.progress(); !b.wait(ctx) {
			p := left[0].place
			return &store.Error{Op: opRenew, Entity: p.entity.Name, Store: storeName, Kind: store.ErrConflict, Outcome: store.NotApplied,
				Detail: "the item changed during every attempt"}
		}
		list = left
	}
}

// renewOnce returns those that have changed meanwhile.
func (s *Store) renewOnce(ctx context.Context, list []*edit) ([]*edit, error) {
	items, _, err := s.lookUp(ctx, opRenew, list, false, "")
	if err != nil {
		return nil, withOutcome(err, store.NotApplied)
	}
	rec, err := s.readRecord(ctx, opRenew, store.NotApplied)
	if err != nil {
		return nil, err
	}
	if rec.State != store.Open && rec.State != store.Closed {
		return nil, s.wrongPhase(opRenew, "", store.NotApplied, "the store is not the authority")
	}
	var there []*edit
	for i, e := range list {
		if err := e.see(opRenew, e.row.Key, items[i]); err == nil && e.old.Live && e.unread == nil {
			there = append(there, e)
		}
	}
	of, err := s.sources(ctx, there)
	if err != nil {
		return nil, err
	}
	numbers, err := s.numbers(ctx, there)
	if err != nil {
		return nil, err
	}
	var (
		changed = make([]bool, len(there))
		errs    = make([]error, len(there))
		slots   = make(chan struct{}, renewsAtOnce)
		wg      sync.WaitGroup
	)
	for i, e := range there {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			stamp := newID(s.opts.Now())
			copies := of.copies(e)
			numbers.add(copies, e)
			if !roomFor(e.withoutCopies(stamp), copies) {
				stamp, copies = stamp+crowded, nil
			}
			changed[i], errs[i] = s.writeCopies(ctx, e, stamp, copies)
		})
	}
	wg.Wait()
	var left []*edit
	for i, e := range there {
		switch {
		case errs[i] != nil:
			return nil, errs[i]
		case changed[i]:
			left = append(left, e)
		}
	}
	return left, nil
}

// The shown are the records that copies are of: by their keys, nil for one that can't be
// read, the zero Record where there is none.
type shown map[transform.Key]*transform.Record

// sources reads the records that the edits' records have copies of.
func (s *Store) sources(ctx context.Context, list []*edit) (shown, error) {
	of := shown{}
	for {
		var keys []transform.Key
		for _, e := range list {
			for _, h := range e.place.entity.Copies() {
				if _, next, _ := h.Value(e.old.Record, of.find); !next.IsZero() {
					of[next] = nil // once
					keys = append(keys, next)
				}
			}
		}
		if len(keys) == 0 {
			return of, nil
		}
		rows, err := s.getMany(ctx, keys)
		if err != nil {
			return nil, withOutcome(err, store.NotApplied)
		}
		for i, row := range rows {
			switch {
			case row.Err != nil:
			case row.Live:
				of[keys[i]] = &row.Record
			default:
				of[keys[i]] = &transform.Record{}
			}
		}
	}
}

func (of shown) find(key transform.Key) (rec transform.Record, read bool) {
	r, read := of[key]
	if r != nil {
		rec = *r
	}
	return rec, read
}

// copies returns the copies that an edit's item is to have, without those that can't be
// shown.
func (of shown) copies(e *edit) item {
	entity := e.place.entity
	all := item{}
	for _, h := range entity.Copies() {
		name := entity.Attributes[h.CopyAttribute()].Name
		if h.Frozen() && !thaws(e.seen) {
			if v := e.seen[name]; v != nil {
				all[name] = v
			}
			continue
		}
		unread := false
		v, _, err := h.Value(e.old.Record, func(key transform.Key) (transform.Record, bool) {
			rec, read := of.find(key)
			unread = of[key] == nil
			return rec, read
		})
		if err != nil || unread {
			continue
		}
		if av, err := entity.Attribute(h.CopyAttribute(), v); err == nil && av != nil {
			all[name] = av
		}
	}
	return all
}

// The numbers are how many records refer to those of edits, for each number in an item.
type numbers map[*transform.Hydration]map[transform.Key]int64

// numbers counts what refers to the edits' records. They were read before: who changes a
// number after it was counted leaves a mark, and who carried that out before this one
// writes has given the item another stamp.
func (s *Store) numbers(ctx context.Context, list []*edit) (numbers, error) {
	all := numbers{}
	of := map[*transform.Hydration][]transform.Key{}
	for _, e := range list {
		for _, h := range e.place.entity.Copies() {
			if h.Counts() != nil {
				of[h] = append(of[h], e.row.Key)
			}
		}
	}
	for h, keys := range of {
		n, err := s.count(ctx, store.Count{By: h.Counts(), Keys: keys})
		if err != nil {
			return nil, withOutcome(err, store.NotApplied)
		}
		all[h] = map[transform.Key]int64{}
		for i, key := range keys {
			all[h][key] = n[i]
		}
	}
	return all, nil
}

// add adds the numbers that an edit's item is to have.
func (n numbers) add(copies item, e *edit) {
	entity := e.place.entity
	for _, h := range entity.Copies() {
		if h.Counts() == nil {
			continue
		}
		if av, err := entity.Attribute(h.CopyAttribute(), transform.IntValue(n[h][e.row.Key])); err == nil && av != nil {
			copies[entity.Attributes[h.CopyAttribute()].Name] = av
		}
	}
}

// withoutCopies returns the item that was seen, with no copies and another stamp.
func (e *edit) withoutCopies(stamp string) item {
	it := maps.Clone(e.seen)
	for _, name := range e.place.copies {
		delete(it, name)
	}
	it[attrStamp] = text(stamp)
	return it
}

// writeCopies writes the copies of an item, with a new stamp, and reports whether the item
// is another one than it was seen.
func (s *Store) writeCopies(ctx context.Context, e *edit, stamp string, copies item) (changed bool, err error) {
	p, key := e.place, e.key
	if p.moves() {
		key = e.at
	}
	c := p.isLive()
	c.values = item{}
	c = c.stamped(e.seen)
	if c.names["#e"] = attrEntity; owner(e.seen).IsZero() {
		c = c.and("attribute_not_exists(#e)")
	} else {
		c = c.and("#e = :e AND #k = :k")
		c.names["#k"], c.values[":e"], c.values[":k"] = attrKey, text(e.row.Key.Entity), keyID(e.row.Key)
	}
	set, remove := []string{"#s = :n"}, []string(nil)
	c.values[":n"] = text(stamp)
	for i, name := range p.copies {
		short := "c" + strconv.Itoa(i)
		c.names["#"+short] = name
		if v := copies[name]; v != nil {
			set = append(set, "#"+short+" = :"+short)
			c.values[":"+short] = v
		} else {
			remove = append(remove, "#"+short)
		}
	}
	change := "SET " + strings.Join(set, ", ")
	if len(remove) > 0 {
		change += " REMOVE " + strings.Join(remove, ", ")
	}
	var sent attempts
	err = s.patiently(ctx, func() error {
		_, err := s.client.UpdateItem(ctx, &dynamodb.UpdateItemInput{
			TableName: &p.table, Key: key, UpdateExpression: &change, ConditionExpression: aws.String(c.text),
			ExpressionAttributeNames: c.names, ExpressionAttributeValues: c.values,
		}, sent.watch)
		return err
	})
	var unmet *types.ConditionalCheckFailedException
	switch {
	case errors.As(err, &unmet):
		return true, nil // by itself, if the reply of a request before was lost, which does no harm
	case err != nil:
		return false, fail(opRenew, p.entity.Name, p.table, sent.outcome(err), err)
	}
	return false, nil
}
