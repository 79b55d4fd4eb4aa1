package dynamostore

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/crossfade-go/crossfade/dal/store"
)

// expiry says what the library's table has for time to live: the attribute, ""
// if it is off.
func (s *Store) expiry(ctx context.Context, op string) (string, error) {
	var out *dynamodb.DescribeTimeToLiveOutput
	err := s.patiently(ctx, func() (err error) {
		out, err = s.client.DescribeTimeToLive(ctx, &dynamodb.DescribeTimeToLiveInput{TableName: &s.library.table})
		return err
	})
	if err != nil {
		return "", fail(op, "", s.library.table, store.NoWrite, err)
	}
	d := out.TimeToLiveDescription
	if d == nil || d.TimeToLiveStatus != types.TimeToLiveStatusEnabled && d.TimeToLiveStatus != types.TimeToLiveStatusEnabling {
		return "", nil
	}
	return aws.ToString(d.AttributeName), nil
}

// keepsForever returns a difference if what has expired stays in the library's
// table. That costs storage, and nothing depends on it.
func (s *Store) keepsForever(ctx context.Context, op string) ([]Difference, error) {
	have, err := s.expiry(ctx, op)
	if err != nil || have == libraryTTL {
		return nil, err
	}
	return []Difference{{
		Table: s.library.table, What: "time to live", Want: libraryTTL, Have: orNone(have), Advice: true,
		Mend: "run migrationctl tables apply",
	}}, nil
}

// expire lets the service take away what has expired in the library's table. Two
// processes may do it at once: the second is refused, and finds it done.
func (a *applying) expire(ctx context.Context) error {
	have, err := a.expiry(ctx, "apply")
	if err != nil || have == libraryTTL {
		return err
	}
	_, err = a.client.UpdateTimeToLive(ctx, &dynamodb.UpdateTimeToLiveInput{
		TableName: &a.library.table,
		TimeToLiveSpecification: &types.TimeToLiveSpecification{
			AttributeName: aws.String(libraryTTL), Enabled: aws.Bool(true),
		},
	})
	if err == nil {
		return nil
	}
	if have, look := a.expiry(ctx, "apply"); look == nil && have == libraryTTL {
		return nil
	}
	return fail("apply", "", a.library.table, store.Unknown, err)
}
