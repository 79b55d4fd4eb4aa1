package dynamostore

import (
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// A lookup is a query in DynamoDB's terms.
type lookup struct {
	store.Query
	place        *place
	index        *transform.Index
	equal        types.AttributeValue // nil: no item can have the value
	lower, upper bound
	input        dynamodb.QueryInput
}

// A bound is one end of a range of sort keys; open without a value.
type bound struct {
	value     types.AttributeValue
	exclusive bool
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
	l := &lookup{Query: q, place: p, index: p.entity.Index(q.Index)}
	switch {
	case l.index == nil:
		return nil, l.invalid("table %s has no index %q in the contract", p.table, q.Index)
	case q.Limit < 1:
		return nil, l.invalid("the limit is %d, at least 1 is needed", q.Limit)
	case l.index.SK.IsZero() && (q.Lower != nil || q.Upper != nil):
		return nil, l.invalid("index %s has no sort key to bound", q.Index)
	case !q.After.IsZero() && q.After.Entity() != p.entity:
		return nil, l.invalid("After is a record of another entity or contract")
	}
	if err := l.translate(); err != nil {
		return nil, err
	}
	l.condition()
	return l, nil
}

// invalid is the error of a query that makes no sense.
func (l *lookup) invalid(format string, args ...any) error {
	return invalid("query", l.place.entity.Name, store.NoWrite, format, args...)
}

// translate turns the query's values into those of items.
func (l *lookup) translate() error {
	i, err := l.attribute(l.index.PK, l.Equal)
	if err != nil {
		return err
	}
	// A value that no item can have, such as an empty text, is no error: it
	// finds nothing.
	l.equal, _ = l.place.entity.Attribute(i, l.Equal)
	if l.lower, err = l.bound(l.Lower); err != nil {
		return err
	}
	if l.upper, err = l.bound(l.Upper); err != nil {
		return err
	}
	return l.goOn()
}

// bound translates an end of the range; nil is open.
func (l *lookup) bound(b *store.Bound) (bound, error) {
	if b == nil {
		return bound{}, nil
	}
	value, err := l.sortKey(b.Value)
	return bound{value: value, exclusive: b.Exclusive}, err
}

// attribute returns the position of a key attribute that v can be compared with.
func (l *lookup) attribute(k transform.KeyAttribute, v transform.Value) (int, error) {
	i := l.place.entity.AttributeIndex(k.Name)
	if i < 0 {
		return i, l.invalid("the entity has no attribute %s, the key of index %s", k.Name, l.index.Name)
	}
	column := l.place.entity.Columns[l.place.entity.Attributes[i].Column]
	if v.Kind() != column.Kind {
		return i, l.invalid("column %s is of kind %s and cannot be compared with %s", column.Name, column.Kind, v.Kind())
	}
	return i, nil
}

// sortKey returns a value of the sort key's column as the index holds it.
func (l *lookup) sortKey(v transform.Value) (types.AttributeValue, error) {
	i, err := l.attribute(l.index.SK, v)
	if err != nil {
		return nil, err
	}
	value, err := l.place.entity.Attribute(i, v)
	if err != nil {
		e := invalid("query", l.place.entity.Name, store.NoWrite, "index %s cannot hold the bound", l.index.Name)
		e.Cause = err
		return nil, e
	}
	return value, nil
}

// goOn moves the bound from which the query begins to the sort key of the last
// record of the page before. Its ties are read once more, since the order among
// them is not the service's.
func (l *lookup) goOn() error {
	if l.After.IsZero() || l.index.SK.IsZero() {
		return nil
	}
	i := l.place.entity.AttributeIndex(l.index.SK.Name)
	if i < 0 {
		return l.invalid("the entity has no attribute %s, the key of index %s", l.index.SK.Name, l.index.Name)
	}
	last, err := l.sortKey(l.After.At(l.place.entity.Attributes[i].Column))
	if err != nil {
		return err
	}
	from, direction := &l.lower, 1
	if l.Descending {
		from, direction = &l.upper, -1
	}
	if from.value == nil || compareScalars(last, from.value)*direction > 0 {
		*from = bound{value: last}
	}
	return nil
}

// empty reports whether nothing can be found: the value is none that an item
// can have, or the lower bound is above the upper one, for which the service
// has an error.
func (l *lookup) empty() bool {
	return l.equal == nil ||
		l.lower.value != nil && l.upper.value != nil && compareScalars(l.lower.value, l.upper.value) > 0
}

// condition builds the request.
func (l *lookup) condition() {
	condition := "#p = :p"
	names, values := map[string]string{"#p": l.index.PK.Name}, item{":p": l.equal}
	if l.lower.value != nil {
		names["#s"], values[":l"] = l.index.SK.Name, l.lower.value
	}
	if l.upper.value != nil {
		names["#s"], values[":u"] = l.index.SK.Name, l.upper.value
	}
	// A sort key may have one condition only, and no filter. Of two bounds,
	// those that exclude their value are held to it afterwards, by excluded.
	switch {
	case l.lower.value != nil && l.upper.value != nil:
		condition += " AND #s BETWEEN :l AND :u"
	case l.lower.value != nil:
		condition += " AND #s >= :l"
	case l.upper.value != nil:
		condition += " AND #s <= :u"
	}
	l.input = dynamodb.QueryInput{
		TableName: &l.place.table, IndexName: &l.index.Name, ScanIndexForward: aws.Bool(!l.Descending),
		KeyConditionExpression: &condition, ExpressionAttributeNames: names, ExpressionAttributeValues: values,
	}
}

// excluded reports whether an item is at a bound that excludes its value.
func (l *lookup) excluded(it item) bool {
	at := it[l.index.SK.Name]
	return slices.ContainsFunc([]bound{l.lower, l.upper}, func(b bound) bool {
		return b.exclusive && compareScalars(at, b.value) == 0
	})
}

// indexKey returns the index's key attributes of an item.
func (l *lookup) indexKey(it item) item {
	key := item{l.index.PK.Name: it[l.index.PK.Name]}
	if !l.index.SK.IsZero() {
		key[l.index.SK.Name] = it[l.index.SK.Name]
	}
	return key
}
