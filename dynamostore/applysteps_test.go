package dynamostore

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go"
	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/dynamostore/dynamotest"
	"github.com/crossfade-go/crossfade/internal/enginetest"
)

// bare takes out of a request what a table may be without and get later.
func bare(in *dynamodb.CreateTableInput) {
	in.GlobalSecondaryIndexes, in.Tags, in.DeletionProtectionEnabled = nil, nil, nil
	in.AttributeDefinitions = in.AttributeDefinitions[:len(in.KeySchema)]
}

// TestApplyAddsWhatIsMissing to a table that somebody made with its key only.
func TestApplyAddsWhatIsMissing(t *testing.T) {
	enginetest.EachDynamoDB(t, func(t *testing.T, client *dynamodb.Client) {
		s := newSite(t, client, keptFile)
		s.creates(bare)
		plans, err := s.Plan(s.ctx)
		require.NoError(t, err)
		var want []string
		for _, step := range plans[0].Steps {
			want = append(want, step.String())
		}
		for _, must := range []string{"switch time to live on, by attribute ends", "switch deletion protection on", "add index ByUser", "add index ByPlace", "add index ByEnd"} {
			require.Contains(t, want, must)
		}
		require.Empty(t, plans[0].Refused())

		var asked []TablePlan
		require.NoError(t, s.Apply(s.ctx, func(p TablePlan) (bool, error) {
			asked = append(asked, p)
			return false, nil
		}, nil))
		require.Len(t, asked, 2)
		require.Equal(t, plans[0].Steps, asked[0].Steps, "the question names each step")
		now, err := s.Plan(s.ctx)
		require.NoError(t, err)
		require.Equal(t, plans[0].Steps, now[0].Steps, "nobody said yes")

		var told []string
		require.NoError(t, s.Apply(s.ctx, nil, func(p TableStep) {
			if p.Step == "changing" && strings.HasSuffix(p.Table, "Sessions") {
				told = append(told, p.Detail)
			}
		}))
		require.Equal(t, want, told)
		require.Empty(t, s.lines(s.verified()))
	})
}

// TestApplyAddsIndexesOneAtATime, as the service demands, and says what it waits
// for.
func TestApplyAddsIndexesOneAtATime(t *testing.T) {
	srv := dynamotest.Start(t)
	s := newSite(t, srv.Client(), keptFile)
	s.creates(bare)
	srv.Fault(dynamotest.OnOperation("UpdateTable").SettleAfter(3))
	srv.ClearRequests()
	var waits []string
	require.NoError(t, s.Apply(s.ctx, nil, func(p TableStep) {
		if p.Step == "waiting" && strings.Contains(p.Detail, "index") {
			waits = append(waits, p.Detail)
		}
	}))
	require.Equal(t, []string{
		"index ByUser CREATING, being filled from the table", "index ByPlace CREATING, being filled from the table",
		"index ByEnd CREATING, being filled from the table",
	}, waits)
	for _, r := range srv.Requests("UpdateTable") {
		require.Empty(t, r.Error, "each was asked for when the one before was there")
	}
	require.Len(t, srv.Requests("UpdateTable"), 4, "deletion protection and three indexes")
	have, err := s.describe(s.ctx, "test", s.tables[0])
	require.NoError(t, err)
	i := slices.IndexFunc(have.GlobalSecondaryIndexes, func(g types.GlobalSecondaryIndexDescription) bool { return *g.IndexName == "ByPlace" })
	require.EqualValues(t, 2, *have.GlobalSecondaryIndexes[i].ProvisionedThroughput.ReadCapacityUnits)
}

// TestApplyAddsFromTwoSides has several processes add the same at once.
func TestApplyAddsFromTwoSides(t *testing.T) {
	enginetest.EachDynamoDB(t, func(t *testing.T, client *dynamodb.Client) {
		for name, begin := range map[string]func(*site){"from nothing": func(*site) {}, "to a table": func(s *site) { s.creates(bare) }} {
			s := newSite(t, client, keptFile)
			begin(s)
			errs := make([]error, 3)
			var all sync.WaitGroup
			for i := range errs {
				all.Go(func() { errs[i] = s.Apply(s.ctx, nil, nil) })
			}
			all.Wait()
			require.NoError(t, errors.Join(errs...), name)
			require.Empty(t, s.lines(s.verified()), name)
		}
	})
}

