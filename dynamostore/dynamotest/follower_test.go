package dynamotest_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/storetest"
	"github.com/crossfade-go/crossfade/dynamostore"
	"github.com/crossfade-go/crossfade/dynamostore/dynamotest"
	"github.com/crossfade-go/crossfade/internal/enginetest/found"
	"github.com/crossfade-go/crossfade/transform"
)

// TestFollower runs the suite for stores on a store whose engine is dynamotest.
func TestFollower(t *testing.T) {
	client := dynamotest.Start(t).Client()
	storetest.RunFollower(t, storetest.Harness{
		New: func(t testing.TB, c *transform.Contract) storetest.Subject {
			options := &dynamostore.Options{TablePrefix: found.Prefix(t)}
			open := func(t testing.TB) storetest.Subject {
				s, err := dynamostore.New(client, c, options)
				require.NoError(t, err)
				return storetest.Subject{Follower: s}
			}
			subject := open(t)
			require.NoError(t, subject.Follower.(*dynamostore.Store).Apply(t.Context(), nil, nil))
			subject.Other = open
			return subject
		},
		Lag: time.Second,
	})
}
