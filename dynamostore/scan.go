package dynamostore

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// Scan returns the next rows of a full pass over an entity, tombstones
// included, by consistent reads in the table's own order, which is none that
// has a meaning. It goes on until the page is full or the table at its end,
// however little the service returns at once. An item that no owner is noted
// on counts as one of the entity's; in a table of several entities, as one of the
// entity whose keys are like its own.
//
// Of an entity whose items move the tombstones come last, from the library's table.
// A record that moves while the pass goes on may be in two pages, or in none; under
// capture it has a change record then.
func (s *Store) Scan(ctx context.Context, at store.At, r store.Range) (store.Page, error) {
	p, err := s.rangePlace(r)
	if err != nil {
		return store.Page{}, err
	}
	return leased(s, at, "scan", p.entity.Name, func() (store.Page, error) {
		page, err := s.scan(ctx, p, r)
		for i := range page.Rows {
			page.Rows[i] = versioned(at, page.Rows[i])
		}
		return page, err
	})
}

func (s *Store) scan(ctx context.Context, p *place, r store.Range) (store.Page, error) {
	if from, is, err := p.standPosition(r.After); err != nil || is {
		if err != nil {
			return store.Page{}, err
		}
		return s.scanStands(ctx, p, from, store.Page{}, r.Limit)
	}
	start, err := p.position(r.After)
	if err != nil {
		return store.Page{}, err
	}
	// Limit is what the service looks at, before items of other entities are
	// taken away, so a page of it may hold fewer rows, or none.
	var page store.Page
	b := budget{total: s.opts.RetryBudget}
	for len(page.Rows) < r.Limit {
		out, err := s.client.Scan(ctx, p.scanInput(start, r.Limit-len(page.Rows)))
		if err != nil {
			if throttled(err) && b.wait(ctx) {
				continue
			}
			return store.Page{}, fail("scan", p.entity.Name, p.table, store.NoWrite, err)
		}
		b.progress()
		if page.Rows, err = p.appendRows(page.Rows, "scan", out.Items); err != nil {
			return store.Page{}, err
		}
		if start = out.LastEvaluatedKey; len(start) == 0 && p.moves() {
			return s.scanStands(ctx, p, standPosition{}, page, r.Limit)
		}
		if len(start) == 0 {
			return page, nil
		}
	}
	page.Next, err = encodePosition(start)
	return page, err
}

// rangePlace checks a range.
func (s *Store) rangePlace(r store.Range) (*place, error) {
	switch {
	case r.Entity == nil:
		return nil, invalid("scan", "", store.NoWrite, "no entity is given")
	case r.Limit < 1:
		return nil, invalid("scan", r.Entity.Name, store.NoWrite, "the limit is %d, at least 1 is needed", r.Limit)
	}
	return s.place("scan", r.Entity.Name, store.NoWrite)
}

// scanInput builds the request. Other entities of a shared table are left to the
// service to filter: they are read and paid for all the same, but not sent.
func (p *place) scanInput(start item, limit int) *dynamodb.ScanInput {
	in := &dynamodb.ScanInput{
		TableName: &p.table, ConsistentRead: aws.Bool(true),
		Limit: limit32(limit), ExclusiveStartKey: start,
	}
	if p.shared {
		in.FilterExpression = aws.String(ownedFilter)
		in.ExpressionAttributeNames = map[string]string{"#e": attrEntity}
		in.ExpressionAttributeValues = item{":e": text(p.entity.Name)}
	}
	return in
}

// ownedFilter leaves out what is another entity's by its own word. #e is attrEntity, :e the
// entity's name.
const ownedFilter = "#e = :e OR attribute_not_exists(#e)"

// limit32 is a limit in the form the service wants it.
func limit32(n int) *int32 { return aws.Int32(int32(min(n, 1<<31-1))) }

// appendRows reads the items that are the entity's.
func (p *place) appendRows(rows []store.Row, op string, items []item) ([]store.Row, error) {
	for _, it := range items {
		if !p.owns(it) {
			continue
		}
		row, err := p.row(op, transform.Key{}, it)
		if err != nil && row.Key.IsZero() {
			return rows, err // nobody could say which record it is
		}
		if err != nil {
			row = store.Row{Key: row.Key, Live: true, Err: err}
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// A positionValue is one key attribute of a position, in one of its fields.
type positionValue struct {
	S *string `json:"s,omitempty"`
	N *string `json:"n,omitempty"`
	B []byte  `json:"b,omitempty"`
}

// encodePosition returns the text of the key after which a pass goes on: JSON
// that is encoded so that nobody takes it for a value. It holds the key of a row
// and belongs into a progress record, not into a log.
func encodePosition(key item) (string, error) {
	values := make(map[string]positionValue, len(key))
	for name, v := range key {
		switch v := v.(type) {
		case *types.AttributeValueMemberS:
			values[name] = positionValue{S: &v.Value}
		case *types.AttributeValueMemberN:
			values[name] = positionValue{N: &v.Value}
		case *types.AttributeValueMemberB:
			values[name] = positionValue{B: v.Value}
		}
	}
	text, err := json.Marshal(values)
	return base64.RawURLEncoding.EncodeToString(text), err
}

// position reads a text of encodePosition.
func (p *place) position(text string) (item, error) {
	if text == "" {
		return nil, nil
	}
	key, err := decodePosition(text)
	if err == nil && len(key) != len(p.keys) {
		err = errors.New("another number of attributes")
	}
	for _, name := range p.keys {
		if err == nil && key[name] == nil {
			err = errors.New("other attributes")
		}
	}
	if err != nil {
		return nil, invalid("scan", p.entity.Name, store.NoWrite, "After is no position in table %s", p.table)
	}
	return key, nil
}

// decodePosition takes whatever text there is, also one that somebody made up.
func decodePosition(text string) (item, error) {
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return nil, err
	}
	var values map[string]positionValue
	if err := json.Unmarshal(raw, &values); err != nil {
		return nil, err
	}
	key := make(item, len(values))
	for name, v := range values {
		switch {
		case v.S != nil:
			key[name] = &types.AttributeValueMemberS{Value: *v.S}
		case v.N != nil:
			key[name] = &types.AttributeValueMemberN{Value: *v.N}
		case len(v.B) > 0:
			key[name] = &types.AttributeValueMemberB{Value: v.B}
		}
	}
	return key, nil
}
