package transform_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/transform"
)

const wideSchema = `CREATE TABLE boxes (id INT PRIMARY KEY, n INT NOT NULL);
	CREATE TABLE loads (id INT PRIMARY KEY, box INT NOT NULL, huge DECIMAL(65,30) NULL, long40 DECIMAL(40,10) NULL, fine DECIMAL(30,28) NULL,
		price DECIMAL(10,2) NULL, big BIGINT NULL)`

// wideContract has an aggregate of each operation over each column; the type is S
// where the sum may have more than 38 digits.
func wideContract() string {
	aggregate := func(name, typ, operation, column string) string {
		return `, {"name": "` + name + `", "type": "` + typ + `", "source_column": "id", "calculation": {"type": "aggregate", "target_table": "loads",
			"join_condition": "loads.box = boxes.id", "operation": "` + operation + `", "select_column": "` + column + `"}}`
	}
	return `{"source_tables": [{"table": "loads", "primary_key": ["id"], "columns": [{"name": "id", "type": "int"}, {"name": "box", "type": "int"},
		{"name": "huge", "type": "decimal", "precision": 65, "scale": 30, "null": true}, {"name": "long40", "type": "decimal", "precision": 40, "scale": 10, "null": true},
		{"name": "fine", "type": "decimal", "precision": 30, "scale": 28, "null": true}, {"name": "price", "type": "decimal", "precision": 10, "scale": 2, "null": true},
		{"name": "big", "type": "bigint", "null": true}]}],
		"tables": [{"table": "Boxes", "type": "single-entity", "source_table": "boxes", "pk": "id", "primary_key": ["id"],
		"columns": [{"name": "id", "type": "int"}, {"name": "n", "type": "int"}],
		"attributes": [{"name": "id", "type": "N", "source_column": "id"}, {"name": "n", "type": "N", "source_column": "n"}` +
		aggregate("hugeSum", "S", "SUM", "huge") + aggregate("hugeMax", "S", "MAX", "huge") + aggregate("hugeAvg", "S", "AVG", "huge") +
		aggregate("longSum", "S", "SUM", "long40") + aggregate("longAvg", "S", "AVG", "long40") +
		aggregate("fineAvg", "N", "AVG", "fine") + aggregate("fineSum", "S", "SUM", "fine") +
		aggregate("priceSum", "N", "SUM", "price") + aggregate("priceSumText", "S", "SUM", "price") + aggregate("priceAvg", "N", "AVG", "price") +
		aggregate("bigSum", "N", "SUM", "big") + aggregate("bigSumText", "S", "SUM", "big") + aggregate("bigAvg", "N", "AVG", "big") +
		aggregate("product", "N", "SUM", "price * big") +
		`, {"name": "either", "type": "N", "source_column": "n", "calculation": {"type": "case", "cases": [{"when": "n = 1", "then": "n"}], "else": "10.00 * n"}}` +
		`, {"name": "eitherText", "type": "S", "source_column": "n", "calculation": {"type": "case", "cases": [{"when": "n = 1", "then": "n"}], "else": "10.00 * n"}}` +
		`, {"name": "told", "type": "S", "source_column": null, "transformation": {"type": "template", "template": "{priceSum} {longAvg}"}}]}]}`
}

// A view shows a sum that has more digits than a column can have; where SQL has no
// such number it leaves the attribute out, and never shows the largest there is.
func TestViewsOfWideSums(t *testing.T) {
	j := newTables(t, wideSchema, wideContract())
	j.apply()
	nines := strings.Repeat("9", 35) + "." + strings.Repeat("9", 30)
	j.insert("boxes", 1, 1)
	j.insert("boxes", 2, 20)
	j.insert("boxes", 3, 0)
	for id := range 12 {
		j.insert("loads", id, 1, nines, strings.Repeat("9", 30)+"."+strings.Repeat("9", 10), "99."+strings.Repeat("9", 28), "99999999.99", int64(1<<63-1))
	}
	j.insert("loads", 20, 2, "-0.5", "-10", "-1.5", "100.00", -100)
	j.insert("loads", 21, 2, "-0.5", "0", "1.5", "0.00", 0)
	j.requireItem("Boxes", 1, map[string]string{"hugeSum": `"1199999999999999999999999999999999999.999999999999999999999999999988"`, "priceSum": "1199999999.88",
		"hugeMax": `"` + nines + `"`, "bigSum": "110680464442257309684"})
	j.requireItem("Boxes", 2, map[string]string{"hugeSum": `"-1.` + strings.Repeat("0", 30) + `"`, "priceSum": "100", "bigSumText": `"-100"`,
		"either": "200", "eitherText": `"200.00"`, "longAvg": `"-5.00000000000000"`, "told": `"100.00 -5.00000000000000"`})
	j.requireItem("Boxes", 3, map[string]string{"hugeSum": "", "priceSum": "", "either": "0"})
	j.requireViews()
	shown := j.shown("Boxes", "1")
	require.NotContains(t, shown, "hugeAvg")
	require.Len(t, shown, len(j.c.Entity("Boxes").Attributes)-1)
	findings := j.c.Views(transform.ViewPrefix)[0].Findings
	require.Len(t, findings, 1)
	require.Contains(t, findings[0].Reason, "hugeAvg")
	require.Contains(t, findings[0].Reason, "30 digits after the point")
}
