package dynamostore

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// A fan-out mark is an item that a write leaves in its own transaction, in partitions of
// its own: the change items are cleaned as soon as the other store has what they tell of,
// and of a bare write there are none, while copies are to be renewed all the same. There is
// one for each write, which never changes but for how far it has been carried out.

// The attributes of a mark, beside when it was made (changeCreated).
const (
	fanOutSources = "sources" // L of M: keys
	fanOutOwn     = "own"     // L of M: keys
	fanOutGone    = "gone"    // L of M: keys
	fanOutReached = "reached" // S
)

func (s *Store) fanOutShard(n int) string { return s.partition(partFanOut, strconv.Itoa(n)) }

// newMark returns the reference of a mark of the write with the id.
func newMark(id string) string { return fmt.Sprintf("%d#%s", rand.IntN(shards), id) }

// fanOutItem returns a mark.
func (s *Store) fanOutItem(f store.FanOut) (item, error) {
	it, err := s.fanOutKey("write", f)
	if err != nil {
		return nil, err
	}
	for name, keys := range map[string][]transform.Key{fanOutSources: f.Sources, fanOutOwn: f.Own, fanOutGone: f.Gone} {
		if len(keys) == 0 {
			continue
		}
		list := make([]types.AttributeValue, len(keys))
		for i, key := range keys {
			list[i] = &types.AttributeValueMemberM{Value: item{attrEntity: text(key.Entity), attrKey: keyID(key)}}
		}
		it[name] = &types.AttributeValueMemberL{Value: list}
	}
	it[changeCreated] = moment(s.opts.Now())
	return it, nil
}

// fanOutOf reads a mark.
func (s *Store) fanOutOf(shard int, it item) (store.FanOut, error) {
	r := reading{item: it}
	f := store.FanOut{
		Ref: fmt.Sprintf("%d#%s", shard, r.text(librarySK)), Reached: r.text(fanOutReached),
		Age: int64(s.since(r.moment(changeCreated))),
	}
	for name, keys := range map[string]*[]transform.Key{fanOutSources: &f.Sources, fanOutOwn: &f.Own, fanOutGone: &f.Gone} {
		for _, v := range r.list(name) {
			m, _ := v.(*types.AttributeValueMemberM)
			if m == nil || owner(m.Value).IsZero() {
				return f, errors.New("a key is not whole")
			}
			*keys = append(*keys, owner(m.Value))
		}
	}
	return f, r.err
}

// FanOuts returns the next fan-out marks of a shard, by a consistent read. They come in the
// order of their writers' clocks, so that one may turn up before those of the page before:
// a pass that begins anew finds it.
func (s *Store) FanOuts(ctx context.Context, r store.DirtyRange) (store.FanOutPage, error) {
	var page store.FanOutPage
	switch {
	case r.Shard < 0 || r.Shard >= shards || r.Limit < 1:
		return page, invalid("fan-outs", "", store.NoWrite, "shard %d, limit %d: there are %d shards, and a limit is at least 1",
			r.Shard, r.Limit, shards)
	case !s.fansOut:
		return page, nil // nobody leaves one
	}
	last := ""
	for it, err := range s.libraryAll(ctx, "fan-outs", libraryQuery{partition: s.fanOutShard(r.Shard), after: r.After, limit: r.Limit}) {
		if err != nil {
			return store.FanOutPage{}, err
		}
		f, err := s.fanOutOf(r.Shard, it)
		if err != nil {
			return store.FanOutPage{}, s.broken("fan-outs", "fan-out mark", err)
		}
		page.Marks = append(page.Marks, f)
		last = scalarText(it[librarySK])
	}
	if len(page.Marks) == r.Limit {
		page.Next = last
	}
	return page, nil
}

// marksOf returns the mark with the reference, and those that were left by who carried it
// out: they have its reference and more.
func (s *Store) marksOf(ctx context.Context, op, ref string) iter.Seq2[store.FanOut, error] {
	return func(yield func(store.FanOut, error) bool) {
		shard, id, err := readRef(op, ref)
		if err != nil {
			yield(store.FanOut{}, err)
			return
		}
		for it, err := range s.libraryAll(ctx, op, libraryQuery{partition: s.fanOutShard(shard), prefix: id}) {
			var f store.FanOut
			if err == nil {
				if f, err = s.fanOutOf(shard, it); err != nil {
					err = s.broken(op, "fan-out mark", err)
				}
			}
			if !yield(f, err) || err != nil {
				return
			}
		}
	}
}

// readRef returns the shard and the sort key of a mark with the reference.
func readRef(op, ref string) (shard int, id string, err error) {
	n, id, ok := strings.Cut(ref, "#")
	shard, err = strconv.Atoi(n)
	if !ok || err != nil || shard < 0 || shard >= shards || id == "" {
		return 0, "", invalid(op, "", store.NotApplied, "the mark names no item")
	}
	return shard, id, nil
}

// fanOutKey returns the key of a mark's item.
func (s *Store) fanOutKey(op string, f store.FanOut) (item, error) {
	shard, id, err := readRef(op, f.Ref)
	if err != nil {
		return nil, err
	}
	return libraryKey(s.fanOutShard(shard), id), nil
}

// Reach notes how far a mark has been carried out, if it is there still.
func (s *Store) Reach(ctx context.Context, f store.FanOut, reached string) error {
	key, err := s.fanOutKey("reach", f)
	if err != nil {
		return err
	}
	_, _, err = s.libraryUpdate(ctx, "reach", &dynamodb.UpdateItemInput{
		Key: key, UpdateExpression: aws.String("SET #r = :r"), ConditionExpression: aws.String("attribute_exists(#p)"),
		ExpressionAttributeNames:  map[string]string{"#r": fanOutReached, "#p": libraryPK},
		ExpressionAttributeValues: item{":r": text(reached)},
	})
	return err
}

// CleanFanOut removes a mark. What it says never changes, so there is nothing to compare:
// a write that came meanwhile has a mark of its own.
func (s *Store) CleanFanOut(ctx context.Context, f store.FanOut) error {
	key, err := s.fanOutKey("clean fan-out", f)
	if err != nil {
		return err
	}
	return s.libraryDelete(ctx, "clean fan-out", key)
}

// Dependents returns the keys of the next records that refer to a key, by a consistent
// query of its edges, in the order of these. An edge is put and deleted with its record's
// item; of one that was left behind Renew finds no record.
func (s *Store) Dependents(ctx context.Context, r store.DependentsRange) (store.DependentsPage, error) {
	var page store.DependentsPage
	of := r.By.Of().Name
	if _, err := s.place("dependents", of, store.NoWrite); err != nil {
		return page, err
	}
	if r.Limit < 1 || r.To.Entity != r.By.Target {
		return page, invalid("dependents", of, store.NoWrite, "a limit of %d, to a record of %s: at least 1, of %s, are needed",
			r.Limit, r.To.Entity, r.By.Target)
	}
	read, last := 0, ""
	q := libraryQuery{partition: s.edgePartition(r.By, r.To), after: r.After, limit: r.Limit, only: []string{librarySK, attrEntity, attrKey}}
	for it, err := range s.libraryAll(ctx, "dependents", q) {
		if err != nil {
			return store.DependentsPage{}, err
		}
		if key := owner(it); key.Entity == of {
			page.Keys = append(page.Keys, key)
		}
		read++
		last = scalarText(it[librarySK])
	}
	if read == r.Limit {
		page.Next = last
	}
	return page, nil
}
