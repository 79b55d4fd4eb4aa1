package dynamostore

import (
	"cmp"
	"errors"
	"fmt"
	"math/big"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// The attributes that the library puts on every item, beside the contract's.
const (
	attrEntity    = "_cf_e"  // S: the entity's name
	attrKey       = "_cf_k"  // S, or B if it is not UTF-8: the key's ID
	attrVersion   = "_cf_v"  // N: the version
	attrTombstone = "_cf_d"  // BOOL: true on a tombstone, absent otherwise
	attrDeletedAt = "_cf_at" // N: when a tombstone was written, in Unix seconds
	attrWrite     = "_cf_w"  // S: the id of the write that left it; absent where nobody needs it
	attrStamp     = "_cf_s"  // S: the stamp of an item that has copies, see copies.go
)

// maxItem is how many bytes an item may take, attribute names included.
const maxItem = 400 << 10

// An item is what DynamoDB keeps: attributes by name.
type item = map[string]types.AttributeValue

// A place is where and how the items of one entity live.
type place struct {
	entity *transform.Entity
	table  string   // with the prefix
	keys   []string // the table's key attributes: partition key, then sort key
	shared bool     // another entity lives in the same table
	copies []string // the attributes that are copies of other records
	// emptied says that a delete of its records may be staged, see attrEmptied.
	emptied bool

	// What Insert's statements have in common.
	insertInto    string
	attributes    []statementAttribute
	statementSize int // of the longest, in bytes
}

// newPlace prepares what every operation on the entity needs.
func newPlace(e *transform.Entity, prefix string) *place {
	p := &place{entity: e, table: prefix + e.Table.Name, keys: []string{e.Table.PK.Name}}
	p.emptied = staged(e)
	if !e.Table.SK.IsZero() {
		p.keys = append(p.keys, e.Table.SK.Name)
	}
	for _, h := range e.Copies() {
		p.copies = append(p.copies, e.Attributes[h.CopyAttribute()].Name)
	}
	p.prepareStatement()
	return p
}

// item returns the item of a row: the contract's attributes and the library's
// on a live one, without copies of other records where it has no room for these; on a tombstone the table's key and the library's, so that the
// item leaves every index whose key is not the table's.
func (p *place) item(row store.Row, now int64) (item, error) {
	if !row.Live {
		return p.tombstone(row, now)
	}
	if row.Record.Entity() != p.entity {
		return nil, errors.New("the record is of another entity or contract")
	}
	key, err := row.Record.Key()
	if err != nil {
		return nil, err
	}
	if key != row.Key {
		return nil, errors.New("the record has another key than the row")
	}
	it, err := p.live(row)
	var unfit *transform.ValueError
	if len(p.copies) == 0 || !errors.As(err, &unfit) || !unfit.TooLarge {
		return it, err
	}
	row.Record = row.Record.Clone()
	for _, h := range p.entity.Copies() {
		row.Record.SetAt(h.Column, transform.Value{})
	}
	if it, err = p.live(row); err == nil {
		it[attrStamp] = text(crowded)
	}
	return it, err
}

// live returns the item of a row that is live, with the copies that its record has.
func (p *place) live(row store.Row) (item, error) {
	it, err := p.entity.Item(row.Record)
	if err != nil {
		return nil, err
	}
	p.sign(it, row)
	// The entity's own check does not know how long the key is this time.
	if size := transform.ItemSize(it); size > maxItem {
		return nil, &transform.ValueError{
			Entity: p.entity.Name, TooLarge: true,
			Reason: fmt.Sprintf("the item would take %d bytes of the %d that DynamoDB allows", size, maxItem),
		}
	}
	return it, nil
}

// tombstone returns the item that a delete leaves.
func (p *place) tombstone(row store.Row, now int64) (item, error) {
	var it item
	var err error
	if p.moves() {
		it = make(item, 8) // a stand's: where the item was, nothing is
		_, err = p.entity.KeyValues(row.Key)
	} else {
		it, err = p.entity.ItemKey(row.Key)
	}
	if err != nil {
		return nil, err
	}
	p.sign(it, row)
	it[attrTombstone] = &types.AttributeValueMemberBOOL{Value: true}
	it[attrDeletedAt] = &types.AttributeValueMemberN{Value: strconv.FormatInt(now, 10)}
	return it, nil
}

// sign adds entity, key and version.
func (p *place) sign(it item, row store.Row) {
	it[attrEntity] = &types.AttributeValueMemberS{Value: p.entity.Name}
	it[attrVersion] = versionValue(row.Version)
	it[attrKey] = keyID(row.Key)
}

// versionValue returns a version as a number, so that DynamoDB compares it as one.
func versionValue(v store.Version) types.AttributeValue {
	return &types.AttributeValueMemberN{Value: strconv.FormatUint(uint64(v), 10)}
}

// owner returns the key that an item says it belongs to; the zero Key if it
// says nothing, because something else than the library wrote it.
func owner(it item) transform.Key {
	entity, ok := it[attrEntity].(*types.AttributeValueMemberS)
	if !ok {
		return transform.Key{}
	}
	switch id := it[attrKey].(type) {
	case *types.AttributeValueMemberS:
		return transform.Key{Entity: entity.Value, ID: id.Value}
	case *types.AttributeValueMemberB:
		return transform.Key{Entity: entity.Value, ID: string(id.Value)}
	}
	return transform.Key{}
}

// owns reports whether an item is the entity's. Of one that says nothing of whose it
// is, because something else than the library wrote it, the table decides, and where
// the table has several entities the key does.
func (p *place) owns(it item) bool {
	o := owner(it)
	if o.IsZero() {
		return !p.shared || p.entity.MayHave(it)
	}
	return o.Entity == p.entity.Name
}

// row reads an item. A zero key takes the item's own word for whose it is.
func (p *place) row(op string, key transform.Key, it item) (store.Row, error) {
	if len(it) == 0 {
		return store.Row{Key: key}, nil
	}
	row := store.Row{Key: owner(it)}
	if !key.IsZero() && !row.Key.IsZero() && row.Key != key {
		return row, p.foreign(op, key, row.Key)
	}
	at := cmp.Or(row.Key, key)
	var err error
	if row.Version, err = versionOf(it); err != nil {
		return row, p.unreadable(op, at, err)
	}
	if dead, _ := it[attrTombstone].(*types.AttributeValueMemberBOOL); dead != nil && dead.Value {
		row.Tombstone = true
		return row, nil
	}
	if row.Record, err = p.entity.Record(it); err != nil {
		return row, p.unreadable(op, at, err)
	}
	own, err := row.Record.Key()
	if err != nil {
		return row, p.unreadable(op, at, err)
	}
	if !at.IsZero() && own != at {
		return row, p.foreign(op, at, own)
	}
	row.Key, row.Live = own, true
	return row, nil
}

// foreign is the error of an item at the place of another key.
func (p *place) foreign(op string, want, have transform.Key) error {
	e := invalid(op, p.entity.Name, store.NoWrite, "table %s holds %s where %s belongs", p.table, have, want)
	e.Cause = &transform.ValueError{Entity: p.entity.Name, Reason: "the item there is another record's"}
	return e
}

// unreadable is the error of an item that is no record of the entity. It says
// nothing of the item's content, and neither does its cause.
func (p *place) unreadable(op string, key transform.Key, err error) error {
	e := invalid(op, p.entity.Name, store.NoWrite, "table %s holds an item at %s that is not as the contract says: "+
		"refreshing the key mends it", p.table, key)
	var value *transform.ValueError
	if !errors.As(err, &value) {
		err = &transform.ValueError{Entity: p.entity.Name, Reason: err.Error()}
	}
	e.Cause = err
	return e
}

// versionOf returns an item's version, 0 if it has none. Anything but a version
// there is an error: taken for 0, it would let an older put through.
func versionOf(it item) (store.Version, error) {
	switch v := it[attrVersion].(type) {
	case nil:
		return 0, nil
	case *types.AttributeValueMemberN:
		n, err := strconv.ParseUint(v.Value, 10, 64)
		if err != nil {
			return 0, errors.New(attrVersion + " is not a version")
		}
		return store.Version(n), nil
	}
	return 0, errors.New(attrVersion + " is not a number")
}

// itemKey returns the table's key attributes of an item.
func (p *place) itemKey(it item) item {
	key := make(item, len(p.keys))
	for _, name := range p.keys {
		key[name] = it[name]
	}
	return key
}

// keyText returns a text that two items of the table have in common exactly
// when they have the same key.
func (p *place) keyText(it item) string {
	b := make([]byte, 0, 64)
	for _, name := range p.keys {
		t := scalarText(it[name])
		b = strconv.AppendInt(b, int64(len(t)), 10)
		b = append(append(b, ':'), t...)
	}
	return string(b)
}

// scalarText returns the content of a key attribute; numbers in the one form
// that equal numbers share, since the service may give 1.50 back as 1.5.
func scalarText(v types.AttributeValue) string {
	switch v := v.(type) {
	case *types.AttributeValueMemberS:
		return v.Value
	case *types.AttributeValueMemberB:
		return string(v.Value)
	case *types.AttributeValueMemberN:
		return numberText(v.Value)
	}
	return ""
}

// compareScalars orders two key attributes of one type as DynamoDB does: numbers
// by size, everything else by its bytes.
func compareScalars(a, b types.AttributeValue) int {
	x, isNumber := a.(*types.AttributeValueMemberN)
	y, both := b.(*types.AttributeValueMemberN)
	if isNumber && both {
		r, ok := new(big.Rat).SetString(x.Value)
		q, too := new(big.Rat).SetString(y.Value)
		if ok && too {
			return r.Cmp(q)
		}
	}
	return strings.Compare(scalarText(a), scalarText(b))
}

// numberText returns a number in the form that all equal ones share.
func numberText(n string) string {
	if plainInteger(n) {
		return n
	}
	if r, ok := new(big.Rat).SetString(n); ok {
		return r.RatString()
	}
	return n
}

// plainInteger reports whether n is an integer in its shortest form.
func plainInteger(n string) bool {
	digits := strings.TrimPrefix(n, "-")
	if digits == "" || digits[0] == '0' {
		return n == "0"
	}
	return strings.Trim(digits, "0123456789") == ""
}
