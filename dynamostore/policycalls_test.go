package dynamostore_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go/middleware"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/dynamostore"
	"github.com/crossfade-go/crossfade/dynamostore/dynamotest"
)

// A need is an action of IAM on a table, or on an index of it, that a call asks
// for (Service Authorization Reference, "Actions, resources, and condition keys
// for Amazon DynamoDB").
type need struct {
	party  dynamostore.Party
	action string
	table  string // without the prefix
	index  string
}

func (n need) String() string {
	where := n.table
	if n.index != "" {
		where += "/" + n.index
	}
	return fmt.Sprintf("%s: %s on %s", n.party, n.action, where)
}

// calls are the needs of every call that was made, each with the phases that it
// may have been made in: one, or during a step two.
type calls struct {
	t      *testing.T
	prefix string
	server *dynamotest.Server

	mu     sync.Mutex
	phases []store.Phase
	seen   map[need][][]store.Phase
	served map[string][]string // what the service sends, by table
}

// in says which phases the calls that follow are made in.
func (c *calls) in(phases ...store.Phase) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.phases = phases
}

// client returns a client of the server whose calls are recorded as those of
// one party. No socket lies between: in the bubble of a test time passes only
// while nothing else is to be waited for.
func (c *calls) client(party dynamostore.Party) *dynamodb.Client {
	cfg := c.server.Config()
	return dynamodb.NewFromConfig(cfg, func(o *dynamodb.Options) {
		o.HTTPClient = direct{c.server}
		o.APIOptions = append(o.APIOptions, func(stack *middleware.Stack) error {
			return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("calls", func(
				ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler,
			) (middleware.InitializeOutput, middleware.Metadata, error) {
				c.note(party, middleware.GetOperationName(ctx), in.Parameters)
				return next.HandleInitialize(ctx, in)
			}), middleware.Before)
		})
	})
}

// aside returns a client whose calls nobody records.
func (c *calls) aside() *dynamodb.Client {
	return dynamodb.NewFromConfig(c.server.Config(), func(o *dynamodb.Options) { o.HTTPClient = direct{c.server} })
}

// direct hands requests to the server's handler, which panics to cut a
// connection.
type direct struct{ server *dynamotest.Server }

func (d direct) Do(r *http.Request) (reply *http.Response, err error) {
	defer func() {
		if recover() != nil {
			reply, err = nil, io.ErrUnexpectedEOF
		}
	}()
	w := httptest.NewRecorder()
	d.server.ServeHTTP(w, r)
	return w.Result(), nil
}

// note records what a call needs.
func (c *calls) note(party dynamostore.Party, operation string, in any) {
	needs := needsOf(in)
	c.mu.Lock()
	defer c.mu.Unlock()
	if needs == nil {
		c.t.Errorf("%s calls %s, and this test does not know what that needs", party, operation)
	}
	for _, n := range needs {
		table, ours := strings.CutPrefix(n.table, c.prefix)
		if !ours {
			c.t.Errorf("%s calls %s on table %q", party, operation, n.table)
		}
		n.party, n.table = party, table
		if party == dynamostore.Service && !slices.Contains(c.served[table], operation) {
			c.served[table] = append(c.served[table], operation)
		}
		if !slices.ContainsFunc(c.seen[n], func(p []store.Phase) bool { return slices.Equal(p, c.phases) }) {
			c.seen[n] = append(c.seen[n], c.phases)
		}
	}
}

// needsOf returns what a call needs, nil if it is not known.
func needsOf(in any) []need {
	on := func(action string, table *string) need {
		return need{action: "dynamodb:" + action, table: tableOf(aws.ToString(table))}
	}
	switch in := in.(type) {
	case *dynamodb.GetItemInput:
		return []need{on("GetItem", in.TableName)}
	case *dynamodb.PutItemInput:
		return []need{on("PutItem", in.TableName)}
	case *dynamodb.UpdateItemInput:
		return []need{on("UpdateItem", in.TableName)}
	case *dynamodb.DeleteItemInput:
		return []need{on("DeleteItem", in.TableName)}
	case *dynamodb.ScanInput:
		return []need{on("Scan", in.TableName)}
	case *dynamodb.QueryInput:
		n := on("Query", in.TableName)
		n.index = aws.ToString(in.IndexName)
		return []need{n}
	case *dynamodb.BatchGetItemInput:
		var needs []need
		for table := range in.RequestItems {
			needs = append(needs, on("BatchGetItem", &table))
		}
		return needs
	case *dynamodb.BatchExecuteStatementInput:
		var needs []need
		for _, s := range in.Statements {
			needs = append(needs, statementNeed(aws.ToString(s.Statement)))
		}
		return needs
	case *dynamodb.TransactWriteItemsInput:
		var needs []need
		for _, item := range in.TransactItems {
			needs = append(needs, actionNeed(item, on))
		}
		return needs
	case *dynamodb.DescribeTableInput:
		return []need{on("DescribeTable", in.TableName)}
	case *dynamodb.DescribeTimeToLiveInput:
		return []need{on("DescribeTimeToLive", in.TableName)}
	case *dynamodb.UpdateTimeToLiveInput:
		return []need{on("UpdateTimeToLive", in.TableName)}
	case *dynamodb.DescribeContinuousBackupsInput:
		return []need{on("DescribeContinuousBackups", in.TableName)}
	case *dynamodb.UpdateContinuousBackupsInput:
		return []need{on("UpdateContinuousBackups", in.TableName)}
	case *dynamodb.ListTagsOfResourceInput:
		return []need{on("ListTagsOfResource", in.ResourceArn)}
	case *dynamodb.TagResourceInput:
		return []need{on("TagResource", in.ResourceArn)}
	case *dynamodb.UpdateTableInput:
		return []need{on("UpdateTable", in.TableName)}
	case *dynamodb.CreateTableInput:
		needs := []need{on("CreateTable", in.TableName)}
		if len(in.Tags) > 0 {
			needs = append(needs, on("TagResource", in.TableName))
		}
		return needs
	}
	return nil
}

// tableOf returns the name of a table that a call names by its name or its ARN.
func tableOf(name string) string {
	if _, table, arn := strings.Cut(name, ":table/"); arn {
		return table
	}
	return name
}

// statementNeed is of one statement of PartiQL: only INSERTs are expected.
func statementNeed(text string) need {
	rest, insert := strings.CutPrefix(text, `INSERT INTO "`)
	table, _, _ := strings.Cut(rest, `"`)
	if !insert {
		return need{action: "unknown statement"}
	}
	return need{action: "dynamodb:PartiQLInsert", table: table}
}

// actionNeed is of one action of a transaction: it needs what the call of its
// own would (Developer Guide, "IAM for transactions").
func actionNeed(item types.TransactWriteItem, on func(string, *string) need) need {
	switch {
	case item.Put != nil:
		return on("PutItem", item.Put.TableName)
	case item.Update != nil:
		return on("UpdateItem", item.Update.TableName)
	case item.Delete != nil:
		return on("DeleteItem", item.Delete.TableName)
	}
	return on("ConditionCheckItem", item.ConditionCheck.TableName)
}
