package transform_test

import (
	"database/sql"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/transform"
)

// totals is a contract with every total that can be read.
const totals = "../dal/storetest/testdata/totals.json"

// totalsWith returns it with one text in the place of another.
func totalsWith(t testing.TB, replace ...string) []byte {
	t.Helper()
	return fileWith(t, totals, replace...)
}

// TestTotalled: a total is of one column and by one reference, and stored nowhere.
func TestTotalled(t *testing.T) {
	c := mustLoad(t, totals)
	require.Empty(t, c.NotYet)
	e := c.Entity("Jars")
	require.Empty(t, e.Lost())
	require.Empty(t, e.Unkept())
	require.Equal(t, len(e.Own()), e.Selected())
	require.NotContains(t, e.SelectList("t").SQL, "SUM")
	of := map[string]string{}
	for _, h := range e.Hydrated() {
		require.Nil(t, h.Counts())
		v, next, err := h.Value(e.NewRecord(), nil)
		require.True(t, err == nil && next.IsZero() && v.IsNull())
		v, err = h.Shown(transform.Total{})
		require.True(t, err == nil && v.IsNull(), "of none")
		by, column := h.Totals()
		require.Same(t, e, by.To())
		of[e.Columns[h.Column].Name] = by.Field() + " " + by.Of().Columns[column].Name
	}
	require.Len(t, of, 16)
	require.Equal(t, "spare_id worth", of["spare_worth"])
	require.Equal(t, "jar_id fine", of["fine_mean"])
	item, err := e.Item(recordOf(t, e, map[string]string{"jar_id": "1"}))
	require.NoError(t, err)
	require.Len(t, item, 1)
	by, column := mustLoad(t, counts).Entity("Goods").Hydrated()[0].Totals()
	require.True(t, by == nil && column == -1)
	by = c.Entity("Coins").References[1]
	require.Equal(t, "t.`spare_id`, CAST(t.`minted` AS CHAR)", by.SelectWith(by.Of().ColumnIndex("minted"), "t").SQL)
}

// TestTotalOfAnyOrder: a total is the same whatever the order of its values.
func TestTotalOfAnyOrder(t *testing.T) {
	values := []transform.Value{transform.IntValue(0), transform.IntValue(1), transform.IntValue(-1)}
	of := func(order ...int) (total transform.Total) {
		for _, i := range order {
			total = total.With(values[i])
		}
		return total
	}
	for _, order := range [][]int{{0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}} {
		require.Equal(t, of(0, 1, 2), of(order...), "%v", order)
	}
}

