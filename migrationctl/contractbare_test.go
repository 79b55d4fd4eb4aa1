package migrationctl_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/dal/storetest"
	"github.com/crossfade-go/crossfade/dynamostore"
	"github.com/crossfade-go/crossfade/internal/enginetest"
	"github.com/crossfade-go/crossfade/migrationctl"
	"github.com/crossfade-go/crossfade/transform"
)

// TestContractInPhaseFiveBare: in phase 5 without capture nothing would make the guards
// and edges of old records that another contract asks for. A process with such a one is
// refused and told why, before and after capture is switched on again; one with a
// contract that differs in something else is not.
func TestContractInPhaseFiveBare(t *testing.T) {
	enginetest.EachDynamoDB(t, func(t *testing.T, client *dynamodb.Client) {
		w, attic := newDynamoWorldOf(t, client, storetest.FamilyContract(t))
		p := w.lead(t, store.DynamoDBOnly)
		newFamily(t, p).settle(t, 1)
		prefix := (*attic.table)[:len(*attic.table)-len(dynamostore.LibraryTable)]
		stores := func(change func(c *transform.Contract)) (migrationctl.MySQL, migrationctl.DynamoDB) {
			c := storetest.FamilyContract(t)
			change(c)
			dynamo, err := dynamostore.New(client, c, &dynamostore.Options{TablePrefix: prefix})
			require.NoError(t, err)
			return migrationctl.WithoutMySQL(c), dynamo
		}
		column := func(e *transform.Entity, name string) *transform.Column { return &e.Columns[e.ColumnIndex(name)] }
		mysql, dynamo := stores(func(c *transform.Contract) { c.Entity("Pets").Unique = nil })
		op, err := migrationctl.NewOperator(mysql, dynamo, nil)
		require.NoError(t, err)
		require.ErrorContains(t, op.CaptureOff(t.Context(), migrationctl.Change{}), "captured under another contract", "it would be remembered")
		require.NoError(t, p.CaptureOff(t.Context(), migrationctl.Change{}))
		for name, change := range map[string]func(c *transform.Contract){
			"gains a unique value": func(c *transform.Contract) {
				e := c.Entity("Toys")
				e.Unique = append(e.Unique, transform.Unique{Name: "note", Columns: []int{e.ColumnIndex("note")}})
			},
			"loses a unique value":           func(c *transform.Contract) { c.Entity("Pets").Unique = nil },
			"loses a reference":              func(c *transform.Contract) { c.Entity("Pets").References = c.Entity("Pets").References[:1] },
			"compares a unique value anyhow": func(c *transform.Contract) { column(c.Entity("Pets"), "chip").Collation = "utf8mb4_general_ci" },
			"has another key of the target":  func(c *transform.Contract) { column(c.Entity("People"), "person_id").SQLType = "bigint" },
		} {
			mysql, dynamo := stores(change)
			_, err := migrationctl.Open(t.Context(), mysql, dynamo, nil)
			require.ErrorIs(t, err, store.ErrInvalid, name)
			require.ErrorContains(t, err, "unique columns or references")
			op, err := migrationctl.NewOperator(mysql, dynamo, nil)
			require.NoError(t, err)
			require.ErrorIs(t, op.CaptureOn(t.Context(), migrationctl.Change{}), store.ErrInvalid, name)
		}
		require.NoError(t, p.Close(context.Background()))

		mysql, dynamo = stores(func(c *transform.Contract) {
			column(c.Entity("Toys"), "note").Length++
			slices.Reverse(c.Entity("Pets").References)
		})
		next, err := migrationctl.Open(t.Context(), mysql, dynamo, nil)
		require.NoError(t, err)
		// What p sent and never had an answer to may count it as one of the fleet for a
		// while, with its contract: see Controller.Close.
		require.Eventually(t, func() bool {
			err = next.CaptureOn(t.Context(), migrationctl.Change{})
			return !errors.As(err, new(*migrationctl.RefusedError))
		}, time.Minute, migrationctl.RenewEvery)
		require.NoError(t, err)
		require.NoError(t, next.Close(context.Background()))
		mysql, dynamo = stores(func(*transform.Contract) {})
		_, err = migrationctl.Open(t.Context(), mysql, dynamo, nil)
		require.ErrorContains(t, err, "captured under another contract")
	})
}
