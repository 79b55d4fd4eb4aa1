package dynamostore

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// maxGet is how many keys one BatchGetItem takes.
const maxGet = 100

// Get returns what is at the key by a consistent read. An item that something
// else than the library wrote is live at version 0; one of another key is
// ErrInvalid. Of an entity whose items move it reads the stand first, and then the
// item; an item without a stand is nobody's. ErrConflict says that the record moved
// during each of a hundred looks.
func (s *Store) Get(ctx context.Context, at store.At, key transform.Key) (store.Row, error) {
	return leased(s, at, "get", key.Entity, func() (store.Row, error) {
		row, err := s.get(ctx, key)
		return versioned(at, row), err
	})
}

func (s *Store) get(ctx context.Context, key transform.Key) (store.Row, error) {
	p, err := s.place("get", key.Entity, store.NoWrite)
	if err != nil {
		return store.Row{}, err
	}
	if p.moves() {
		return s.getMoving(ctx, p, key)
	}
	itemKey, err := p.keyOf("get", key)
	if err != nil {
		return store.Row{}, err
	}
	out, err := s.client.GetItem(ctx, &dynamodb.GetItemInput{
		TableName: &p.table, Key: itemKey, ConsistentRead: aws.Bool(true),
	})
	if err != nil {
		return store.Row{}, fail("get", p.entity.Name, p.table, store.NoWrite, err)
	}
	return p.row("get", key, out.Item)
}

// GetMany returns what is at each key, in the order of the keys, which may
// repeat, by consistent reads of up to 100 keys a call; where items move, of their
// stands and then of the items. The rows are not of one moment.
func (s *Store) GetMany(ctx context.Context, at store.At, keys []transform.Key) ([]store.Row, error) {
	return leased(s, at, "get many", "", func() ([]store.Row, error) {
		rows, err := s.getMany(ctx, keys)
		for i := range rows {
			rows[i] = versioned(at, rows[i])
		}
		return rows, err
	})
}

func (s *Store) getMany(ctx context.Context, keys []transform.Key) ([]store.Row, error) {
	const op = "get many"
	edits := make([]edit, len(keys))
	list := make([]*edit, len(keys))
	for i, key := range keys {
		p, err := s.place(op, key.Entity, store.NoWrite)
		if err != nil {
			return nil, err
		}
		if edits[i], err = s.newEdit(op, p, key); err != nil {
			return nil, err
		}
		list[i] = &edits[i]
	}
	items, _, err := s.lookUp(ctx, op, list, false, "")
	if err != nil {
		return nil, err
	}
	rows := make([]store.Row, len(keys))
	for i, key := range keys {
		row, err := s.places[key.Entity].row(op, key, items[i])
		if err != nil {
			row = store.Row{Key: key, Live: true, Err: err}
		}
		rows[i] = row
	}
	return rows, nil
}

// keyOf returns the item key of a key.
func (p *place) keyOf(op string, key transform.Key) (item, error) {
	k, err := p.entity.ItemKey(key)
	if err != nil {
		return nil, p.noKey(op, key, err)
	}
	return k, nil
}

func (p *place) noKey(op string, key transform.Key, err error) error {
	e := invalid(op, p.entity.Name, store.NoWrite, "%s is no key of table %s", key, p.table)
	e.Cause = err
	return e
}

// A fetch is a set of item keys, and the items that were found at them.
type fetch struct {
	op    string
	wants []want
	items map[string]item // by slot; a slot that was asked for and not found is nil
}

// A want is one item key still to be asked for.
type want struct {
	place *place
	key   item
}

// slot names the place of an item over all tables.
func (p *place) slot(it item) string { return p.table + "\x00" + p.keyText(it) }

// want adds an item key and returns its slot.
func (f *fetch) want(p *place, key item) string {
	slot := p.slot(key)
	if _, asked := f.items[slot]; !asked {
		f.items[slot] = nil
		f.wants = append(f.wants, want{p, key})
	}
	return slot
}

// fetch asks for all that is wanted, 100 keys a call. Keys that the service did
// not get to, since a reply ends at 16 MB or a partition is busy, go to the end
// of the queue. It pauses only after a call that brought nothing.
func (s *Store) fetch(ctx context.Context, f *fetch) error {
	b := budget{total: s.opts.RetryBudget}
	for len(f.wants) > 0 {
		n := min(len(f.wants), maxGet)
		chunk := f.wants[:n]
		left, err := s.fetchChunk(ctx, f, chunk)
		if err != nil && !throttled(err) {
			return err
		}
		if len(left) < n {
			b.progress()
		} else if !b.wait(ctx) {
			if err == nil {
				err = putOff(f.op, chunk[0].place)
			}
			return err
		}
		f.wants = append(f.wants[n:], left...)
	}
	return nil
}

// fetchChunk makes one call and returns what the service did not get to.
func (s *Store) fetchChunk(ctx context.Context, f *fetch, chunk []want) (left []want, err error) {
	in := map[string]types.KeysAndAttributes{}
	places := map[string]*place{}
	for _, w := range chunk {
		k := in[w.place.table]
		k.ConsistentRead = aws.Bool(true)
		k.Keys = append(k.Keys, w.key)
		in[w.place.table], places[w.place.table] = k, w.place
	}
	out, err := s.client.BatchGetItem(ctx, &dynamodb.BatchGetItemInput{RequestItems: in})
	if err != nil {
		p := chunk[0].place
		return chunk, fail(f.op, p.entity.Name, p.table, store.NoWrite, err)
	}
	for table, items := range out.Responses {
		for _, it := range items {
			f.items[places[table].slot(it)] = it
		}
	}
	for table, k := range out.UnprocessedKeys {
		for _, key := range k.Keys {
			left = append(left, want{places[table], key})
		}
	}
	return left, nil
}

// putOff is the error of a read that the service did not answer within the
// retry budget, without saying why.
func putOff(op string, p *place) error {
	return &store.Error{
		Op: op, Entity: p.entity.Name, Store: storeName, Kind: store.ErrThrottled,
		Detail: "table " + p.table + " left keys unprocessed until the retry budget was used up",
	}
}