// refusals are tables that no addition makes what the contract wants.
var refusals = []struct {
	name   string
	change func(*dynamodb.CreateTableInput)
	why    string
}{
	{"another key", func(in *dynamodb.CreateTableInput) {
		bare(in)
		in.KeySchema = []types.KeySchemaElement{hash("uid")}
		in.AttributeDefinitions = nil
		define(in, "uid", types.ScalarAttributeTypeN)
	}, "attribute id: partition key is uid, wanted is id: a table's key cannot be changed"},
	{"another type of the key", func(in *dynamodb.CreateTableInput) {
		define(in, "id", types.ScalarAttributeTypeS)
	}, "attribute id: attribute type is S, wanted is N: the type of a key attribute cannot be changed"},
	{"another projection", func(in *dynamodb.CreateTableInput) {
		in.GlobalSecondaryIndexes[0].Projection = &types.Projection{ProjectionType: types.ProjectionTypeKeysOnly}
		in.GlobalSecondaryIndexes = in.GlobalSecondaryIndexes[:1]
		in.AttributeDefinitions = in.AttributeDefinitions[:3]
	}, "index ByUser: projection is KEYS_ONLY, wanted is ALL: an index cannot be changed"},
}

// TestApplyRefusesWhatItCannotAdd, with the reason, and does nothing beside.
func TestApplyRefusesWhatItCannotAdd(t *testing.T) {
	for _, c := range refusals {
		t.Run(c.name, func(t *testing.T) {
			enginetest.EachDynamoDB(t, func(t *testing.T, client *dynamodb.Client) {
				s := newSite(t, client, keptFile)
				s.creates(c.change)
				before := s.describes()
				err := s.Apply(s.ctx, func(TablePlan) (bool, error) { return true, errors.New("asked") }, nil)
				require.ErrorIs(t, err, store.ErrInvalid)
				require.Equal(t, store.NotApplied, store.OutcomeOf(err))
				require.ErrorContains(t, err, c.why)
				require.Equal(t, before, s.describes(), "nothing was created or changed")
			})
		})
	}
}

// TestApplyNeverReplaces: what differs and is not wanted otherwise by anybody's
// mistake stays as it is.
func TestApplyNeverReplaces(t *testing.T) {
	srv := dynamotest.Start(t)
	s := newSite(t, srv.Client(), keptFile)
	require.NoError(t, s.Apply(s.ctx, nil, nil))
	other := s.by(srv.Client(), keptFile, `"read": 7 => "read": 70`, `"read": 2 => "read": 20`, `"AWS_MANAGED" => "AWS_OWNED"`,
		`"team": "shop" => "team": "other"`, `"point_in_time_recovery": true, => `, `"deletion_protection": true, => `)
	before := s.describes()
	want := []string{
		"Sessions: read capacity is 7, wanted is 70",
		"Sessions, index ByUser: read capacity is 7, wanted is 70",
		"Sessions, index ByPlace: read capacity is 2, wanted is 20",
		"Sessions, index ByEnd: read capacity is 7, wanted is 70",
		"Sessions: point-in-time recovery is on, wanted is off",
		"Sessions: encryption is arn:aws:kms:us-east-1:000000000000:key/00000000-0000-4000-8000-000000000000, wanted is AWS_OWNED",
		"Sessions: deletion protection is on, wanted is off",
		"Sessions: tag team is shop, wanted is other",
	}
	all, err := other.Verify(s.ctx)
	require.NoError(t, err)
	lines := other.lines(all)
	require.Len(t, lines, len(want), "%s", strings.Join(lines, "\n"))
	for i := range want {
		require.True(t, strings.HasPrefix(lines[i], want[i]), lines[i])
		require.True(t, all[i].Advice && !all[i].Mendable && all[i].Mend != "", lines[i])
	}
	srv.ClearRequests()
	require.NoError(t, other.Apply(s.ctx, func(TablePlan) (bool, error) { return true, errors.New("asked") }, nil))
	require.Equal(t, before, s.describes())
	for _, name := range []string{"UpdateTable", "UpdateTimeToLive", "UpdateContinuousBackups", "TagResource", "DeleteTable", "CreateTable"} {
		require.Empty(t, srv.Requests(name))
	}

	// Another time to live is the one setting that loses data.
	for _, edit := range []string{`"ttl": "ends", => `, `"ttl": "ends" => "ttl": "id2"`} {
		edits := []string{edit}
		if strings.Contains(edit, "id2") {
			edits = append(edits, `"attributes": [ => "attributes": [{"name": "id2", "type": "N", "source_column": "id"},`)
		}
		err = s.by(srv.Client(), keptFile, edits...).Apply(s.ctx, nil, nil)
		require.ErrorIs(t, err, store.ErrInvalid)
		require.ErrorContains(t, err, "time to live is ends, wanted is "+map[bool]string{true: "id2", false: "none"}[len(edits) > 1]+": the service deletes items by it")
	}
}

