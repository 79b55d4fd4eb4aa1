package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/transform"
)

// exported are the contracts whose documents are looked at. The first is what a
// contract starts with, the last has everything that it can say of a table.
func exported() map[string]string {
	return map[string]string{
		"notes":  "testdata/notes.json",
		"shop":   "../../../dynamostore/testdata/shop.json",
		"export": "testdata/export.json",
	}
}

// exportOf runs tables export on a contract.
func exportOf(t *testing.T, contract, format string, more ...string) string {
	t.Helper()
	isolateAWS(t)
	code, out, errs := call(t.Context(), environment{}, append([]string{"tables", "export", "--contract", contract, "--format", format}, more...)...)
	require.Equal(t, exitDone, code, errs)
	return out
}

// TestExportGolden holds that a document changes only where someone means it to,
// and is the same each time. What is in testdata/export is made by the command
// that the failure names.
func TestExportGolden(t *testing.T) {
	for name, contract := range exported() {
		for format, extension := range map[string]string{formatCloudFormation: ".template.json", formatTerraform: ".tf"} {
			file := filepath.Join("testdata", "export", name+extension)
			want, err := os.ReadFile(file)
			require.NoError(t, err)
			got := exportOf(t, contract, format)
			require.Equal(t, string(want), got, "go run . tables export --contract %s --format %s > %s", contract, format, file)
			require.Equal(t, got, exportOf(t, contract, format))
		}
	}
}

// TestExportCommand holds what the command takes and prints.
func TestExportCommand(t *testing.T) {
	isolateAWS(t)
	for _, args := range [][]string{{"--format", "pulumi"}, {}} {
		code, _, errs := call(t.Context(), environment{}, append([]string{"tables", "export", "--contract", "testdata/notes.json"}, args...)...)
		require.Equal(t, exitSetup, code)
		require.Contains(t, errs, "give cloudformation or terraform")
	}
	code, _, errs := call(t.Context(), environment{}, "tables", "export", "--contract", "testdata/notes.json", "--format", formatTerraform, "--table-prefix", "a b")
	require.Equal(t, exitFound, code)
	require.Contains(t, errs, `"a bnotes"`)

	var doc exportDoc
	out := exportOf(t, "testdata/notes.json", formatCloudFormation, "--json", "--table-prefix", "prod-")
	require.NoError(t, json.Unmarshal([]byte(out), &doc))
	require.Equal(t, []string{"prod-notes", "prod-crossfade"}, doc.Tables)
	require.Contains(t, doc.Document, `"TableName": "prod-notes"`)
	require.Contains(t, doc.Document, `"NotesReadTarget"`, "ids are without the prefix: a stage's template is another's")
}

// TestExportTooLarge: what CloudFormation would refuse is refused here, with what
// to do.
func TestExportTooLarge(t *testing.T) {
	c := &transform.Contract{}
	for i := range 70 {
		c.Tables = append(c.Tables, &transform.Table{Name: "table" + strings.Repeat("x", i+1), Billing: transform.PayPerRequest,
			PK: transform.KeyAttribute{Name: "id", Type: "S"}})
	}
	e, err := newExport(c, "")
	require.NoError(t, err)
	_, err = e.cloudFormation()
	require.ErrorContains(t, err, "CloudFormation takes 500; use --format terraform")
	_, err = e.terraform()
	require.NoError(t, err)
}

// TestExportNames: whatever tables are called, each thing has an identifier of its
// own that its format takes, and the first keeps the plain one.
func TestExportNames(t *testing.T) {
	long := strings.Repeat("long", 64)
	words := [][]string{{"order-items"}, {"order_items"}, {"Order.Items"}, {"OrderItems"}, {"order", "items"}, {"---"}, {"..."}, {"2go"}, {"_go"}, {long}, {long + "x"}, {long, "y"}, {"für"}}
	for _, n := range []struct {
		names *names
		form  string
		first string
	}{{newLogicalIDs(), `^[A-Za-z0-9]{1,255}$`, "OrderItems"}, {newLabels(), `^[a-z][a-z0-9_]{0,254}$`, "order_items"}} {
		seen := map[string]bool{}
		for i, w := range words {
			id := n.names.of(w...)
			require.Regexp(t, n.form, id)
			require.False(t, seen[id], "%s twice", id)
			seen[id] = true
			if i == 0 {
				require.Equal(t, n.first, id)
			}
		}
	}
}
