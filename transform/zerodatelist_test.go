package transform_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/transform"
)

const loanSchema = `CREATE TABLE readers (id INT PRIMARY KEY, last_loan INT NULL);
	CREATE TABLE loans (id INT PRIMARY KEY, reader INT NOT NULL, due DATE NULL, returned DATETIME(3) NULL, seen TIMESTAMP NULL, KEY (reader))`

const loanContract = `{"source_tables": [{"table": "loans", "primary_key": ["id"], "columns": [{"name": "id", "type": "int"}, {"name": "reader", "type": "int"},
		{"name": "due", "type": "date", "null": true}, {"name": "returned", "type": "datetime", "precision": 3, "null": true},
		{"name": "seen", "type": "timestamp", "null": true}]}],
	"tables": [{"table": "Readers", "type": "single-entity", "source_table": "readers", "pk": "id", "primary_key": ["id"],
	"columns": [{"name": "id", "type": "int"}, {"name": "last_loan", "type": "int", "null": true}],
	"attributes": [{"name": "id", "type": "N", "source_column": "id"}, {"name": "last_loan", "type": "N", "source_column": "last_loan"},
		{"name": "loans", "type": "L", "source_column": "id", "zero_dates": "POLICY", "join": {"type": "json-construction", "target_table": "loans",
			"join_condition": "loans.reader = readers.id", "construction": {"type": "array", "select_columns": {"id": "id", "due": "due", "returned": "returned", "seen": "seen"}}}},
		{"name": "last", "type": "M", "source_column": "last_loan", "zero_dates": "POLICY", "keep": {"dynamodb": "copy"}, "join": {"type": "json-construction",
			"target_table": "loans", "join_condition": "loans.id = readers.last_loan", "construction": {"type": "object", "select_columns": {"id": "id", "due": "due"}}}},
		{"name": "first", "type": "M", "source_column": "last_loan", "keep": {"dynamodb": "copy"}, "join": {"type": "json-construction",
			"target_table": "loans", "join_condition": "loans.id = readers.last_loan", "construction": {"type": "object", "select_columns": {"id": "id"}}}}]}]}`

// newLoans is readers with lists of dates, of which zero ones become what policy
// says.
func newLoans(t *testing.T, policy string) *joins {
	j := newTables(t, loanSchema, strings.ReplaceAll(loanContract, "POLICY", policy))
	j.exec("INSERT INTO readers VALUES (1, 2), (2, 3)")
	j.exec("INSERT INTO loans VALUES (3, 2, '2024-03-10', '2024-03-10 09:30:00.5', '2024-03-10 09:30:00')")
	j.lax("INSERT INTO loans VALUES (1, 1, '0000-00-00', '2024-00-00 00:00:00', '0000-00-00 00:00:00'), (2, 1, '2024-03-00', NULL, NULL)")
	return j
}

// What becomes of zero dates is said of a list or a map for all dates in it, and so
// in the views.
func TestZeroDatesInLists(t *testing.T) {
	const whole = `[{"due": "2024-03-10", "id": 3, "returned": "2024-03-10T09:30:00.500", "seen": "2024-03-10T09:30:00Z"}]`
	for policy, want := range map[string]map[string]string{
		"text": {"last": `{"due": "2024-03-00", "id": 2}`,
			"loans": `[{"due": "0000-00-00", "id": 1, "returned": "2024-00-00T00:00:00.000", "seen": "0000-00-00T00:00:00Z"}, {"due": "2024-03-00", "id": 2}]`},
		"null": {"last": `{"id": 2}`, "loans": `[{"id": 1}, {"id": 2}]`},
	} {
		t.Run(policy, func(t *testing.T) {
			j := newLoans(t, policy)
			j.requireItem("Readers", 1, want)
			j.requireItem("Readers", 2, map[string]string{"loans": whole})
			j.apply()
			j.requireViews()
		})
	}
	j := newLoans(t, "error")
	rows := j.rows("Readers")
	require.ErrorContains(t, rows[0].Err, "column due of loans: a zero or partial date")
	require.NoError(t, rows[1].Err)
}

// A policy that changes nothing is found, and what NULL loses.
func TestZeroDatesInListsFindings(t *testing.T) {
	find := func(contract string) (found []string) {
		_, findings := transform.Check([]byte(contract))
		for _, f := range findings {
			if strings.HasSuffix(f.Pointer, "/zero_dates") {
				found = append(found, f.String())
			}
		}
		return found
	}
	require.Empty(t, find(strings.ReplaceAll(loanContract, "POLICY", "text")))
	require.Equal(t, []string{
		`warning /tables/0/attributes/2/zero_dates: zero and partial dates in loans are left out of it, and do not come back; use "text" to keep them as they are`,
		`warning /tables/0/attributes/3/zero_dates: zero and partial dates in last are left out of it, and do not come back; use "text" to keep them as they are`,
	}, find(strings.ReplaceAll(loanContract, "POLICY", "null")))
	require.Equal(t, []string{`error /tables/0/attributes/4/zero_dates: no field of first is a date; take it out`},
		find(strings.ReplaceAll(strings.Replace(loanContract, `"name": "first", "type": "M",`, `"name": "first", "type": "M", "zero_dates": "text",`, 1), "POLICY", "text")))
}

// What is made of a column of the record's own has what is said of that column.
func TestZeroDatesOfOwnColumns(t *testing.T) {
	made := func(attribute string) []string {
		_, findings := transform.Check([]byte(`[{"table": "Loans", "type": "single-entity", "source_table": "loans", "pk": "id", "primary_key": ["id"],
			"columns": [{"name": "id", "type": "int"}, {"name": "due", "type": "date", "null": true}],
			"attributes": [{"name": "id", "type": "N", "source_column": "id"}, {"name": "due", "type": "S", "source_column": "due", "zero_dates": "text"}, ` + attribute + `]}]`))
		var texts []string
		for _, f := range findings {
			texts = append(texts, f.String())
		}
		return texts
	}
	const mapped = `{"name": "all", "type": "M", "source_column": null%, "join": {"type": "json-construction", "target_table": "loans", "join_condition": "loans.id = loans.id",
		"construction": {"type": "object", "select_columns": {"id": "id", "due": "due"}}}}`
	require.Empty(t, made(strings.Replace(mapped, "%", "", 1)))
	require.Equal(t, []string{`error /0/attributes/2/zero_dates: all is made of columns of the record itself; say it in an attribute that is the column as it is`},
		made(strings.Replace(mapped, "%", `, "zero_dates": "text"`, 1)))
}
