package dynamotest_test

import (
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal"
	"github.com/crossfade-go/crossfade/dal/memstore"
	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/dynamostore"
	"github.com/crossfade-go/crossfade/dynamostore/dynamotest"
	"github.com/crossfade-go/crossfade/migrationctl"
	"github.com/crossfade-go/crossfade/transform"
)

// User is the README's, as far as its test needs it.
type User struct {
	ID         int64          `db:"user_id"`
	Username   string         `db:"username"`
	Email      string         `db:"email"`
	Registered *time.Time     `db:"registration_date"`
	LastLogin  *time.Time     `db:"last_login"`
	Profile    map[string]any `db:"profile_data"`
}

func TestSignUpSurvivesThrottling(t *testing.T) {
	ctx := t.Context()
	contract, err := transform.LoadFile("testdata/contract.json")
	require.NoError(t, err)
	mysql := memstore.New(contract, nil) // or mysqlstore.New with a real MySQL
	require.NoError(t, mysql.Init(ctx))
	srv := dynamotest.Start(t) // ends with the test
	dynamo, err := dynamostore.New(dynamostore.NewClient(srv.Config(), nil), contract, nil)
	require.NoError(t, err)
	require.NoError(t, dynamo.Apply(ctx, nil, nil)) // the contract's tables and indexes
	ctl, err := migrationctl.Open(ctx, mysql, dynamo, nil)
	require.NoError(t, err)
	defer ctl.Close(ctx)
	require.NoError(t, ctl.CaptureOn(ctx, migrationctl.Change{Reason: "test"}))
	require.NoError(t, ctl.SetPhase(ctx, store.DualWrite, migrationctl.Change{Reason: "test"}))
	users, err := dal.NewRepository[User](ctl, "Users")
	require.NoError(t, err)

	hot := srv.Fault(dynamotest.OnTable("Users").Operation("PutItem").Times(3).Throttle(dynamotest.KeyRangeThroughput))
	require.NoError(t, users.Create(ctx, &User{ID: 104, Username: "dora", Email: "dora@example.com"}))
	_, err = ctl.Drain(ctx, nil) // until DynamoDB has everything
	require.NoError(t, err)
	require.Equal(t, 3, hot.Hits())
	reports, err := ctl.Verify(ctx, migrationctl.VerifyOptions{})
	require.NoError(t, err)
	require.True(t, reports[0].Clean())
}

// TestReadmeShowsThisTest holds the README's test to be the one above, letter
// for letter, so that what people copy is what compiles and passes.
func TestReadmeShowsThisTest(t *testing.T) {
	const begin = "func TestSignUpSurvivesThrottling("
	source, err := os.ReadFile("readme_test.go")
	require.NoError(t, err)
	readme, err := os.ReadFile("../../README.md")
	require.NoError(t, err)
	for _, block := range regexp.MustCompile("(?s)```go\n(.*?)```").FindAllStringSubmatch(string(readme), -1) {
		if strings.HasPrefix(block[1], begin) {
			_, after, _ := strings.Cut(string(source), begin)
			body, _, _ := strings.Cut(after, "\n}\n")
			require.Equal(t, begin+body+"\n}\n", block[1])
			return
		}
	}
	t.Fatal("README.md has no Go block with " + begin)
}
