package transform

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/internal/dynamojson"
)

// A computeFile is a file of testdata/compute: a table, its attributes, what rows
// become, and what can't come back of them. The table's key is id where the file
// does not say it.
type computeFile struct {
	Rule       string
	PK, SK     string
	Columns    json.RawMessage
	PrimaryKey []string `json:"primary_key"`
	Attributes json.RawMessage
	Lost       []string // "column: reason"
	Rows       []struct {
		Row   map[string]string // MySQL's texts; a column that is not there is NULL
		Item  json.RawMessage   // in DynamoDB's JSON
		Error string
	}
}

func readComputeFile(t testing.TB, path string) computeFile {
	t.Helper()
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	f := computeFile{PK: "id", PrimaryKey: []string{"id"}}
	require.NoError(t, json.Unmarshal(data, &f), path)
	return f
}

// contract returns the contract that the file is about.
func (f *computeFile) contract() string {
	sk := "null"
	if f.SK != "" {
		sk = fmt.Sprintf("%q", f.SK)
	}
	key, _ := json.Marshal(f.PrimaryKey)
	return fmt.Sprintf(`{"tables": [{"table": "Things", "type": "single-entity", "source_table": "things",
		"pk": %q, "sk": %s, "columns": %s, "primary_key": %s, "attributes": %s}]}`, f.PK, sk, f.Columns, key, f.Attributes)
}

// thing checks a contract and returns its entity.
func thing(t testing.TB, contract string) *Entity {
	t.Helper()
	c, findings := Check([]byte(contract))
	require.NotNil(t, c, "%s", findingLines(findings))
	return c.Entities[0]
}

func findingLines(findings []Finding) string {
	var lines []string
	for _, f := range findings {
		lines = append(lines, f.String())
	}
	return strings.Join(lines, "\n")
}

// rowOf makes a record of MySQL's texts.
func rowOf(t testing.TB, e *Entity, texts map[string]string) Record {
	t.Helper()
	r := e.NewRecord()
	for name, text := range texts {
		v, err := e.Columns[e.ColumnIndex(name)].Parse(text)
		require.NoError(t, err, name)
		require.NoError(t, r.Set(name, v))
	}
	return r
}

// without returns the record without the columns that an item does not keep.
func without(r Record, lost []string) Record {
	r = r.Clone()
	for _, name := range lost {
		r.SetAt(r.entity.ColumnIndex(name), Value{})
	}
	return r
}

// Every calculation over the own row and every transformation, as the contract's
// rules have them.
func TestGoldenComputed(t *testing.T) {
	files, err := filepath.Glob("testdata/compute/*.json")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, path := range files {
		f := readComputeFile(t, path)
		t.Run(filepath.Base(path), func(t *testing.T) {
			e := thing(t, f.contract())
			var lost []string
			for _, l := range e.Losses() {
				lost = append(lost, l.Column+": "+l.Reason)
			}
			require.Equal(t, f.Lost, lost)
			for i, row := range f.Rows {
				r := rowOf(t, e, row.Row)
				item, err := e.Item(r)
				if row.Error != "" {
					require.ErrorContains(t, err, row.Error, "row %d", i)
					continue
				}
				require.NoError(t, err, "row %d", i)
				expected, err := dynamojson.Item(row.Item)
				require.NoError(t, err, "row %d", i)
				require.Equal(t, expected, item, "row %d", i)
				require.Less(t, ItemSize(item), maxItemSize)
				back, err := e.Record(throughDynamoDB(item).(*types.AttributeValueMemberM).Value)
				require.NoError(t, err, "row %d", i)
				want := without(r, e.Lost())
				require.True(t, back.Equal(want), "row %d differs in %v", i, back.Diff(want))
				k, err := r.Key()
				require.NoError(t, err)
				key, err := e.ItemKey(k)
				require.NoError(t, err)
				require.Equal(t, item[f.PK], key[f.PK])
			}
		})
	}
}
