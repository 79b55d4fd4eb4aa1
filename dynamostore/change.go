package dynamostore

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/crossfade-go/crossfade/dal/store"
)

// shards is in how many partitions the change items are kept. It can't be
// changed: a process with another number would overlook some.
const shards = 16

// The attributes of a change item.
const (
	changeKeys    = "keys"    // L of M: the keys with their versions
	changeToken   = "with"    // M: the token of the write
	changeCreated = "created" // N: Unix nanoseconds by the writer's clock
)

// Shards is in how many parts the change items are kept: 16.
func (s *Store) Shards() int { return shards }

func (s *Store) shard(n int) string { return s.partition(partChange, strconv.Itoa(n)) }

// changeItem returns a change item and what is known of it without reading it.
// One without keys is of a bare write: it holds the token alone, for the case
// that capture begins, and goes away with it by itself if it does not.
func (s *Store) changeItem(id string, keys []store.KeyVersion, token *store.Token) (item, store.Change) {
	shard := rand.IntN(shards)
	it := libraryKey(s.shard(shard), id)
	list := make([]types.AttributeValue, len(keys))
	for i, k := range keys {
		list[i] = &types.AttributeValueMemberM{Value: item{
			attrEntity: text(k.Key.Entity), attrKey: keyID(k.Key), attrVersion: versionValue(k.Version),
		}}
	}
	it[changeKeys] = &types.AttributeValueMemberL{Value: list}
	it[changeCreated] = moment(s.opts.Now())
	if token != nil {
		it[changeToken] = &types.AttributeValueMemberM{Value: tokenAttributes(*token)}
		if len(keys) == 0 {
			it[libraryTTL] = tokenEnd(*token)
		}
	}
	return it, store.Change{Ref: fmt.Sprintf("%d#%s", shard, id), Keys: keys, Token: token}
}

// changeOf reads a change item.
func (s *Store) changeOf(shard int, it item) (store.Change, error) {
	r := reading{item: it}
	c := store.Change{Ref: fmt.Sprintf("%d#%s", shard, r.text(librarySK)), Age: int64(s.since(r.moment(changeCreated)))}
	for _, v := range r.list(changeKeys) {
		m, _ := v.(*types.AttributeValueMemberM)
		if m == nil {
			return c, errors.New("a key is no map")
		}
		key := owner(m.Value)
		version, err := versionOf(m.Value)
		if err != nil || key.IsZero() {
			return c, errors.New("a key is not whole")
		}
		c.Keys = append(c.Keys, store.KeyVersion{Key: key, Version: version})
	}
	if with := r.object(changeToken); with != nil {
		token, err := readToken(with)
		if err != nil {
			return c, err
		}
		c.Token = &token
	}
	return c, r.err
}

// waits reports whether a change item is to be brought to the follower. A token
// alone is not once it has expired: the service deletes its item some time later,
// if nobody has carried it.
func (s *Store) waits(it item) bool {
	r := reading{item: it}
	return it[libraryTTL] == nil || !r.moment(changeCreated).Before(s.expired())
}

// since is how long ago something was by the clocks of two processes: for
// people, and never negative.
func (s *Store) since(t time.Time) time.Duration {
	if t.IsZero() {
		return 0
	}
	return max(0, s.opts.Now().Sub(t))
}

// Dirty returns the next change items of a shard, by a consistent read. They
// come in the order of their writers' clocks, so that one may turn up before
// those of the page before: a pass that begins anew finds it.
func (s *Store) Dirty(ctx context.Context, r store.DirtyRange) (store.DirtyPage, error) {
	if r.Shard < 0 || r.Shard >= shards || r.Limit < 1 {
		return store.DirtyPage{}, invalid("dirty", "", store.NoWrite, "shard %d, limit %d: there are %d shards, and a limit is at least 1",
			r.Shard, r.Limit, shards)
	}
	var page store.DirtyPage
	q := libraryQuery{partition: s.shard(r.Shard), after: r.After, limit: r.Limit}
	read, last := 0, ""
	for it, err := range s.libraryAll(ctx, "dirty", q) {
		if err != nil {
			return store.DirtyPage{}, err
		}
		c, err := s.changeOf(r.Shard, it)
		if err != nil {
			return store.DirtyPage{}, s.broken("dirty", "change item", err)
		}
		if s.waits(it) {
			page.Changes = append(page.Changes, c)
		}
		read++
		_, last, _ = strings.Cut(c.Ref, "#")
	}
	if read == r.Limit {
		page.Next = last
	}
	return page, nil
}

