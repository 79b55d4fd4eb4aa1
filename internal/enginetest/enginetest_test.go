package enginetest

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/go-sql-driver/mysql"
	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/internal/engine"
)

func TestMain(m *testing.M) { Main(m) }

func TestMySQL(t *testing.T) {
	a, b := MySQL(t), MySQL(t)
	require.NotEqual(t, a, b)
	db, err := sql.Open("mysql", a)
	require.NoError(t, err)
	defer db.Close()
	isThere := func(dsn string) bool {
		config, err := mysql.ParseDSN(dsn)
		require.NoError(t, err)
		var n int
		require.NoError(t, db.QueryRow(
			"SELECT COUNT(*) FROM information_schema.schemata WHERE schema_name = ?", config.DBName).Scan(&n))
		return n == 1
	}
	var inner string
	t.Run("inner", func(t *testing.T) {
		inner = MySQL(t)
		require.True(t, isThere(inner))
	})
	require.False(t, isThere(inner), "it must be dropped when its test ends")
	require.True(t, isThere(a))
}

func TestDynamoDB(t *testing.T) {
	engines := DynamoDBEngines(t)
	require.Same(t, engines[0].Client(), DynamoDB(t))
	var seen []*dynamodb.Client
	EachDynamoDB(t, func(t *testing.T, client *dynamodb.Client) {
		seen = append(seen, client)
		_, err := client.ListTables(t.Context(), &dynamodb.ListTablesInput{})
		require.NoError(t, err)
		require.NotContains(t, strings.TrimPrefix(t.Name(), "TestDynamoDB/"), "/", "-run could not name it")
	})
	require.Len(t, seen, len(engines))
}

func TestPrefix(t *testing.T) {
	form := regexp.MustCompile(`^[a-z0-9_]{11,29}_$`)
	require.Regexp(t, `^prefix_`, Prefix(t))
	require.NotEqual(t, Prefix(t), Prefix(t))
	for _, name := range []string{"A", "ÄÖ/€ 日本", strings.Repeat("long", 30)} {
		t.Run(name, func(t *testing.T) { require.Regexp(t, form, Prefix(t)) })
	}
}

// A verdict is a test that only keeps how it was ended.
type verdict struct {
	testing.TB
	is string
}

func (v *verdict) Helper()           {}
func (v *verdict) Skip(args ...any)  { v.is = "skip: " + fmt.Sprint(args...); panic(v) }
func (v *verdict) Fatal(args ...any) { v.is = "fail: " + fmt.Sprint(args...); panic(v) }

func TestMissing(t *testing.T) {
	absent := fmt.Errorf("%w: no server", engine.ErrNotFound)
	for name, c := range map[string]struct {
		require string
		err     error
		want    string
	}{
		"not there":            {"", absent, "skip: engine not found: no server"},
		"not there, required":  {"1", absent, "fail: engine not found: no server"},
		"named and broken":     {"", errors.New("refused"), "fail: refused"},
		"required, and broken": {"1", errors.New("refused"), "fail: refused"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv(EnvRequire, c.require)
			v := &verdict{}
			require.PanicsWithValue(t, v, func() { missing(v, c.err) })
			require.Equal(t, c.want, v.is)
		})
	}
}

func TestEachEngineIsTriedOnce(t *testing.T) {
	var l lazy[int]
	tries := 0
	start := func(context.Context, engine.Options) (int, error) { tries++; return 0, errors.New("no") }
	for range 2 {
		_, err := l.get(start)
		require.EqualError(t, err, "no")
	}
	require.Equal(t, 1, tries)
}
