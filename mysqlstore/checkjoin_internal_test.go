package mysqlstore

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/transform"
)

// utf8 is what older servers call utf8mb3.
func TestCharsetOf(t *testing.T) {
	for collation, want := range map[string]string{"utf8_general_ci": "utf8mb3", "utf8mb3_general_ci": "utf8mb3", "utf8mb4_bin": "utf8mb4", "binary": "binary"} {
		require.Equal(t, want, charsetOf(collation), collation)
	}
}

// A number stands in a statement as one, however large: beside a text MySQL makes
// floating point numbers of both.
func TestKeyArgument(t *testing.T) {
	number := &transform.Column{Kind: transform.Int, SQLType: "bigint", Unsigned: true}
	require.Equal(t, int64(9223372036854775807), keyArgument(number, "9223372036854775807"))
	require.Equal(t, uint64(18446744073709551615), keyArgument(number, "18446744073709551615"))
	require.Equal(t, int64(-5), keyArgument(&transform.Column{Kind: transform.Int, SQLType: "int"}, "-5"))
	require.Equal(t, "7", keyArgument(&transform.Column{Kind: transform.Text, SQLType: "varchar"}, "7"))
}
