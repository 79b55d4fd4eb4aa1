package transform_test

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/transform"
)

// TestDigest: what changes items changes the digest, and nothing else does.
func TestDigest(t *testing.T) {
	text, err := os.ReadFile("../dal/testdata/users.json")
	require.NoError(t, err)
	digest := func(old, new string) string {
		require.Contains(t, string(text), old)
		c, err := transform.Load([]byte(strings.Replace(string(text), old, new, 1)))
		require.NoError(t, err)
		return c.Digest()
	}
	same := digest("Users", "Users")
	require.Len(t, same, 32)
	require.Equal(t, same, digest(`"sk": null,`, `"satisfies": ["AP1"], "sk": null,`))
	require.Equal(t, same, digest(`{"name": "email", "type": "varchar",`, `{"type": "varchar", "name": "email",`))
	require.NotEqual(t, same, digest(`"lastLogin"`, `"last_login"`))
	require.NotEqual(t, same, digest(`"projection": "ALL"`, `"projection": "KEYS_ONLY"`))
	require.NotEqual(t, same, digest(`"length": 255`, `"length": 254`))
	require.NotEqual(t, same, digest(`"Users"`, `"People"`))
	require.NotEqual(t, same, digest(`"unique": [`, `"unique": [{"columns": ["last_login"]}, `))
	require.NotEqual(t, same, digest(`"sequence": {"column": "user_id"},`, ``))
}

// TestDigestOfWhatIsMade: it makes a difference how an attribute is joined and
// transformed, and none why.
func TestDigestOfWhatIsMade(t *testing.T) {
	text, err := os.ReadFile("../dynamostore/testdata/shop.json")
	require.NoError(t, err)
	digest := func(old, new string) string {
		require.Contains(t, string(text), old)
		c, err := transform.Load([]byte(strings.Replace(string(text), old, new, 1)))
		require.NoError(t, err)
		return c.Digest()
	}
	same := digest(`"tables"`, `"tables"`)
	require.NotEqual(t, same, digest(`"select_column": "users.username"`, `"select_column": "users.password_hash"`))
	require.NotEqual(t, same, digest(`"CART#{`, `"KART#{`))
	require.Equal(t, same, digest(`"justification": "the cart shows it"`, `"justification": "it is shown"`))
}
