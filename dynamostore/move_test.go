package dynamostore

import (
	"context"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/dal/storetest"
	"github.com/crossfade-go/crossfade/dynamostore/dynamotest"
	"github.com/crossfade-go/crossfade/transform"
)

// A porch is a desk with members, whose items move.
type porch struct {
	*desk
	members, letters *transform.Entity
}

func newPorch(t *testing.T) *porch {
	srv := dynamotest.Start(t)
	d := newDeskOf(t, NewClient(srv.Config(), &ClientOptions{AttemptTimeout: time.Minute}), storetest.PlaceContract(t))
	d.srv = srv
	return &porch{d, d.contract.Entity("Members"), d.contract.Entity("LETTER")}
}

func (p *porch) member(id, email string, changes ...string) transform.Record {
	return p.record(p.members, append([]string{"member_id", id, "email", email}, changes...)...)
}

func (p *porch) letter(id, folder string) transform.Record {
	return p.record(p.letters, "letter_id", id, "folder", folder)
}

// itemAt reads what is at a place of the entity's table.
func (p *porch) itemAt(rec transform.Record) item {
	p.Helper()
	place := p.places[rec.Entity().Name]
	it, err := rec.Entity().Item(rec)
	require.NoError(p, err)
	out, err := p.client.GetItem(p.ctx, &dynamodb.GetItemInput{TableName: &place.table, Key: place.itemKey(it), ConsistentRead: aws.Bool(true)})
	require.NoError(p, err)
	return out.Item
}

func (p *porch) takeAway(rec transform.Record) {
	p.Helper()
	place := p.places[rec.Entity().Name]
	it, err := rec.Entity().Item(rec)
	require.NoError(p, err)
	_, err = p.client.DeleteItem(p.ctx, &dynamodb.DeleteItemInput{TableName: &place.table, Key: place.itemKey(it)})
	require.NoError(p, err)
}

// TestMoveIsOneTransaction: a read of the stand, one of the item, and one
// transaction; what the caller has read with its version is not read again.
func TestMoveIsOneTransaction(t *testing.T) {
	p := newPorch(t)
	p.requests()
	p.write(p.create(p.letter("1", "a")))
	require.Equal(t, map[string]int{"TransactWriteItems": 1}, p.requests())
	p.write(p.update(p.letter("1", "a"), "folder", "b"))
	require.Equal(t, map[string]int{"BatchGetItem": 2, "TransactWriteItems": 1}, p.requests())
	require.Empty(t, p.itemAt(p.letter("1", "a")))
	require.NotEmpty(t, p.itemAt(p.letter("1", "b")))
	p.requests()
	row, err := p.Get(p.ctx, p.at, p.keyOf(p.letter("1", "b")))
	require.NoError(t, err)
	require.Equal(t, map[string]int{"BatchGetItem": 2}, p.requests())
	m := p.update(p.letter("1", "b"), "folder", "c")
	m.Expect = &row
	p.write(m)
	require.Equal(t, map[string]int{"TransactWriteItems": 1}, p.requests())
	require.Empty(t, p.itemAt(p.letter("1", "b")))
	p.requests()
	p.write(p.remove(p.letter("1", "c")))
	require.Equal(t, map[string]int{"BatchGetItem": 2, "TransactWriteItems": 1}, p.requests())
	require.Empty(t, p.itemAt(p.letter("1", "c")))
	p.requests()
	_, err = p.Get(p.ctx, p.at, p.keyOf(p.letter("1", "b")))
	require.NoError(t, err)
	require.Equal(t, map[string]int{"BatchGetItem": 1}, p.requests(), "the stand is the tombstone")
}