// without is a client of an engine that lacks some calls, or refuses them.
func without(client *dynamodb.Client, code string, calls ...string) *dynamodb.Client {
	return through(client, func(r *http.Request) (*http.Response, error) {
		if slices.Contains(calls, operation(r)) {
			body := `{"__type":"com.amazon.coral.service#` + code + `"}`
			return &http.Response{StatusCode: 400, Header: http.Header{}, Body: io.NopCloser(bytes.NewBufferString(body)), Request: r}, nil
		}
		return client.Options().HTTPClient.Do(r)
	})
}

// TestWhatAnEngineLacks is told, and is no failure.
func TestWhatAnEngineLacks(t *testing.T) {
	srv := dynamotest.Start(t)
	lacks := without(srv.Client(), "UnknownOperationException", "DescribeContinuousBackups", "UpdateContinuousBackups", "ListTagsOfResource", "TagResource")
	s := newSite(t, srv.Client(), keptFile)
	s.creates(bare)
	var unsupported []string
	require.NoError(t, s.by(lacks, keptFile).Apply(s.ctx, nil, func(p TableStep) {
		if p.Step == "unsupported" {
			unsupported = append(unsupported, p.Detail)
		}
	}))
	require.Empty(t, unsupported, "what can't be seen is not asked for")
	all, err := s.by(lacks, keptFile).Verify(s.ctx)
	require.NoError(t, err)
	const mend = ": the service does not answer (UnknownOperationException (status 400, request )): look at it by other means"
	require.Equal(t, []string{
		"Sessions: point-in-time recovery is not told, wanted is on" + mend,
		"Sessions: tag empty is not told, wanted is " + mend,
		"Sessions: tag env is not told, wanted is test" + mend,
		"Sessions: tag team is not told, wanted is shop" + mend,
	}, s.lines(all))
	require.NoError(t, s.by(lacks, keptFile).Check(s.ctx))

	// One that sees and can't do.
	half := without(srv.Client(), "UnknownOperationException", "UpdateContinuousBackups", "TagResource")
	require.NoError(t, s.by(half, keptFile).Apply(s.ctx, nil, func(p TableStep) {
		if p.Step == "unsupported" {
			unsupported = append(unsupported, p.Detail)
		}
	}))
	require.Equal(t, []string{"switch point-in-time recovery on", "add tag empty=", "add tag env=test", "add tag team=shop"}, unsupported)
}

// TestApplyWithoutPermission fails where it was asked to act, and names the step.
func TestApplyWithoutPermission(t *testing.T) {
	srv := dynamotest.Start(t)
	s := newSite(t, srv.Client(), keptFile)
	err := s.by(without(srv.Client(), "AccessDeniedException", "UpdateContinuousBackups"), keptFile).Apply(s.ctx, nil, nil)
	require.ErrorIs(t, err, store.ErrInvalid)
	require.ErrorContains(t, err, "could not switch point-in-time recovery on; the client's credentials do not allow this")
	var api smithy.APIError
	require.ErrorAs(t, err, &api)

	differences, err := s.by(without(srv.Client(), "AccessDeniedException", "DescribeTimeToLive"), keptFile).Verify(s.ctx)
	require.NoError(t, err)
	require.Equal(t, []string{StepTTL, StepBackups, StepTTL}, []string{differences[0].What, differences[1].What, differences[2].What})
	require.Equal(t, Untold, differences[0].Have)
}

