package mysqlstore_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/internal/enginetest"
)

// A copy does not follow the rows that it was made of, so that nobody looks for
// its record when they change.
func TestCheckLiveOfCopies(t *testing.T) {
	enginetest.NeedsRealMySQL(t, "tells of indexes in information_schema")
	const follows = "attribute author_name follows the rows of authors"
	for keep, found := range map[string]bool{"live": true, "copy": false} {
		l := liveLibrary(t, `{"name": "author_name", `, `{"name": "author_name", "keep": {"mysql": "`+keep+`"}, `)
		l.db.MustExec("ALTER TABLE books DROP KEY author")
		texts := ""
		for _, f := range l.live() {
			texts += f + "\n"
		}
		require.Contains(t, texts, "attribute land follows", keep)
		if found {
			require.Contains(t, texts, follows)
		} else {
			require.NotContains(t, texts, follows)
		}
	}
}

// A page goes on behind the last key of the one before it, also where that is a
// number beyond 64 bits with a sign.
func TestCheckDataOfLargeNumbers(t *testing.T) {
	enginetest.NeedsRealMySQL(t, "has a BIGINT UNSIGNED")
	l := &library{t: t, ctx: t.Context(), db: openDB(t, enginetest.MySQL(t))}
	l.db.MustExec("CREATE TABLE codes (id BIGINT UNSIGNED NOT NULL PRIMARY KEY, code VARCHAR(30) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL) ENGINE=InnoDB")
	l.db.MustExec("INSERT INTO codes WITH RECURSIVE d (x) AS (SELECT 0 UNION ALL SELECT x + 1 FROM d WHERE x < 999)" +
		" SELECT 18446744073709550000 + x, CONCAT('code ', x) FROM d")
	l.c = described(t, l.db, keyed)
	require.Empty(t, l.data(nil))
	l.db.MustExec("UPDATE codes SET code = 'code 1' WHERE id = 18446744073709550998")
	require.Equal(t, 1, len(l.data(nil)))
	require.Contains(t, l.data(nil)[0], "[18446744073709550001 = 18446744073709550998]")
}
