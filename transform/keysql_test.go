package transform_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/transform"
)

// A FLOAT in a key has no canonical text that SQL could write; what the others
// have is held against Entity.Key by package mysqlstore, on a server.
func TestKeySQLRefusesFloat(t *testing.T) {
	c, err := transform.Load([]byte(`[{"table": "Floats", "type": "single-entity", "source_table": "t", "pk": "f", "primary_key": ["f"],
		"columns": [{"name": "f", "type": "double"}], "attributes": [{"name": "f", "type": "N", "source_column": "f"}]}]`))
	require.NoError(t, err)
	_, err = c.Entities[0].KeySQL(func(c *transform.Column) string { return "NEW.`" + c.Name + "`" })
	var fault *transform.ValueError
	require.ErrorAs(t, err, &fault)
	require.Equal(t, "f", fault.Column)
	require.ErrorContains(t, err, "a key of type double")
}
