package dynamostore_test

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/dal/storetest"
	"github.com/crossfade-go/crossfade/dynamostore"
	"github.com/crossfade-go/crossfade/dynamostore/dynamotest"
	"github.com/crossfade-go/crossfade/transform"
)

// TestARepeatedDeleteLeavesNoMark: the record was made anew since, and the mark by which the
// delete kept others from referring to it goes when its token tells that it was made before.
func TestARepeatedDeleteLeavesNoMark(t *testing.T) {
	client := dynamotest.Start(t).Client()
	c := storetest.FamilyContract(t)
	s, err := dynamostore.New(client, c, nil)
	require.NoError(t, err)
	ctx := t.Context()
	require.NoError(t, s.Apply(ctx, nil, nil))
	require.NoError(t, s.Init(ctx))
	from, err := s.Phase(ctx)
	require.NoError(t, err)
	to := from
	to.State, to.Epoch, to.Capture = store.Open, from.Epoch+1, true
	to.CaptureEpoch = to.Epoch
	require.NoError(t, s.Advance(ctx, from, to, store.AuditEntry{}))
	lease, since := store.NewLease(nil), time.Now()
	require.NoError(t, s.Grant(ctx, "test", to.Epoch, time.Minute))
	lease.Extend(to.Epoch, since, time.Minute)
	at := store.At{Epoch: to.Epoch, Captured: true, Lease: lease}

	person := c.Entity("People").NewRecord()
	require.NoError(t, person.Set("person_id", transform.IntValue(1)))
	key, err := person.Key()
	require.NoError(t, err)
	write := func(token string, m store.Mutation) store.Written {
		done, err := s.Write(ctx, at, store.Write{Mutations: []store.Mutation{m}, Token: token})
		require.NoError(t, err)
		return done
	}
	write("", store.Mutation{Op: store.Put, Key: key, Record: person})
	read, err := s.Get(ctx, at, key)
	require.NoError(t, err)
	remove := store.Mutation{Op: store.Delete, Key: key, Expect: &read}
	write("removed", remove)
	write("", store.Mutation{Op: store.Put, Key: key, Record: person})
	require.True(t, write("removed", remove).Repeated)

	page, err := client.Scan(ctx, &dynamodb.ScanInput{TableName: aws.String("People"), ConsistentRead: aws.Bool(true)})
	require.NoError(t, err)
	require.Len(t, page.Items, 1)
	require.NotContains(t, page.Items[0], "_cf_m", "the mark of a delete")
}
