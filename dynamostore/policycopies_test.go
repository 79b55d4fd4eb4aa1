package dynamostore_test

import (
	"context"
	"strconv"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal"
	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/dal/storetest"
	"github.com/crossfade-go/crossfade/dynamostore"
	"github.com/crossfade-go/crossfade/dynamostore/dynamotest"
	"github.com/crossfade-go/crossfade/transform"
)

// TestPolicyOfCopies: where DynamoDB leads, a service, which also writes, and an operator
// may carry out fan-out marks, in a bare phase too.
func TestPolicyOfCopies(t *testing.T) {
	contract := storetest.CopyContract(t)
	for _, party := range []dynamostore.Party{dynamostore.Service, dynamostore.Operator} {
		for _, phase := range []store.Phase{store.DynamoDBPrimary, store.DynamoDBOnly} {
			t.Run(string(party)+" in phase "+strconv.Itoa(int(phase)), func(t *testing.T) {
				c := &calls{t: t, prefix: "test-", server: dynamotest.Start(t), seen: map[need][][]store.Phase{}, served: map[string][]string{}}
				c.in(phase)
				open := func(client dynamostore.Client) *dynamostore.Store {
					s, err := dynamostore.New(client, contract, &dynamostore.Options{TablePrefix: c.prefix})
					require.NoError(t, err)
					return s
				}
				aside, s := open(c.aside()), open(c.client(party))
				require.NoError(t, aside.Apply(t.Context(), nil, nil))
				require.NoError(t, aside.Init(t.Context()))
				from, err := aside.Phase(t.Context())
				require.NoError(t, err)
				to := from
				to.State, to.Phase, to.Epoch = store.Open, phase, 1
				require.NoError(t, aside.Advance(t.Context(), from, to, store.AuditEntry{}))
				writer := aside
				if party == dynamostore.Service {
					writer = s
				}
				use(t, contract, writer, s)
				g := policyOf(t, contract, dynamostore.PolicyOptions{For: party, Phase: phase, TablePrefix: c.prefix})
				for n := range c.seen {
					require.True(t, g.allows(n.action, n.resource(c.prefix)), n)
				}
				renewed := need{party, "dynamodb:UpdateItem", "Baskets", ""}
				require.Contains(t, c.seen, renewed)
				require.Contains(t, c.seen, need{party, "dynamodb:UpdateItem", dynamostore.LibraryTable, ""})
			})
		}
	}
}

// TestPolicyOfStagedDeletes: where DynamoDB leads, a service, which also deletes, and an
// operator may take along what a staged delete takes.
func TestPolicyOfStagedDeletes(t *testing.T) {
	contract := storetest.FairContract(t)
	for _, party := range []dynamostore.Party{dynamostore.Service, dynamostore.Operator} {
		for _, phase := range []store.Phase{store.DynamoDBPrimary, store.DynamoDBOnly} {
			t.Run(string(party)+" in phase "+strconv.Itoa(int(phase)), func(t *testing.T) {
				c := &calls{t: t, prefix: "test-", server: dynamotest.Start(t), seen: map[need][][]store.Phase{}, served: map[string][]string{}}
				c.in(phase)
				open := func(client dynamostore.Client) *dynamostore.Store {
					s, err := dynamostore.New(client, contract, &dynamostore.Options{TablePrefix: c.prefix, RetryBudget: time.Second})
					require.NoError(t, err)
					return s
				}
				aside, s := open(c.aside()), open(c.client(party))
				require.NoError(t, aside.Apply(t.Context(), nil, nil))
				require.NoError(t, aside.Init(t.Context()))
				from, err := aside.Phase(t.Context())
				require.NoError(t, err)
				to := from
				to.State, to.Phase, to.Epoch = store.Open, phase, 1
				require.NoError(t, aside.Advance(t.Context(), from, to, store.AuditEntry{}))
				deleter := aside
				if party == dynamostore.Service {
					deleter = s
				}
				at := store.At{Epoch: 1, Lease: new(store.Lease)}
				at.Lease.Extend(1, time.Now(), time.Hour)
				write := func(w *dynamostore.Store, op store.Op, entity string, values ...string) {
					r := contract.Entity(entity).NewRecord()
					for i := 0; i < len(values); i += 2 {
						v, err := r.Entity().Columns[r.Entity().ColumnIndex(values[i])].Parse(values[i+1])
						require.NoError(t, err)
						require.NoError(t, r.Set(values[i], v))
					}
					key, err := r.Key()
					require.NoError(t, err)
					m := store.Mutation{Op: op, Key: key}
					if op != store.Delete {
						m.Record = r
					}
					ctx := t.Context()
					if op == store.Delete && party == dynamostore.Operator {
						var cancel func()
						ctx, cancel = context.WithCancel(ctx)
						w = open(&quits{Client: c.aside(), cancel: cancel})
					}
					_, err = w.Write(ctx, at, store.Write{Mutations: []store.Mutation{m}})
					if op == store.Delete && party == dynamostore.Operator {
						require.ErrorIs(t, err, store.ErrPending)
						return
					}
					require.NoError(t, err)
				}
				write(aside, store.Create, "Fairs", "fair_id", "1")
				for i := range 101 {
					id := strconv.Itoa(i)
					write(aside, store.Create, "Stalls", "stall_id", id, "pitch", id, "fair_id", "1")
				}
				write(aside, store.Create, "Sales", "sale_id", "1", "stall_id", "1", "receipt", "1")
				write(aside, store.Create, "Visitors", "visitor_id", "1", "fair_id", "1")
				write(deleter, store.Delete, "Fairs", "fair_id", "1")
				for shard := range s.Shards() {
					for again := true; again; {
						page, err := s.FanOuts(t.Context(), store.DirtyRange{Shard: shard, Limit: 10})
						require.NoError(t, err)
						require.NoError(t, dal.CarryOut(t.Context(), s, page.Marks...))
						again = len(page.Marks) > 0
					}
				}
				g := policyOf(t, contract, dynamostore.PolicyOptions{For: party, Phase: phase, TablePrefix: c.prefix})
				for n := range c.seen {
					require.True(t, g.allows(n.action, n.resource(c.prefix)), n)
				}
				require.Contains(t, c.seen, need{party, "dynamodb:DeleteItem", "Stalls", ""})
				require.Contains(t, c.seen, need{party, "dynamodb:ConditionCheckItem", "Fairs", ""})
			})
		}
	}
}

