package dynamotest_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dynamostore/dynamotest"
)

// hold begins a transaction on items and returns while it holds them; release
// gives it up.
func (f *fixture) hold(token string, ids ...string) (release func()) {
	f.Helper()
	long := f.Fault(dynamotest.OnOperation("TransactWriteItems").Nth(1).Latency(time.Hour))
	ctx, cancel := context.WithCancel(f.ctx)
	in := &dynamodb.TransactWriteItemsInput{}
	if token != "" {
		in.ClientRequestToken = aws.String(token)
	}
	for _, id := range ids {
		in.TransactItems = append(in.TransactItems, types.TransactWriteItem{Put: &types.Put{TableName: aws.String("items"), Item: key(id)}})
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, _ = f.client.TransactWriteItems(ctx, in)
	}()
	// It is seen before it holds anything, so that a write shows when it does.
	require.Eventually(f, func() bool { return long.Hits() == 1 }, 20*time.Second, time.Millisecond)
	require.Eventually(f, func() bool { return f.put(ids[0]) != nil }, 20*time.Second, time.Millisecond)
	long.Remove()
	return func() {
		cancel()
		<-done
		require.Eventually(f, func() bool { return f.put(ids[0]) == nil }, 20*time.Second, time.Millisecond)
	}
}

// TestTransactionsConflict holds what a transaction that is under way does to
// others: everything that writes its items is refused, and so are other
// transactions; reads are not.
func TestTransactionsConflict(t *testing.T) {
	f := newFixture(t)
	release := f.hold("", "a", "b")
	var conflict *types.TransactionConflictException
	require.ErrorAs(t, f.put("b"), &conflict)
	_, err := f.client.DeleteItem(f.ctx, &dynamodb.DeleteItemInput{TableName: aws.String("items"), Key: key("b")})
	require.ErrorAs(t, err, &conflict)
	_, err = f.client.ExecuteStatement(f.ctx, &dynamodb.ExecuteStatementInput{Statement: aws.String(`INSERT INTO "items" VALUE {'id': 'b'}`)})
	require.ErrorAs(t, err, &conflict)
	require.Equal(t, []string{"None", "TransactionConflict"}, codes(t, f.transact("c", "b")))
	require.Nil(t, f.get("c", true), "nothing of a cancelled transaction is done")
	_, err = f.client.TransactGetItems(f.ctx, &dynamodb.TransactGetItemsInput{TransactItems: []types.TransactGetItem{
		{Get: &types.Get{TableName: aws.String("items"), Key: key("c")}}, {Get: &types.Get{TableName: aws.String("items"), Key: key("b")}},
	}})
	require.Equal(t, []string{"None", "TransactionConflict"}, codes(t, err))
	require.Nil(t, f.get("b", true), "reads go on, as of before")
	require.NoError(t, f.put("c"))
	require.NoError(t, f.transact("c", "d"))
	release()
	require.Nil(t, f.get("b", true), "a client that is gone before its transaction took effect did nothing")
	require.NoError(t, f.transact("a", "b"))
}

// TestTokens holds what a client request token is good for.
func TestTokens(t *testing.T) {
	f := newFixture(t)
	insert := func(id, token string) error {
		_, err := f.client.TransactWriteItems(f.ctx, &dynamodb.TransactWriteItemsInput{ClientRequestToken: aws.String(token), TransactItems: []types.TransactWriteItem{
			{Put: &types.Put{TableName: aws.String("items"), Item: key(id), ConditionExpression: aws.String("attribute_not_exists(id)")}},
		}})
		return err
	}
	require.NoError(t, insert("a", "one"))
	require.NoError(t, insert("a", "one"), "done already")
	require.Equal(t, []string{"ConditionalCheckFailed"}, codes(t, insert("a", "two")))
	require.Equal(t, []string{"ConditionalCheckFailed"}, codes(t, insert("a", "two")), "one that failed is tried again")
	var mismatch *types.IdempotentParameterMismatchException
	require.ErrorAs(t, insert("b", "one"), &mismatch)

	release := f.hold("three", "c")
	_, err := f.client.TransactWriteItems(f.ctx, &dynamodb.TransactWriteItemsInput{ClientRequestToken: aws.String("three"), TransactItems: []types.TransactWriteItem{
		{Put: &types.Put{TableName: aws.String("items"), Item: key("c")}},
	}})
	var going *types.TransactionInProgressException
	require.ErrorAs(t, err, &going)
	release()
}

