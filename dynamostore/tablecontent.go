package dynamostore

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/crossfade-go/crossfade/dal/store"
)

// A Content says what a table of the contract holds, as far as one look at a few
// items shows.
type Content struct {
	Table string // with the prefix
	// Empty says that there is nothing at all, not even what a delete leaves. Only a
	// migration that finds every table so when capture begins can fill them by
	// inserts; the others write each record anew.
	Empty bool
	// Of the items looked at, Live are records, Tombstones what deletes left, and
	// Foreign something that the library did not write.
	Live, Tombstones, Foreign int
	// More says that there are more items than were looked at.
	More bool
}

// contentLimit is how many items of a table Contents looks at: few, since what they
// take of a table's capacity is a service's.
const contentLimit = 10

// Contents looks into each table of the contract that is there, by one consistent
// scan of at most 10 items. It leaves the library's own table out, which holds the
// guards and change items.
func (s *Tables) Contents(ctx context.Context) ([]Content, error) {
	var all []Content
	for _, t := range s.contract.Tables {
		name := s.tableName(t)
		var out *dynamodb.ScanOutput
		err := s.patiently(ctx, func() (err error) {
			out, err = s.client.Scan(ctx, &dynamodb.ScanInput{
				TableName: &name, Limit: aws.Int32(contentLimit), ConsistentRead: aws.Bool(true),
				ProjectionExpression:     aws.String("#e, #d"),
				ExpressionAttributeNames: map[string]string{"#e": attrEntity, "#d": attrTombstone},
			})
			return err
		})
		var missing *types.ResourceNotFoundException
		switch {
		case errors.As(err, &missing):
		case err != nil:
			return nil, fail("contents", "", name, store.NoWrite, err)
		default:
			all = append(all, contentOf(name, out))
		}
	}
	return all, nil
}

// contentOf counts what a scan found.
func contentOf(table string, out *dynamodb.ScanOutput) Content {
	c := Content{Table: table, More: len(out.LastEvaluatedKey) > 0}
	for _, it := range out.Items {
		gone, _ := it[attrTombstone].(*types.AttributeValueMemberBOOL)
		switch {
		case gone != nil && gone.Value:
			c.Tombstones++
		case it[attrEntity] != nil:
			c.Live++
		default:
			c.Foreign++
		}
	}
	c.Empty = len(out.Items) == 0 && !c.More
	return c
}
