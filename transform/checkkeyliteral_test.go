package transform

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// A key attribute may be the literal that its template is.
func TestLiteralIsTheTemplate(t *testing.T) {
	contract := func(literal string) string {
		return `{"tables": [{"table": "Users", "type": "multi-entity", "source_table": "users", "pk": "PK", "sk": "SK", "entities": [
			{"entity_type": "USER", "source_table": "users", "pk_template": "U#{id}", "sk_template": "PRO{{FILE",
			"columns": [{"name": "id", "type": "int"}], "primary_key": ["id"],
			"attributes": [{"name": "id", "type": "N", "source_column": "id"}, {"name": "SK", "type": "S", "source_column": null, "literal": "` + literal + `"}]}]}]}`
	}
	c, findings := Check([]byte(contract("PRO{FILE")))
	require.NotNil(t, c, "%v", findings)
	c, findings = Check([]byte(contract("OTHER")))
	require.Nil(t, c)
	require.Contains(t, findings[0].String(), `attribute SK does not resolve to "PRO{{FILE"`)
}