// TestTotalNotYet: what would be another total than the server's stays one that the stores
// can't do, with the place, the reason and the mend.
func TestTotalNotYet(t *testing.T) {
	const (
		worth   = `"operation": "SUM", "select_column": "coins.worth"`
		keeps   = `{"name": "worth", "type": "N", "source_column": "jar_id", "keep": {"dynamodb": "hydrate"}`
		minted  = `{"name": "minted", "type": "S", "source_column": "minted"}`
		refers  = `{"columns": ["jar_id"], "entity": "Jars", "on_delete": "cascade"},`
		on      = `"join_condition": "coins.jar_id = jars.jar_id", "operation": "SUM", "select_column": "coins.worth"`
		pointer = "error /tables/0/attributes/2: attribute worth of entity Jars can't be "
	)
	of := func(operation, column string) string {
		return fmt.Sprintf(`"operation": "%s", "select_column": "%s"`, operation, column)
	}
	for name, of := range map[string]struct {
		replace []string
		want    string
	}{
		"a counter":    {[]string{keeps, strings.Replace(keeps, "hydrate", "counter", 1)}, pointer + `kept by a counter: it is made by SUM, which no item keeps; use "hydrate", which makes it when it is read`},
		"a copy":       {[]string{keeps, strings.Replace(keeps, "hydrate", "copy", 1)}, pointer + `kept by a copy: it is made by SUM, which no item keeps`},
		"a mean":       {[]string{keeps, strings.Replace(keeps, "hydrate", "copy", 1), worth, of("AVG", "coins.worth")}, pointer + `kept by a copy: it is made by AVG, which no item keeps`},
		"not said":     {[]string{keeps, strings.Replace(keeps, `, "keep": {"dynamodb": "hydrate"}`, "", 1)}, `attribute worth of entity Jars is made by SUM, and nothing says how it is kept; use "keep": {"dynamodb": "hydrate"}`},
		"expression":   {[]string{worth, of("SUM", "coins.worth * coins.grains")}, pointer + `hydrated: what SUM is made of is not a single column of the rows; select a column as it is`},
		"own row":      {[]string{worth, of("SUM", "jars.jar_id")}, `what SUM is made of is not a single column of the rows`},
		"a literal":    {[]string{worth, of("SUM", "2")}, `what SUM is made of is not a single column of the rows`},
		"a text":       {[]string{worth, of("MAX", "coins.coin_id"), keeps, strings.Replace(keeps, `"N"`, `"S"`, 1)}, `MAX of varchar(32) is in the server's order; integers, DECIMAL, dates and times have one everywhere; query the records`},
		"zero dates":   {[]string{minted, minted[:len(minted)-1] + `, "zero_dates": "null"}`}, `attribute minted_first of entity Jars can't be hydrated: zero dates of minted have another form in the records; leave "zero_dates" out`},
		"no reference": {[]string{refers, ""}, `no reference of Coins says that "jar_id" is the jar_id of a record of Jars; add {"columns": ["jar_id"], "entity": "Jars", "on_delete": …} to the "references" of Coins`},
		"more conditions": {[]string{on, strings.Replace(on, "jars.jar_id", "jars.jar_id AND coins.tray = jars.jar_id", 1)},
			`the join does not compare its whole primary key, and nothing else; join by that`},
		"what is made":    {[]string{worth + "}", worth + `}, "transformation": {"type": "number-format", "format": "000"}`, keeps, strings.Replace(keeps, `"N"`, `"S"`, 1)}, `worth is made of it, which an item would have to hold`},
		"items that go":   {[]string{`"source_table": "coins", "pk"`, `"source_table": "coins", "ttl": "grains", "pk"`}, `items of Coins expire, and what the service deletes is counted still; take "ttl" out`},
		"a copy in MySQL": {[]string{keeps, strings.Replace(keeps, `"keep": {`, `"keep": {"mysql": "copy", `, 1)}, `it is a copy while MySQL leads`},
	} {
		t.Run(name, func(t *testing.T) {
			c, err := transform.Load(totalsWith(t, of.replace...))
			require.NoError(t, err)
			require.NotEmpty(t, c.NotYet)
			require.Contains(t, c.NotYet[0].String(), of.want)
		})
	}
}