// TestManyThatMoveAreReadByTwoCalls, and by no more when some are not there.
func TestManyThatMoveAreReadByTwoCalls(t *testing.T) {
	p := newPorch(t)
	var keys []transform.Key
	for id := range 30 {
		rec := p.letter(string(rune('1'+id%9))+"00"+string(rune('0'+id/9)), "a")
		keys = append(keys, p.keyOf(rec))
		if id%3 > 0 {
			p.write(p.create(rec))
		}
	}
	p.requests()
	rows, err := p.GetMany(p.ctx, p.at, append(keys, keys[1]))
	require.NoError(t, err)
	require.Equal(t, map[string]int{"BatchGetItem": 2}, p.requests())
	for i, row := range rows[:30] {
		require.Equal(t, i%3 > 0, row.Live)
		require.Equal(t, keys[i], row.Key)
	}
	require.True(t, rows[30].Live)
}

// A between is a client that does something after its first read.
type between struct {
	Client
	reads int
	do    func(read int)
}

func (b *between) BatchGetItem(ctx context.Context, in *dynamodb.BatchGetItemInput, opts ...func(*dynamodb.Options)) (*dynamodb.BatchGetItemOutput, error) {
	out, err := b.Client.BatchGetItem(ctx, in, opts...)
	b.reads++
	b.do(b.reads)
	return out, err
}

// TestMovedBetweenTwoReads: a record that moves while it is looked for is found, and
// so is one that another record takes over from.
func TestMovedBetweenTwoReads(t *testing.T) {
	p := newPorch(t)
	p.write(p.create(p.member("1", "a")), p.create(p.member("2", "b")))
	moving := &between{Client: p.client}
	other := p.with(moving, Options{})
	moving.do = func(read int) {
		switch read {
		case 1:
			p.write(p.update(p.member("2", "b"), "email", "d"), p.update(p.member("1", "a"), "email", "b"))
			p.write(p.update(p.member("2", "d"), "email", "a"))
		case 3:
			p.write(p.update(p.member("1", "b"), "email", "c"))
		}
	}
	row, err := other.Get(p.ctx, p.at, p.keyOf(p.member("1", "c")))
	require.NoError(t, err)
	require.True(t, row.Live && row.Record.Equal(p.member("1", "c")))
	require.Equal(t, 6, moving.reads)
	moving.do = func(read int) {
		if read == 7 {
			p.write(p.remove(p.member("1", "c")), p.update(p.member("2", "a"), "email", "c"))
		}
	}
	row, err = other.Get(p.ctx, p.at, p.keyOf(p.member("1", "c")))
	require.NoError(t, err)
	require.True(t, row.Tombstone)
}

// TestMovedDuringEveryLook is put off, and not taken for a fault of the record.
func TestMovedDuringEveryLook(t *testing.T) {
	p := newPorch(t)
	p.write(p.create(p.letter("1", "a")))
	moving := &between{Client: p.client, do: func(read int) {
		if read%2 == 1 {
			p.write(p.update(p.letter("1", ""), "folder", string(rune('a'+read%26))))
		}
	}}
	_, err := p.with(moving, Options{}).Get(p.ctx, p.at, p.keyOf(p.letter("1", "a")))
	requireRefused(t, err, store.ErrConflict, store.NoWrite)
}

// TestItemThatSomethingElseTookAway: a record whose item is not where its stand says
// is told, as one that can't be read; a refresh mends it, and so does what replaces it.
func TestItemThatSomethingElseTookAway(t *testing.T) {
	p := newPorch(t)
	for name, mend := range map[string]func(rec transform.Record){
		"refresh": func(rec transform.Record) {
			took, err := p.Put(p.ctx, store.At{}, store.Row{Key: p.keyOf(rec), Version: store.Floor(9), Live: true, Record: rec})
			require.NoError(t, err)
			require.True(t, took)
		},
		"put":                 func(rec transform.Record) { p.write(p.replace(rec)) },
		"delete, then create": func(rec transform.Record) { p.write(p.remove(rec)); p.write(p.create(rec)) },
		"bump, then put": func(rec transform.Record) {
			require.NoError(t, p.Bump(p.ctx, []transform.Key{p.keyOf(rec)}))
			require.Empty(t, p.itemAt(rec), "a bump makes no item")
			p.write(p.replace(rec))
		},
	} {
		rec := p.member("1", "a")
		p.write(p.replace(rec))
		p.takeAway(rec)
		_, err := p.Get(p.ctx, p.at, p.keyOf(rec))
		requireRefused(t, err, store.ErrInvalid, store.NoWrite)
		require.ErrorContains(t, err, "refreshing the key mends it", name)
		rows, err := p.GetMany(p.ctx, p.at, []transform.Key{p.keyOf(rec)})
		require.NoError(t, err)
		require.Error(t, rows[0].Err)
		_, err = p.try(p.update(rec, "team", "red"))
		requireRefused(t, err, store.ErrInvalid, store.NotApplied)
		mend(rec)
		p.holds(rec)
	}
}

