package dal

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// TestHydratedFromUnreadable: a joined record that can't be read is an error, and not
// one that is not there.
func TestHydratedFromUnreadable(t *testing.T) {
	c, err := transform.LoadFile("storetest/testdata/carts.json")
	require.NoError(t, err)
	e := c.Entity("Products")
	rec := e.NewRecord()
	require.NoError(t, rec.Set("category_id", transform.IntValue(1)))
	want := &store.Error{Op: "get many", Entity: "Categories", Kind: ErrInvalid}
	_, err = shown(e.Hydrated()).targets([]transform.Record{rec}, beside{rows: func(keys []transform.Key) ([]store.Row, error) {
		return []store.Row{{Key: keys[0], Live: true, Err: want}}, nil
	}})
	require.Equal(t, error(want), err)
}
