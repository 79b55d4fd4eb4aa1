package versions

import (
	"fmt"
	"strings"

	"github.com/dolthub/go-mysql-server/sql"
)

// duplicate returns the error of a row that another one keeps out, in MySQL's
// words: the engine's own do not name the key.
func (t *table) duplicate(of *tree, row, there sql.Row) error {
	parts := make([]string, len(of.columns))
	for i, c := range of.columns {
		parts[i] = fmt.Sprint(row[c])
		if b, ok := row[c].([]byte); ok {
			parts[i] = string(b)
		}
	}
	return sql.NewUniqueKeyErr(fmt.Sprintf("Duplicate entry '%s' for key '%s.%s'", strings.Join(parts, "-"), t.name, of.name),
		of == t.primary, there.Copy())
}
