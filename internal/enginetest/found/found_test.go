package found

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/internal/engine"
)

func TestMain(m *testing.M) { Main(m) }

// TestDynamoDB: what is found is never a substitute.
func TestDynamoDB(t *testing.T) {
	for _, e := range DynamoDB(t) {
		require.False(t, e.IsSubstitute(), e.Describe())
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
			require.PanicsWithValue(t, v, func() { Missing(v, c.err) })
			require.Equal(t, c.want, v.is)
		})
	}
}

func TestEachEngineIsTriedOnce(t *testing.T) {
	var l Lazy[int]
	tries := 0
	start := func(context.Context) (int, error) { tries++; return 0, errors.New("no") }
	for range 2 {
		_, err := l.Get(time.Minute, start)
		require.EqualError(t, err, "no")
	}
	require.Equal(t, 1, tries)
	require.Zero(t, l.Made())
}

func TestPrefix(t *testing.T) {
	form := regexp.MustCompile(`^[a-z0-9_]{11,29}_$`)
	require.Regexp(t, `^prefix_`, Prefix(t))
	require.NotEqual(t, Prefix(t), Prefix(t))
	for _, name := range []string{"A", "ÄÖ/€ 日本", strings.Repeat("long", 30)} {
		t.Run(name, func(t *testing.T) { require.Regexp(t, form, Prefix(t)) })
	}
}