// TestTotalNotYetOfTypes: a total that an addition in another order, a collation or a longer
// number would change is not made.
func TestTotalNotYetOfTypes(t *testing.T) {
	for _, of := range []struct{ operation, column, want string }{
		{"MIN", `"type": "double"`, "MIN of double is in the server's order"},
		{"MAX", `"type": "float"`, "MAX of float is in the server's order"},
		{"MIN", `"type": "bit", "length": 4`, "MIN of bit(4) is in the server's order"},
		{"MIN", `"type": "varbinary", "length": 4`, "MIN of varbinary(4) is in the server's order"},
		{"SUM", `"type": "year"`, "SUM of year is made by the server alone; integers and DECIMAL are added up; query the records"},
		{"SUM", `"type": "decimal", "precision": 44, "scale": 2`, "SUM of decimal(44,2) may have more digits than a DECIMAL; declare the column with fewer"},
		{"AVG", `"type": "decimal", "precision": 44, "scale": 2`, "AVG of decimal(44,2) may have more digits than a DECIMAL"},
		{"AVG", `"type": "decimal", "precision": 38, "scale": 27`, "AVG of decimal(38,27) has more digits after the point than MySQL's DECIMAL"},
		{"MAX", `"type": "bigint", "generated": "auto_increment"`, "it is not known of a record that is not stored yet"},
		{"MIN", `"type": "decimal", "precision": 65, "scale": 30`, ""}, {"MAX", `"type": "year"`, ""}, {"MIN", `"type": "time", "precision": 6`, ""},
		{"SUM", `"type": "decimal", "precision": 43, "scale": 30`, ""}, {"AVG", `"type": "decimal", "precision": 38, "scale": 26`, ""},
		{"SUM", `"type": "bigint", "unsigned": true`, ""}, {"AVG", `"type": "tinyint"`, ""},
	} {
		key, null, sequence := "id", `, "null": true`, ""
		if strings.Contains(of.column, "auto_increment") {
			key, null, sequence = "it", "", `"sequence": {"column": "it"},`
		}
		typ := "S"
		if strings.Contains(of.column, "double") || strings.Contains(of.column, "float") || strings.Contains(of.column, "year") {
			typ = "N"
		}
		if strings.Contains(of.column, "binary") {
			typ = "B"
		}
		c, err := transform.Load([]byte(`[{"table": "Wholes", "type": "single-entity", "source_table": "wholes", "pk": "id", "primary_key": ["id"], "columns": [{"name": "id", "type": "int"}],
			"attributes": [{"name": "id", "type": "N", "source_column": "id"}, {"name": "of", "type": "` + typ + `", "source_column": "id", "keep": {"dynamodb": "hydrate"}, "calculation": {"type": "aggregate",
				"target_table": "parts", "join_condition": "parts.whole = wholes.id", "operation": "` + of.operation + `", "select_column": "parts.it"}}]},
			{"table": "Parts", "type": "single-entity", "source_table": "parts", "pk": "` + key + `", "primary_key": ["` + key + `"], ` + sequence + `
			"columns": [{"name": "id", "type": "int"}, {"name": "whole", "type": "int", "null": true}, {"name": "it", ` + of.column + null + `}],
			"references": [{"columns": ["whole"], "entity": "Wholes", "on_delete": "cascade"}],
			"attributes": [{"name": "id", "type": "N", "source_column": "id"}, {"name": "whole", "type": "N", "source_column": "whole"}, {"name": "it", "type": "` + typ + `", "source_column": "it"}]}]`))
		require.NoError(t, err)
		if of.want == "" {
			require.Empty(t, c.NotYet, "%s of %s", of.operation, of.column)
			continue
		}
		require.Len(t, c.NotYet, 1, "%s of %s", of.operation, of.column)
		require.Contains(t, c.NotYet[0].String(), of.want)
	}
}

// TestTotals: no digit is lost, NULL is no value, and a mean is cut as the server cuts it.
func TestTotals(t *testing.T) {
	e := mustLoad(t, totals).Entity("Jars")
	shown := func(column string, texts ...string) string {
		for _, h := range e.Hydrated() {
			if e.Columns[h.Column].Name != column {
				continue
			}
			by, of := h.Totals()
			var total transform.Total
			for _, text := range texts {
				v := transform.Value{}
				if text != "" {
					var err error
					v, err = by.Of().Columns[of].Parse(text)
					require.NoError(t, err)
				}
				total = total.With(v)
			}
			v, err := h.Shown(total)
			require.NoError(t, err)
			require.True(t, v.IsNull() || v.Kind() == e.Columns[h.Column].Kind)
			return v.Text()
		}
		require.Fail(t, column)
		return ""
	}
	for _, of := range []struct {
		column string
		values string
		want   string
	}{
		{"worth", " ", ""}, {"worth", "0.10 0.20 -0.30", "0.00"}, {"worth", "-0.01  -0.02", "-0.03"},
		{"worth_mean", "1 2 ", "1.500000"}, {"worth_mean", "0.01 0.01 0", "0.006667"}, {"worth_mean", "-0.01 -0.01 0", "-0.006667"}, {"worth_mean", "0.01 -0.01", "0.000000"},
		{"fine_mean", "0.00005 0 0 0 0 0 0", "0.000007142"}, // and not 0.000007143
		{"grains", "9223372036854775807 9223372036854775807", "18446744073709551614"}, {"grains_mean", "2 0 0", "0.6667"}, {"grains_mean", "-1 -1 0", "-0.6667"},
		{"grains_least", "3 -9223372036854775808 -1", "-9223372036854775808"}, {"serial_last", "9 18446744073709551615 10", "18446744073709551615"},
		{"worth_least", "10.00 9.00 -0.50 -0.40", "-0.50"}, {"worth_most", "10.00 9.00", "10.00"}, {"chipped", "1 0 1", "2"},
		{"spun_least", "-09:00:00 -100:00:00 10:00:00", "-100:00:00"}, {"minted_first", " 2024-01-01 1999-12-31", "1999-12-31"},
	} {
		require.Equal(t, of.want, shown(of.column, strings.Split(of.values, " ")...), "%s of %s", of.column, of.values)
	}
}

