package dynamostore

import (
	"context"
	"encoding/json"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/internal/enginetest"
	"github.com/crossfade-go/crossfade/transform"
)

// Contracts of tables: the smallest, one with all that a table may have, and one of
// several tables that a Store does not take yet.
const (
	notesFile = "testdata/notes.json"
	keptFile  = "testdata/kept.json"
	shopFile  = "testdata/shop.json"
)

// A site is where the tables of one test are.
type site struct {
	*testing.T
	*Tables
	real *dynamodb.Client
	ctx  context.Context
}

// newSite returns the tables of a contract's file, with edits, each "old => new".
func newSite(t *testing.T, client *dynamodb.Client, file string, edits ...string) *site {
	t.Helper()
	// An engine whose index is never filled fails a test, and does not stop it.
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	s := &site{T: t, real: client, ctx: ctx, Tables: tablesAt(t, client, enginetest.Prefix(t), file, edits...)}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		for _, table := range s.tables {
			name := s.tableName(table)
			// DynamoDB Local fills no index of any table any more once a table was
			// deleted under one that it was filling.
			for have, err := s.describe(ctx, "test", table); err == nil && have != nil && underWay(have) && sleep(ctx, waitShort); {
				have, err = s.describe(ctx, "test", table)
			}
			_, _ = client.UpdateTable(ctx, &dynamodb.UpdateTableInput{TableName: &name, DeletionProtectionEnabled: aws.Bool(false)})
			_, _ = client.DeleteTable(ctx, &dynamodb.DeleteTableInput{TableName: &name})
		}
	})
	return s
}

func tablesAt(t *testing.T, client Client, prefix, file string, edits ...string) *Tables {
	t.Helper()
	data, err := os.ReadFile(file)
	require.NoError(t, err)
	text := string(data)
	for _, edit := range edits {
		old, changed, found := strings.Cut(edit, " => ")
		require.True(t, found, edit)
		require.Contains(t, text, old)
		text = strings.Replace(text, old, changed, 1)
	}
	c, err := transform.Load([]byte(text))
	require.NoError(t, err)
	tables, err := NewTables(client, c, &Options{TablePrefix: prefix, PollInterval: 50 * time.Millisecond})
	require.NoError(t, err)
	return tables
}

// by returns the same tables through another client and, with edits, of another
// contract.
func (s *site) by(client Client, file string, edits ...string) *site {
	s.Helper()
	other := *s
	other.Tables = tablesAt(s.T, client, s.opts.TablePrefix, file, edits...)
	return &other
}

// verified returns the differences, but for what the engine does not tell.
func (s *site) verified() []Difference {
	s.Helper()
	all, err := s.Verify(s.ctx)
	require.NoError(s, err)
	return slices.DeleteFunc(all, func(d Difference) bool {
		if d.Have == Untold {
			require.True(s, d.Advice, d.String())
		}
		// DynamoDB Local takes a key and forgets it.
		return d.Have == Untold || d.What == "encryption" && d.Advice
	})
}

// lines returns differences as the steps and the words that tests compare.
func (s *site) lines(differences []Difference) []string {
	lines := []string{}
	for _, d := range differences {
		lines = append(lines, strings.TrimPrefix(d.String(), "table "+s.opts.TablePrefix))
	}
	return lines
}

// creates makes the first table, and not all that the contract wants of it.
func (s *site) creates(change func(*dynamodb.CreateTableInput)) {
	s.Helper()
	in := s.createInput(s.tables[0])
	change(in)
	_, err := s.real.CreateTable(s.ctx, in)
	require.NoError(s, err)
	s.active(in.TableName)
}

// active waits until a table is.
func (s *site) active(name *string) {
	s.Helper()
	waiter := dynamodb.NewTableExistsWaiter(s.real, func(o *dynamodb.TableExistsWaiterOptions) { o.MinDelay, o.MaxDelay = waitShort, waitShort })
	require.NoError(s, waiter.Wait(s.ctx, &dynamodb.DescribeTableInput{TableName: name}, waitLong))
}

// describes returns what the service says of the tables, without names, times and
// identifiers.
func (s *site) describes() string {
	s.Helper()
	var all []any
	for _, t := range s.tables {
		have, err := s.describe(s.ctx, "test", t)
		require.NoError(s, err)
		if have == nil {
			all = append(all, nil)
			continue
		}
		settings, err := s.settings(s.ctx, "test", t, have)
		require.NoError(s, err)
		slices.SortFunc(have.AttributeDefinitions, func(a, b types.AttributeDefinition) int { return strings.Compare(*a.AttributeName, *b.AttributeName) })
		slices.SortFunc(have.GlobalSecondaryIndexes, func(a, b types.GlobalSecondaryIndexDescription) int {
			return strings.Compare(*a.IndexName, *b.IndexName)
		})
		var indexes []any
		for _, g := range have.GlobalSecondaryIndexes {
			indexes = append(indexes, []any{g.IndexName, g.KeySchema, g.Projection, g.ProvisionedThroughput.ReadCapacityUnits, g.ProvisionedThroughput.WriteCapacityUnits, g.IndexStatus})
		}
		all = append(all, t.Name, have.TableStatus, have.KeySchema, have.AttributeDefinitions, indexes, have.ProvisionedThroughput.ReadCapacityUnits,
			have.ProvisionedThroughput.WriteCapacityUnits, haveBilling(have), have.DeletionProtectionEnabled, settings.ttl.value, settings.backups.value,
			slices.Sorted(maps.Keys(settings.tags.value)))
	}
	text, err := json.Marshal(all)
	require.NoError(s, err)
	return string(text)
}

