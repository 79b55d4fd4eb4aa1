package local_test

import (
	"context"
	"errors"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dynamostore"
	"github.com/crossfade-go/crossfade/internal/enginetest"
	"github.com/crossfade-go/crossfade/transform"
)

func TestMain(m *testing.M) { enginetest.Main(m) }

// contracts are those of the examples, and at which of the calls that apply makes it is
// killed, from the first by so many.
var contracts = map[string]struct {
	file string
	by   int64
}{
	"notes": {"../../notes/contract.json", 1},
	"shop":  {"../../shop/contract.json", 6},
}

// newTables returns the tables of a contract, which are deleted when the test ends, and a
// way to ask for them through another client.
func newTables(t *testing.T, client *dynamodb.Client, file string) func(dynamostore.Client) *dynamostore.Tables {
	t.Helper()
	c, err := transform.LoadFile(file)
	require.NoError(t, err)
	prefix := enginetest.Prefix(t)
	t.Cleanup(func() {
		names := []string{dynamostore.LibraryTable}
		for _, table := range c.Tables {
			names = append(names, table.Name)
		}
		for _, name := range names {
			_, _ = client.DeleteTable(context.Background(), &dynamodb.DeleteTableInput{TableName: aws.String(prefix + name)})
		}
	})
	return func(client dynamostore.Client) *dynamostore.Tables {
		tables, err := dynamostore.NewTables(client, c, &dynamostore.Options{TablePrefix: prefix, PollInterval: 10 * time.Millisecond})
		require.NoError(t, err)
		return tables
	}
}

// requireWanted holds that the tables are as the contract wants them, and that nothing is
// left to do. What an engine does not tell is no difference.
func requireWanted(t *testing.T, tables *dynamostore.Tables) {
	t.Helper()
	differences, err := tables.Verify(t.Context())
	require.NoError(t, err)
	for _, d := range differences {
		require.True(t, d.Advice && d.Have == dynamostore.Untold, d.String())
	}
	plans, err := tables.Plan(t.Context())
	require.NoError(t, err)
	for _, p := range plans {
		require.True(t, p.Exists(), p.Table)
		require.Empty(t, p.Refused())
		for _, step := range p.Steps {
			require.Equal(t, dynamostore.StepBackups, step.What, "%s, of which this engine knows nothing: %s", p.Table, step)
		}
	}
}

// TestTables takes the examples' own contracts through plan, apply and verify, twice.
func TestTables(t *testing.T) {
	for name, c := range contracts {
		t.Run(name, func(t *testing.T) {
			enginetest.EachDynamoDB(t, func(t *testing.T, client *dynamodb.Client) {
				tables := newTables(t, client, c.file)(client)
				plans, err := tables.Plan(t.Context())
				require.NoError(t, err)
				for _, p := range plans {
					require.False(t, p.Exists(), p.Table)
					require.Equal(t, "create the table", p.Steps[0].String())
				}
				differences, err := tables.Verify(t.Context())
				require.NoError(t, err)
				require.Len(t, differences, len(plans), "each table is missing")
				for range 2 {
					require.NoError(t, tables.Apply(t.Context(), nil, nil))
					requireWanted(t, tables)
				}
			})
		})
	}
}

// A death is a transport of a process that is killed at a call: before it reaches the
// service or, with late, after it took effect. No later one is made.
type death struct {
	client *dynamodb.Client
	at     int64
	late   bool
	calls  atomic.Int64
}

var errKilled = errors.New("the process is dead")

func (d *death) Do(r *http.Request) (*http.Response, error) {
	n := d.calls.Add(1)
	if n > d.at || n == d.at && !d.late {
		return nil, errKilled
	}
	out, err := d.client.Options().HTTPClient.Do(r)
	if err == nil && n == d.at {
		out.Body.Close()
		return nil, errKilled
	}
	return out, err
}

// TestTablesKilled: wherever apply is killed, a second one ends with the same tables.
func TestTablesKilled(t *testing.T) {
	for name, c := range contracts {
		t.Run(name, func(t *testing.T) {
			enginetest.EachDynamoDB(t, func(t *testing.T, client *dynamodb.Client) {
				killed := 0
				for n := int64(1); ; n += c.by {
					by := newTables(t, client, c.file)
					d := &death{client: client, at: n, late: killed%2 == 1}
					err := by(dynamodb.New(client.Options(), func(o *dynamodb.Options) { o.HTTPClient, o.Retryer = d, aws.NopRetryer{} })).Apply(t.Context(), nil, nil)
					if d.calls.Load() < n {
						require.NoError(t, err)
						break
					}
					killed++
					require.ErrorIs(t, err, errKilled, "call %d", n)
					require.NoError(t, by(client).Apply(t.Context(), nil, nil), "after call %d", n)
					requireWanted(t, by(client))
				}
				require.GreaterOrEqual(t, killed, 5)
			})
		})
	}
}