// TestTotalsAreTheServers: of random values of every type, the total that is made of them
// is what the server's own SUM, AVG, MIN and MAX give, alone and in groups.
func TestTotalsAreTheServers(t *testing.T) {
	type kind struct{ name, declared, json string }
	kinds := []kind{{"ti", "TINYINT", `"type": "tinyint"`}, {"si", "SMALLINT UNSIGNED", `"type": "smallint", "unsigned": true`}, {"mi", "MEDIUMINT", `"type": "mediumint"`},
		{"i", "INT", `"type": "int"`}, {"bi", "BIGINT", `"type": "bigint"`}, {"ub", "BIGINT UNSIGNED", `"type": "bigint", "unsigned": true`}}
	for scale := range 27 {
		kinds = append(kinds, kind{fmt.Sprint("d", scale), fmt.Sprintf("DECIMAL(%d,%d)", scale+12, scale), fmt.Sprintf(`"type": "decimal", "precision": %d, "scale": %d`, scale+12, scale)})
	}
	kinds = append(kinds, kind{"wide", "DECIMAL(43,9)", `"type": "decimal", "precision": 43, "scale": 9`})
	numbers := len(kinds)
	kinds = append(kinds, kind{"y", "YEAR", `"type": "year"`}, kind{"day", "DATE", `"type": "date"`}, kind{"dt", "DATETIME(6)", `"type": "datetime", "precision": 6`},
		kind{"ts", "TIMESTAMP(3)", `"type": "timestamp", "precision": 3`}, kind{"tm", "TIME(2)", `"type": "time", "precision": 2`})
	var declared, columns, own, shows []string
	for i, k := range kinds {
		declared = append(declared, k.name+" "+k.declared+" NULL")
		columns = append(columns, `{"name": "`+k.name+`", `+k.json+`, "null": true}`)
		own = append(own, `{"name": "`+k.name+`", "type": "S", "source_column": "`+k.name+`"}`)
		for _, operation := range []string{"MIN", "MAX", "SUM", "AVG"}[:map[bool]int{true: 4, false: 2}[i < numbers]] {
			shows = append(shows, fmt.Sprintf(`{"name": "%s_%s", "type": "S", "source_column": "id", "keep": {"dynamodb": "hydrate"}, "calculation": {"type": "aggregate",
				"target_table": "parts", "join_condition": "parts.whole = wholes.id", "operation": "%s", "select_column": "parts.%s"}}`, operation, k.name, operation, k.name))
		}
	}
	j := newTables(t, `CREATE TABLE wholes (id INT PRIMARY KEY); CREATE TABLE parts (id INT PRIMARY KEY AUTO_INCREMENT, whole INT NULL, `+strings.Join(declared, ", ")+`)`,
		`[{"table": "Wholes", "type": "single-entity", "source_table": "wholes", "pk": "id", "primary_key": ["id"], "columns": [{"name": "id", "type": "int"}],
			"attributes": [{"name": "id", "type": "N", "source_column": "id"}, `+strings.Join(shows, ", ")+`]},
		{"table": "Parts", "type": "single-entity", "source_table": "parts", "pk": "id", "primary_key": ["id"],
			"columns": [{"name": "id", "type": "int"}, {"name": "whole", "type": "int", "null": true}, `+strings.Join(columns, ", ")+`],
			"references": [{"columns": ["whole"], "entity": "Wholes", "on_delete": "cascade"}],
			"attributes": [{"name": "id", "type": "N", "source_column": "id"}, {"name": "whole", "type": "N", "source_column": "whole"}, `+strings.Join(own, ", ")+`]}]`)
	require.Empty(t, j.c.NotYet)
	e := j.c.Entity("Wholes")
	require.Len(t, e.Hydrated(), len(shows))
	rnd := rand.New(rand.NewPCG(7, 4))
	for whole := range 60 {
		j.insert("wholes", whole)
		for range rnd.IntN(13) {
			values := []any{whole}
			for i, k := range kinds {
				values = append(values, randomOf(rnd, k.json, i < numbers))
			}
			j.exec("INSERT INTO parts VALUES (NULL"+strings.Repeat(", ?", len(values))+")", values...)
		}
		var alone, grouped []string
		for _, h := range e.Hydrated() {
			operation, column, _ := strings.Cut(e.Columns[h.Column].Name, "_")
			sum := operation + "(p.`" + column + "`)"
			alone = append(alone, fmt.Sprintf("CAST((SELECT %s FROM parts p WHERE p.whole = w.id) AS CHAR)", sum))
			grouped = append(grouped, "CAST("+sum+" AS CHAR)")
		}
		server := j.texts(len(alone), "SELECT "+strings.Join(alone, ", ")+" FROM wholes w WHERE w.id = ?", whole)[0]
		groups := j.texts(len(alone), "SELECT "+strings.Join(grouped, ", ")+" FROM parts p WHERE p.whole = ? GROUP BY p.whole", whole)
		for i, h := range e.Hydrated() {
			by, column := h.Totals()
			var total transform.Total
			for _, texts := range j.texts(2, "SELECT "+by.SelectWith(column, "t").SQL+" FROM parts t WHERE t.whole = ?", whole) {
				_, v, err := by.ReadWith(column, texts)
				require.NoError(t, err)
				total = total.With(v)
			}
			got, err := h.Shown(total)
			require.NoError(t, err)
			c := e.Columns[h.Column]
			for _, text := range append([][]sql.NullString{server}, groups...) {
				want := transform.Value{}
				if text[i].Valid {
					want, err = c.Parse(text[i].String)
					require.NoError(t, err)
				}
				require.Equal(t, want, got, "%s of whole %d", c.Name, whole)
			}
		}
	}
}

