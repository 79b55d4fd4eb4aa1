package memmysql_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestWeights: a text has the weights that a server gives it, as MariaDB 10.11 was
// seen to.
func TestWeights(t *testing.T) {
	_, db := start(t, "")
	for _, c := range []struct{ collation, text, want string }{
		{"utf8mb4_unicode_ci", "Zoë", "106A0F820E8B"},
		{"utf8mb4_unicode_ci", "zOE", "106A0F820E8B"},
		{"utf8mb4_general_ci", "é€", "004520AC"},
		{"utf8mb4_general_ci", "\uffe0", "FFE0"},
		{"utf8mb4_unicode_ci", "", ""},
	} {
		var got string
		require.NoError(t, db.QueryRowContext(t.Context(), "SELECT HEX(WEIGHT_STRING(CONVERT(? USING utf8mb4) COLLATE "+c.collation+"))", c.text).Scan(&got), c.text)
		require.Equal(t, c.want, got, "%s under %s", c.text, c.collation)
	}
}
