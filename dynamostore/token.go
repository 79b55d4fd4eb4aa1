package dynamostore

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/crossfade-go/crossfade/dal/store"
)

// MaxToken is the greatest length of an idempotency token in bytes, the same in
// every store: a token must pass from one to the other.
const MaxToken = 128

// The attributes of a token, on an item of its own and within a change item.
const (
	tokenText    = "token"
	tokenOf      = "of"      // B: the fingerprint
	tokenIDs     = "ids"     // L of N: the assigned ids
	tokenCreated = "created" // N: Unix nanoseconds
	tokenStaged  = "staged"  // S: the mark of a delete that is staged, on the item alone
)

// tokenSlack is how much longer than its life a token is there at least, for
// processes whose clocks differ.
const tokenSlack = time.Hour

func (s *Store) tokenKey(token string) item { return libraryKey(s.partition(partToken, token), alone) }

// tokenAttributes returns a token as attributes.
func tokenAttributes(t store.Token) item {
	ids := make([]types.AttributeValue, len(t.Assigned))
	for i, id := range t.Assigned {
		ids[i] = number(id)
	}
	return item{
		tokenText: text(t.Token), tokenOf: binary(t.Fingerprint[:]), tokenCreated: moment(t.Created),
		tokenIDs: &types.AttributeValueMemberL{Value: ids},
	}
}

// readToken is the reverse of tokenAttributes.
func readToken(it item) (store.Token, error) {
	r := reading{item: it}
	t := store.Token{Token: r.text(tokenText), Created: r.moment(tokenCreated)}
	if copy(t.Fingerprint[:], r.binary(tokenOf)) != len(t.Fingerprint) {
		r.fail(tokenOf)
	}
	for _, v := range r.list(tokenIDs) {
		n, _ := v.(*types.AttributeValueMemberN)
		if n == nil {
			return t, errors.New("an assigned id is no number")
		}
		id, err := strconv.ParseInt(n.Value, 10, 64)
		if err != nil {
			return t, errors.New("an assigned id is no integer")
		}
		t.Assigned = append(t.Assigned, id)
	}
	return t, r.err
}

// tokenItem returns the item that keeps a token. The service deletes it some
// time after it has expired; until then Created tells.
func (s *Store) tokenItem(t store.Token) item {
	it := s.tokenKey(t.Token)
	for name, v := range tokenAttributes(t) {
		it[name] = v
	}
	it[libraryTTL] = tokenEnd(t)
	return it
}

// tokenEnd is from when on the service may delete what keeps a token.
func tokenEnd(t store.Token) types.AttributeValue {
	return number(t.Created.Add(store.TokenLife + tokenSlack).Unix())
}

// tokenFree is the condition that a token is not there, or has expired.
func (s *Store) tokenFree() condition {
	return condition{
		text:   "attribute_not_exists(#p) OR #c < :old",
		names:  map[string]string{"#p": libraryPK, "#c": tokenCreated},
		values: item{":old": moment(s.expired())},
	}
}

// expired returns the time at which tokens that expire now were created.
func (s *Store) expired() time.Time { return s.opts.Now().Add(-store.TokenLife) }

// knownToken reads a token's item; nil if there is none that still counts.
func (s *Store) knownToken(it item) (*store.Token, error) {
	if it == nil {
		return nil, nil
	}
	t, err := readToken(it)
	if err != nil {
		return nil, withOutcome(s.broken("write", "token", err), store.NotApplied)
	}
	if t.Created.Before(s.expired()) {
		return nil, nil
	}
	return &t, nil
}

// Keep stores tokens, each unless it is there.
func (s *Store) Keep(ctx context.Context, tokens []store.Token) error {
	errs := make([]error, len(tokens))
	slots := make(chan struct{}, s.opts.InsertConcurrency)
	var wg sync.WaitGroup
	for i, t := range tokens {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			errs[i] = s.keep(ctx, t)
		})
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) keep(ctx context.Context, t store.Token) error {
	if len(t.Token) == 0 || len(t.Token) > MaxToken {
		return invalid("keep", "", store.NotApplied, "a token has 1 to %d bytes", MaxToken)
	}
	free := s.tokenFree()
	var sent attempts
	err := s.patiently(ctx, func() error {
		_, err := s.client.PutItem(ctx, &dynamodb.PutItemInput{
			TableName: &s.library.table, Item: s.tokenItem(t), ConditionExpression: aws.String(free.text),
			ExpressionAttributeNames: free.names, ExpressionAttributeValues: free.values,
		}, sent.watch)
		return err
	})
	var there *types.ConditionalCheckFailedException
	if err == nil || errors.As(err, &there) {
		return nil
	}
	return fail("keep", "", s.library.table, sent.outcome(err), err)
}