// texts returns what a query answers.
func (j *joins) texts(columns int, query string, args ...any) (all [][]sql.NullString) {
	j.t.Helper()
	rows, err := j.db.Query(query, args...)
	require.NoError(j.t, err)
	defer rows.Close()
	for rows.Next() {
		texts, dest := make([]sql.NullString, columns), make([]any, columns)
		for i := range texts {
			dest[i] = &texts[i]
		}
		require.NoError(j.t, rows.Scan(dest...))
		all = append(all, texts)
	}
	require.NoError(j.t, rows.Err())
	return all
}

// randomOf is a value that fits the type, often NULL, 0 or the last digit.
func randomOf(rnd *rand.Rand, json string, number bool) any {
	var precision, scale int
	fmt.Sscanf(json, `"type": "decimal", "precision": %d, "scale": %d`, &precision, &scale)
	sign := []string{"", "-"}[rnd.IntN(2)]
	if strings.Contains(json, "unsigned") {
		sign = ""
	}
	switch {
	case rnd.IntN(4) == 0:
		return nil
	case precision > 0 && rnd.IntN(2) == 0:
		return sign + "0"
	case precision > 0 && rnd.IntN(2) == 0:
		return fmt.Sprintf("%s%de-%d", sign, rnd.IntN(20), scale)
	case precision > 0:
		digits := fmt.Sprint(1 + rnd.IntN(9))
		for range precision - 1 - rnd.IntN(precision) {
			digits += fmt.Sprint(rnd.IntN(10))
		}
		return fmt.Sprintf("%s%se-%d", sign, digits, scale)
	case strings.Contains(json, "tinyint"), strings.Contains(json, "smallint"):
		return sign + fmt.Sprint(rnd.IntN(128))
	case strings.Contains(json, "bigint") && rnd.IntN(2) == 0:
		return sign + fmt.Sprint(rnd.Int64())
	case number:
		return sign + fmt.Sprint(rnd.IntN(1<<23))
	case strings.Contains(json, `"time"`):
		return fmt.Sprintf("%s%02d:%02d:%02d.%02d", sign, rnd.IntN(838), rnd.IntN(60), rnd.IntN(60), rnd.IntN(100))
	case strings.Contains(json, `"year"`):
		return fmt.Sprint(1901 + rnd.IntN(255))
	case strings.Contains(json, `"date"`):
		return fmt.Sprintf("%04d-%02d-%02d", 1000+rnd.IntN(9000), 1+rnd.IntN(12), 1+rnd.IntN(28))
	}
	return fmt.Sprintf("%04d-%02d-%02d %02d:%02d:%02d.%03d", 1971+rnd.IntN(60), 1+rnd.IntN(12), 1+rnd.IntN(28), rnd.IntN(24), rnd.IntN(60), rnd.IntN(60), rnd.IntN(1000))
}