// quits is a client whose caller goes away once a transaction of it has left a fan-out mark.
type quits struct {
	dynamostore.Client
	cancel func()
}

func (q *quits) TransactWriteItems(ctx context.Context, in *dynamodb.TransactWriteItemsInput, opts ...func(*dynamodb.Options)) (*dynamodb.TransactWriteItemsOutput, error) {
	out, err := q.Client.TransactWriteItems(ctx, in, opts...)
	for _, action := range in.TransactItems {
		if action.Put != nil && action.Put.Item["gone"] != nil {
			q.cancel()
		}
	}
	return out, err
}

// use has one store leave marks, bare, and another carry them out.
func use(t *testing.T, c *transform.Contract, writer, s *dynamostore.Store) {
	at := store.At{Epoch: 1, Lease: new(store.Lease)}
	at.Lease.Extend(1, time.Now(), time.Hour)
	record := func(entity string, values map[string]string) store.Mutation {
		r := c.Entity(entity).NewRecord()
		for name, text := range values {
			v, err := r.Entity().Columns[r.Entity().ColumnIndex(name)].Parse(text)
			require.NoError(t, err)
			require.NoError(t, r.Set(name, v))
		}
		key, err := r.Key()
		require.NoError(t, err)
		return store.Mutation{Op: store.Put, Key: key, Record: r}
	}
	ware := func(name string) store.Mutation {
		return record("Wares", map[string]string{"shop": "s", "number": "1", "name": name, "sold_out": "0", "stock": "1"})
	}
	basket := record("Baskets", map[string]string{"basket_id": "1", "line": "1", "shop": "s", "number": "1", "quantity": "1"})
	for _, m := range []store.Mutation{ware("pen"), basket, ware("ink")} {
		_, err := writer.Write(t.Context(), at, store.Write{Mutations: []store.Mutation{m}})
		require.NoError(t, err)
	}
	_, err := s.Backlog(t.Context())
	require.NoError(t, err)
	for shard := range s.Shards() {
		page, err := s.FanOuts(t.Context(), store.DirtyRange{Shard: shard, Limit: 10})
		require.NoError(t, err)
		for _, f := range page.Marks {
			for _, key := range f.Sources {
				dependents, err := s.Dependents(t.Context(), store.DependentsRange{By: c.Entity(key.Entity).CopiedBy()[0], To: key, Limit: 10})
				require.NoError(t, err)
				require.NoError(t, s.Renew(t.Context(), dependents.Keys))
			}
			require.NoError(t, s.Renew(t.Context(), f.Own))
			require.NoError(t, s.Reach(t.Context(), f, "here"))
			require.NoError(t, s.CleanFanOut(t.Context(), f))
		}
	}
	_, err = s.Copies(t.Context(), []transform.Key{basket.Key})
	require.NoError(t, err)
}