// TestTablesOfContracts takes contracts through Plan, Apply and Verify, twice.
func TestTablesOfContracts(t *testing.T) {
	for _, file := range []string{notesFile, keptFile, shopFile} {
		t.Run(file, func(t *testing.T) {
			enginetest.EachDynamoDB(t, func(t *testing.T, client *dynamodb.Client) {
				s := newSite(t, client, file)
				plans, err := s.Plan(s.ctx)
				require.NoError(t, err)
				require.Len(t, plans, len(s.contract.Tables)+1)
				for i, p := range plans {
					require.False(t, p.Exists())
					require.Same(t, s.tables[i], p.Wanted)
					require.Equal(t, "create the table", p.Steps[0].String())
				}
				for _, d := range s.verified() {
					require.Equal(t, "table", d.What)
				}
				for range 2 {
					require.NoError(t, s.Apply(s.ctx, nil, nil))
					require.Empty(t, s.lines(s.verified()))
				}
				plans, err = s.Plan(s.ctx)
				require.NoError(t, err)
				for _, p := range plans {
					require.True(t, p.Exists())
					require.Empty(t, p.Refused())
				}
				contents, err := s.Contents(s.ctx)
				require.NoError(t, err)
				require.Len(t, contents, len(s.contract.Tables))
				for _, c := range contents {
					require.True(t, c.Empty)
				}
			})
		})
	}
}

// TestNotesTable is as the guide wants it: two keys of text, 5 units of each
// capacity.
func TestNotesTable(t *testing.T) {
	enginetest.EachDynamoDB(t, func(t *testing.T, client *dynamodb.Client) {
		s := newSite(t, client, notesFile)
		require.NoError(t, s.Apply(s.ctx, nil, nil))
		have, err := s.describe(s.ctx, "test", s.tables[0])
		require.NoError(t, err)
		require.Equal(t, types.TableStatusActive, have.TableStatus)
		require.Equal(t, []types.KeySchemaElement{hash("userId"), sorted("noteId")}, have.KeySchema)
		require.EqualValues(t, 5, *have.ProvisionedThroughput.ReadCapacityUnits)
		require.EqualValues(t, 5, *have.ProvisionedThroughput.WriteCapacityUnits)
		require.Len(t, have.AttributeDefinitions, 2)
	})
}

// TestKeptTable has all that the contract says, where the engine knows it.
func TestKeptTable(t *testing.T) {
	enginetest.EachDynamoDB(t, func(t *testing.T, client *dynamodb.Client) {
		s := newSite(t, client, keptFile)
		plans, err := s.Plan(s.ctx)
		require.NoError(t, err)
		var steps []string
		for _, step := range plans[0].Steps {
			steps = append(steps, step.String())
		}
		require.Equal(t, []string{"create the table", "switch time to live on, by attribute ends", "switch point-in-time recovery on"}, steps)
		var unsupported []string
		require.NoError(t, s.Apply(s.ctx, nil, func(p TableStep) {
			if p.Step == "unsupported" {
				unsupported = append(unsupported, p.Detail)
			}
		}))
		have, err := s.describe(s.ctx, "test", s.tables[0])
		require.NoError(t, err)
		require.True(t, *have.DeletionProtectionEnabled)
		settings, err := s.settings(s.ctx, "test", s.tables[0], have)
		require.NoError(t, err)
		require.Equal(t, told[string]{value: "ends"}, settings.ttl)
		if settings.backups.why == "" {
			require.Empty(t, unsupported)
			require.True(t, settings.backups.value)
			require.Equal(t, types.SSEStatusEnabled, have.SSEDescription.Status)
		} else {
			require.Equal(t, []string{"switch point-in-time recovery on"}, unsupported)
		}
		if settings.tags.why == "" {
			require.Equal(t, map[string]string{"team": "shop", "env": "test", "empty": ""}, settings.tags.value)
		}
	})
}

// TestContents counts what is in tables, whoever put it there.
func TestContents(t *testing.T) {
	enginetest.EachDynamoDB(t, func(t *testing.T, client *dynamodb.Client) {
		f := newFixture(t, client)
		contents, err := f.Contents(f.ctx)
		require.NoError(t, err)
		require.Empty(t, contents, "tables that are not there have none")
		require.NoError(t, f.Apply(f.ctx, nil, nil))
		users := func() Content {
			all, err := f.Contents(f.ctx)
			require.NoError(t, err)
			require.Len(t, all, 2, "the library's own is not one of them")
			require.True(t, all[1].Empty)
			require.Equal(t, f.places["Users"].table, all[0].Table)
			all[0].Table = ""
			return all[0]
		}
		require.Equal(t, Content{Empty: true}, users())
		f.put(f.gone(f.user(1), 7), true)
		require.Equal(t, Content{Tombstones: 1}, users(), "what a delete left is something")
		f.put(f.row(f.user(2), 7), true)
		f.rawPut(f.users, item{"userId": number(3)})
		require.Equal(t, Content{Tombstones: 1, Live: 1, Foreign: 1}, users())
		for id := range 10 {
			f.put(f.row(f.user(10+id), 7), true)
		}
		c := users()
		require.True(t, c.More)
		require.Equal(t, contentLimit, c.Live+c.Tombstones+c.Foreign)
	})
}