// TestApplyWaitsForOthers: another's change of the table and backups that are not
// ready yet are waited for.
func TestApplyWaitsForOthers(t *testing.T) {
	srv := dynamotest.Start(t)
	s := newSite(t, srv.Client(), keptFile)
	s.creates(bare)
	slow := srv.Fault(dynamotest.OnOperation("UpdateTable").Settle(time.Second).Times(1))
	early := 2
	unready := through(srv.Client(), func(r *http.Request) (*http.Response, error) {
		if operation(r) == "UpdateContinuousBackups" && early > 0 {
			if early--; early == 0 {
				addExtraIndex(t, srv.Client(), s.tableName(s.tables[0])) // somebody else, just now
			}
			body := `{"__type":"com.amazonaws.dynamodb.v20120810#ContinuousBackupsUnavailableException"}`
			return &http.Response{StatusCode: 400, Header: http.Header{}, Body: io.NopCloser(bytes.NewBufferString(body)), Request: r}, nil
		}
		return srv.Client().Options().HTTPClient.Do(r)
	})
	var waits []string
	require.NoError(t, s.by(unready, keptFile).Apply(s.ctx, nil, func(p TableStep) {
		if p.Step == "waiting" && strings.HasSuffix(p.Table, "Sessions") && !strings.HasPrefix(p.Detail, "index") {
			waits = append(waits, p.Detail)
		}
	}))
	require.Equal(t, 1, slow.Hits())
	require.Equal(t, []string{"the table to be ready for backups", "another change of the table"}, waits)
	require.Equal(t, []string{"Sessions, index Extra is there, and the contract does not name it: name it in the contract, or delete it if nothing needs it"}, s.lines(s.verified()))
}

// addExtraIndex adds an index that the contract does not name.
func addExtraIndex(t *testing.T, client *dynamodb.Client, table string) {
	_, err := client.UpdateTable(t.Context(), &dynamodb.UpdateTableInput{
		TableName:            aws.String(table),
		AttributeDefinitions: []types.AttributeDefinition{{AttributeName: aws.String("extra"), AttributeType: types.ScalarAttributeTypeS}},
		GlobalSecondaryIndexUpdates: []types.GlobalSecondaryIndexUpdate{{Create: &types.CreateGlobalSecondaryIndexAction{
			IndexName: aws.String("Extra"), KeySchema: []types.KeySchemaElement{hash("extra")},
			Projection:            &types.Projection{ProjectionType: types.ProjectionTypeAll},
			ProvisionedThroughput: &types.ProvisionedThroughput{ReadCapacityUnits: aws.Int64(1), WriteCapacityUnits: aws.Int64(1)},
		}}},
	})
	require.NoError(t, err)
}

// TestIndexOfATableOfAnotherBilling has the capacity that the table's own billing
// asks for.
func TestIndexOfATableOfAnotherBilling(t *testing.T) {
	enginetest.EachDynamoDB(t, func(t *testing.T, client *dynamodb.Client) {
		s := newSite(t, client, keptFile, `"billing": "PROVISIONED", "capacity": {"read": 7, "write": 3}, => `, `, "capacity": {"read": 2, "write": 1} => `)
		s.creates(func(in *dynamodb.CreateTableInput) {
			bare(in)
			in.BillingMode = types.BillingModeProvisioned
			in.ProvisionedThroughput = &types.ProvisionedThroughput{ReadCapacityUnits: aws.Int64(4), WriteCapacityUnits: aws.Int64(4)}
		})
		require.NoError(t, s.Apply(s.ctx, nil, nil))
		require.Equal(t, []string{"Sessions: billing mode is PROVISIONED, wanted is PAY_PER_REQUEST: say it in the contract, or change it with UpdateTable"}, s.lines(s.verified()))

		s = newSite(t, client, keptFile)
		s.creates(func(in *dynamodb.CreateTableInput) {
			bare(in)
			in.BillingMode, in.ProvisionedThroughput = types.BillingModePayPerRequest, nil
		})
		require.NoError(t, s.Apply(s.ctx, nil, nil))
		require.Equal(t, []string{"Sessions: billing mode is PAY_PER_REQUEST, wanted is PROVISIONED: say it in the contract, or change it with UpdateTable"}, s.lines(s.verified()))
	})
}