// changeKey returns the key of a change's item.
func (s *Store) changeKey(op string, c store.Change) (item, error) {
	shard, id, ok := strings.Cut(c.Ref, "#")
	n, err := strconv.Atoi(shard)
	if !ok || err != nil || n < 0 || n >= shards || id == "" {
		return nil, invalid(op, "", store.NotApplied, "the change names no change item")
	}
	return libraryKey(s.shard(n), id), nil
}

// Clean removes a change item. It never changes, so there is nothing to compare:
// a write that came meanwhile has an item of its own.
func (s *Store) Clean(ctx context.Context, c store.Change) error {
	key, err := s.changeKey("clean", c)
	if err != nil {
		return err
	}
	return s.libraryDelete(ctx, "clean", key)
}

// Disown removes a change item together with the token that its write left,
// unless another write has that token by now.
func (s *Store) Disown(ctx context.Context, c store.Change) error {
	key, err := s.changeKey("disown", c)
	if err != nil {
		return err
	}
	if c.Token == nil {
		return s.libraryDelete(ctx, "disown", key)
	}
	t := s.newTransaction("disown", "")
	t.remove(s.library, key, condition{})
	t.remove(s.library, s.tokenKey(c.Token.Token), condition{
		text:   "attribute_not_exists(#p) OR (#of = :of AND #c = :c)",
		names:  map[string]string{"#p": libraryPK, "#of": tokenOf, "#c": tokenCreated},
		values: item{":of": binary(c.Token.Fingerprint[:]), ":c": moment(c.Token.Created)},
	})
	err = s.transactPatiently(ctx, t)
	var refused *refusal
	if errors.As(err, &refused) {
		return s.libraryDelete(ctx, "disown", key)
	}
	return err
}

// Backlog counts the change items of all shards, whatever they hold, and the fan-out
// marks, by consistent reads at several moments: DynamoDB has no snapshot over more.
// Oldest is by the clocks of two processes.
func (s *Store) Backlog(ctx context.Context) (store.Backlog, error) {
	var (
		wg    sync.WaitGroup
		parts [shards]store.Backlog
		errs  [shards]error
	)
	for n := range shards {
		wg.Go(func() { parts[n], errs[n] = s.shardBacklog(ctx, n) })
	}
	wg.Wait()
	var all store.Backlog
	for n := range shards {
		if errs[n] != nil {
			return store.Backlog{}, errs[n]
		}
		all.Dirty += parts[n].Dirty
		all.FanOuts += parts[n].FanOuts
		all.Oldest = max(all.Oldest, parts[n].Oldest)
	}
	return all, nil
}

func (s *Store) shardBacklog(ctx context.Context, shard int) (store.Backlog, error) {
	var b store.Backlog
	q := libraryQuery{partition: s.shard(shard), only: []string{changeCreated, libraryTTL}}
	for it, err := range s.libraryAll(ctx, "backlog", q) {
		if err != nil {
			return b, err
		}
		r := reading{item: it}
		created := r.moment(changeCreated)
		if r.err != nil {
			return b, s.broken("backlog", "change item", r.err)
		}
		if s.waits(it) {
			b.Dirty++
			b.Oldest = max(b.Oldest, s.since(created))
		}
	}
	if !s.fansOut {
		return b, nil
	}
	var err error
	b.FanOuts, err = s.libraryCount(ctx, "backlog", libraryQuery{partition: s.fanOutShard(shard)})
	return b, err
}

// keyVersions returns what a change says of rows.
func keyVersions(edits []*edit) []store.KeyVersion {
	keys := make([]store.KeyVersion, len(edits))
	for i, e := range edits {
		keys[i] = store.KeyVersion{Key: e.row.Key, Version: e.row.Version}
	}
	return keys
}
