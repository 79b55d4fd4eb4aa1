package dynamostore

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// A lookup is a query in DynamoDB's terms. The request may ask for more than the
// query: what comes back is held to store.Lookup, row by row.
type lookup struct {
	*store.Lookup
	place        *place
	equal        types.AttributeValue // nil: no item can have the value
	lower, upper types.AttributeValue // inclusive; nil is open
	input        dynamodb.QueryInput
}

// lookup checks a query and translates it.
func (s *Store) lookup(q store.Query) (*lookup, error) {
	if q.Entity == nil {
		return nil, invalid("query", "", store.NoWrite, "no entity is given")
	}
	p, err := s.place("query", q.Entity.Name, store.NoWrite)
	if err != nil {
		return nil, err
	}
	q.Entity = p.entity
	checked, err := store.NewLookup(q)
	if err != nil {
		return nil, invalid("query", p.entity.Name, store.NoWrite, "%s", err)
	}
	l := &lookup{Lookup: checked, place: p}
	// A value that no item can have, such as an empty text, is no error: it
	// finds nothing.
	l.equal, _ = p.entity.Attribute(p.entity.AttributeIndex(l.Key.PK.Name), q.Equal)
	l.bounds()
	l.condition()
	return l, nil
}

// bounds translates the ends of the range. Where the query goes on after a record,
// it begins at that one's sort key: its ties are read once more, since the order
// among them is not the service's. Where the sort keys of the entity begin with a
// text of its own, other entities' items of the partition are not read.
func (l *lookup) bounds() {
	if !l.narrows() {
		return
	}
	l.raise(l.Lower)
	l.reduce(l.Upper)
	if prefix := l.Entity.ShownPrefix(l.Sort); prefix != "" {
		from, to := store.PrefixBounds(transform.TextValue(prefix))
		l.raise(from)
		l.reduce(to)
	}
	if l.After.IsZero() {
		return
	}
	last := &store.Bound{Value: l.At(l.After, l.Sort)}
	if l.Descending {
		l.reduce(last)
	} else {
		l.raise(last)
	}
}

// raise bounds the request from below, reduce from above, if that leaves less.

func (l *lookup) raise(b *store.Bound) { l.tighten(&l.lower, b, 1) }

func (l *lookup) reduce(b *store.Bound) { l.tighten(&l.upper, b, -1) }

func (l *lookup) tighten(end *types.AttributeValue, b *store.Bound, direction int) {
	if b == nil {
		return
	}
	if v := l.sortKey(b.Value); v != nil && (*end == nil || compareScalars(v, *end)*direction > 0) {
		*end = v
	}
}

// narrows reports whether the service sorts as the query does. It does not where
// numbers are text, which the contract may have only where no two items share a
// partition.
func (l *lookup) narrows() bool {
	if l.Sort < 0 {
		return false
	}
	switch l.Entity.Columns[l.Sort].Kind {
	case transform.Int, transform.Decimal, transform.Float:
		return l.Key.SK.Type != "S"
	}
	return true
}

// sortKey returns a value of the sort key's column as the index holds it, nil for
// one that no key can be, such as an empty text or a number of 39 digits: such a
// bound is left to Lookup.
func (l *lookup) sortKey(v transform.Value) types.AttributeValue {
	value, err := l.Entity.Attribute(l.Entity.AttributeIndex(l.Key.SK.Name), v)
	if err != nil {
		return nil
	}
	return value
}

// empty reports whether nothing can be found: the value is none that an item
// can have, or the lower bound is above the upper one, for which the service
// has an error.
func (l *lookup) empty() bool {
	return l.equal == nil || l.IsEmpty() ||
		l.lower != nil && l.upper != nil && compareScalars(l.lower, l.upper) > 0
}

// condition builds the request.
func (l *lookup) condition() {
	condition := "#p = :p"
	names, values := map[string]string{"#p": l.Key.PK.Name}, item{":p": l.equal}
	if l.lower != nil {
		names["#s"], values[":l"] = l.Key.SK.Name, l.lower
	}
	if l.upper != nil {
		names["#s"], values[":u"] = l.Key.SK.Name, l.upper
	}
	// A sort key may have one condition only, and no filter. Of two bounds,
	// those that exclude their value are held to it afterwards.
	switch {
	case l.lower != nil && l.upper != nil:
		condition += " AND #s BETWEEN :l AND :u"
	case l.lower != nil:
		condition += " AND #s >= :l"
	case l.upper != nil:
		condition += " AND #s <= :u"
	}
	l.input = dynamodb.QueryInput{
		TableName: &l.place.table, ScanIndexForward: aws.Bool(!l.Descending),
		KeyConditionExpression: &condition, ExpressionAttributeNames: names, ExpressionAttributeValues: values,
	}
	if l.Index == "" {
		l.input.ConsistentRead = aws.Bool(true)
	} else {
		l.input.IndexName = &l.Index
	}
	if l.place.shared && l.Key.Projection == string(types.ProjectionTypeAll) {
		l.input.FilterExpression = aws.String(ownedFilter)
		names["#e"], values[":e"] = attrEntity, text(l.place.entity.Name)
	}
}

// indexKey returns the index's key attributes of an item.
func (l *lookup) indexKey(it item) item {
	key := item{l.Key.PK.Name: it[l.Key.PK.Name]}
	if !l.Key.SK.IsZero() {
		key[l.Key.SK.Name] = it[l.Key.SK.Name]
	}
	return key
}
