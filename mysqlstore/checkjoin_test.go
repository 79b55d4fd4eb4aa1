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

// A column that two conditions compare is looked up by once: no index has it twice.
func TestCheckLiveOfOneColumnTwice(t *testing.T) {
	enginetest.NeedsRealMySQL(t, "tells of indexes in information_schema")
	l := liveLibrary(t, `"target_table": "authors",
              "join_condition": "books.author_id = authors.id", "select_column": "name"`,
		`"target_table": "chapters",
              "join_condition": "books.author_id = chapters.book_id AND chapters.n = books.author_id", "select_column": "title"`,
		`"join_condition": "chapters.book_id = books.id"`, `"join_condition": "chapters.book_id = books.id AND chapters.book_id = books.part_of"`)
	require.Empty(t, l.live())
	l.db.MustExec("ALTER TABLE books DROP KEY author")
	require.Contains(t, l.live(), "warning /tables/0/entities/0/attributes/9 attribute author_name follows the rows of chapters,"+
		" and no index of books begins with author_id: each change there reads the whole table")
}