// TestForeignItemInThePlace: an item that something else wrote gives way to a refresh,
// as elsewhere, and to no write.
func TestForeignItemInThePlace(t *testing.T) {
	p := newPorch(t)
	rec := p.member("1", "a")
	it, err := rec.Entity().Item(rec)
	require.NoError(t, err)
	require.NoError(t, p.rawPut(p.places["Members"], it))
	_, err = p.try(p.create(rec))
	e := requireRefused(t, err, store.ErrUnique, store.NotApplied)
	require.Equal(t, "email", e.Field)
	require.True(t, e.Holder.IsZero())
	took, err := p.Put(p.ctx, store.At{}, store.Row{Key: p.keyOf(rec), Version: store.Floor(1) + 1, Live: true, Record: rec})
	require.NoError(t, err)
	require.True(t, took)
	p.holds(rec)
}

// TestTombstoneOfAnotherInThePlace: what a delete left there, when items did not move
// yet, holds no place.
func TestTombstoneOfAnotherInThePlace(t *testing.T) {
	p := newPorch(t)
	left := item{"email": text("a"), attrEntity: text("Members"), attrKey: text("7"), attrVersion: number(9), attrTombstone: flag(true)}
	require.NoError(t, p.rawPut(p.places["Members"], left))
	p.write(p.create(p.member("1", "a")))
	p.holds(p.member("1", "a"))
}

// TestPositionsOfStands: a position that nobody gave is an error, and none is one of
// an entity whose items stay.
func TestPositionsOfStands(t *testing.T) {
	p := newPorch(t)
	for i := range 5 {
		rec := p.letter(string(rune('1'+i)), "a")
		p.write(p.create(rec))
		p.write(p.remove(rec))
	}
	r := store.Range{Entity: p.letters, Limit: 2}
	seen := map[transform.Key]bool{}
	for pages := 0; pages == 0 || r.After != ""; pages++ {
		page, err := p.Scan(p.ctx, p.at, r)
		require.NoError(t, err)
		require.LessOrEqual(t, len(page.Rows), 2)
		for _, row := range page.Rows {
			require.True(t, row.Tombstone && !seen[row.Key])
			seen[row.Key] = true
		}
		r.After = page.Next
		require.Less(t, pages, 10)
	}
	require.Len(t, seen, 5)
	for _, after := range []string{"~", "~x~", "~64~", "~-1~", "~1", "~1~"} {
		_, err := p.Scan(p.ctx, p.at, store.Range{Entity: p.letters, Limit: 2, After: after})
		if after == "~1~" {
			require.NoError(t, err)
			continue
		}
		requireRefused(t, err, store.ErrInvalid, store.NoWrite)
	}
	d := inProcess(t)
	_, err := d.Scan(d.ctx, d.at, store.Range{Entity: d.notes, Limit: 2, After: "~1~"})
	requireRefused(t, err, store.ErrInvalid, store.NoWrite)
}

// TestCountOfWhatMoves names what a write has too much of.
func TestCountOfWhatMoves(t *testing.T) {
	p := newPorch(t)
	var all []store.Mutation
	for i := range 50 {
		all = append(all, p.create(p.record(p.letters, "letter_id", number(i).(*types.AttributeValueMemberN).Value, "folder", "a")))
	}
	_, err := p.try(all...)
	requireRefused(t, err, store.ErrTooLarge, store.NotApplied)
	require.ErrorContains(t, err, "takes 101 actions of the 100")
	require.ErrorContains(t, err, "records: 50, unique values: 0, items that are put or left: 50, token and change item: 1")
}