// TestTokensAreKeptTenMinutes holds the window of a token, counted from the
// first request and by the server's clock.
func TestTokensAreKeptTenMinutes(t *testing.T) {
	f := newFixture(t)
	f.SetTime(time.Now())
	add := func() {
		_, err := f.client.TransactWriteItems(f.ctx, &dynamodb.TransactWriteItemsInput{ClientRequestToken: aws.String("token"), TransactItems: []types.TransactWriteItem{{Update: &types.Update{
			TableName: aws.String("items"), Key: key("a"), UpdateExpression: aws.String("ADD n :one"), ExpressionAttributeValues: item{":one": number("1")},
		}}}})
		require.NoError(t, err)
	}
	add()
	f.Advance(10*time.Minute - time.Second)
	add()
	require.Equal(t, number("1"), f.get("a", true)["n"])
	f.Advance(time.Second)
	add()
	require.Equal(t, number("2"), f.get("a", true)["n"])
	f.Advance(5 * time.Minute)
	add()
	require.Equal(t, number("2"), f.get("a", true)["n"], "the window is the new one's")
}

func TestNothingIsLost(t *testing.T) {
	f := newFixture(t)
	client := f.Client()
	const workers, rounds = 16, 30
	var wg sync.WaitGroup
	var mu sync.Mutex
	var firsts, moved int
	for w := range workers {
		wg.Go(func() {
			for i := range rounds {
				_, err := client.UpdateItem(f.ctx, &dynamodb.UpdateItemInput{TableName: aws.String("items"), Key: key("counter"), UpdateExpression: aws.String("ADD n :one"), ExpressionAttributeValues: item{":one": number("1")}})
				if err != nil {
					t.Error(err)
				}
				_, err = client.PutItem(f.ctx, &dynamodb.PutItemInput{TableName: aws.String("items"), Item: key(fmt.Sprint("once", i)), ConditionExpression: aws.String("attribute_not_exists(id)")})
				from, to := key(fmt.Sprint("account", w%3)), key(fmt.Sprint("account", (w+1)%3))
				_, moveErr := client.TransactWriteItems(f.ctx, &dynamodb.TransactWriteItemsInput{TransactItems: []types.TransactWriteItem{
					{Update: &types.Update{TableName: aws.String("items"), Key: from, UpdateExpression: aws.String("ADD n :n, moves :one"), ExpressionAttributeValues: item{":n": number("-1"), ":one": number("1")}}},
					{Update: &types.Update{TableName: aws.String("items"), Key: to, UpdateExpression: aws.String("ADD n :n"), ExpressionAttributeValues: item{":n": number("1")}}},
				}})
				mu.Lock()
				if err == nil {
					firsts++
				}
				if moveErr == nil {
					moved++
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	require.Equal(t, number(fmt.Sprint(workers*rounds)), f.get("counter", true)["n"])
	require.Equal(t, rounds, firsts, "each condition is met once")
	sum, moves := 0, 0
	for i := range 3 {
		account := f.get(fmt.Sprint("account", i), true)
		var n, m int
		_, _ = fmt.Sscan(account["n"].(*types.AttributeValueMemberN).Value, &n)
		_, _ = fmt.Sscan(account["moves"].(*types.AttributeValueMemberN).Value, &m)
		sum, moves = sum+n, moves+m
	}
	require.Zero(t, sum)
	require.Equal(t, moved, moves)
}
