package transform_test

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/transform"
)

// TestStrangeFindings: what can't flatten right is said precisely. A case edits a
// strange contract, old, new, old, new, and lists the errors by the beginnings of
// their texts, with … for what stands between.
func TestStrangeFindings(t *testing.T) {
	const (
		bornColumn  = `{"name": "born", "type": "year"}`
		dose        = `{"name": "dose", "type": "S", "source_column": "dose"}`
		allergies   = `{"name": "allergies", "type": "SS", "source_column": "allergies"}`
		flags       = `{"name": "flags", "type": "B", "source_column": "flags"}`
		insured     = `{"name": "insured", "type": "BOOL", "source_column": "insured"}`
		fatherJoin  = `"join_condition": "father.clinic = patients.father_clinic AND father.number = patients.father_number", "select_column": "father.name"`
		motherMulti = `"join_conditions": ["patients.clinic = mother_clinic", "patients.number = mother_number"], "select_column": "dose"`
		meanOf      = `"operation": "AVG", "select_column": "temperature"`
		clinicKey   = `"pk": "clinic",`
		oneCover    = `"unique": [{"name": "parcel", "columns": ["parcel_id"]}]`
		express     = `"select_column": "tariffs.price * 1.5 + parcels.zone"`
		premium     = `"select_column": "covers.premium", "else_value": "0.5"`
		secondHop   = `{"target_table": "cities", "join_condition": "cities.id = hubs.city_id", "select_column": "cities.name"}`
		heat        = `{"when": "score >= 100", "then": "'hot'"}`
		closes      = `"operation": "add", "interval": "1", "unit": "month"`
		joinedOn    = `"source_format": "DD.MM.YYYY", "format": "YYYY-MM-DD"`
		number      = `"format": "00000000000000000000"`
		depth       = `"transformation": {"type": "depth", "parent_column": "parent_id"}`
	)
	for name, c := range map[string]struct {
		contract string
		edit     []string
		want     []string
	}{
		"a column of points": {"clinic", []string{bornColumn, bornColumn + `, {"name": "home", "type": "POINT"}`},
			[]string{`error /tables/0/columns/8/type: point has no form in an item: DynamoDB has no spatial type, and a text of it loses the reference system; keep ST_AsWKB of it`,
				`error /tables/0/columns/8: no attribute carries column home`}},
		"a geometry that is joined": {"clinic", []string{`{"name": "opened", "type": "year"}`, `{"name": "opened", "type": "geometry"}`},
			[]string{`error /source_tables/0/columns/2/type: geometry has no form in an item`}},
		"a DECIMAL of 65 digits as N": {"clinic", []string{dose, strings.Replace(dose, `"S"`, `"N"`, 1)},
			[]string{`error /tables/0/attributes/12/type: N can't hold column dose, which is decimal(65,30); use S`}},
		"a SET as NS": {"clinic", []string{allergies, strings.Replace(allergies, `"SS"`, `"NS"`, 1)},
			[]string{`error /tables/0/attributes/9/type: no column of MySQL is a set of numbers`}},
		"a SET as N": {"clinic", []string{allergies, strings.Replace(allergies, `"SS"`, `"N"`, 1)},
			[]string{`error /tables/0/attributes/9/type: N can't hold column allergies, which is set`}},
		"a BIT(12) as BOOL": {"clinic", []string{flags, strings.Replace(flags, `"B"`, `"BOOL"`, 1)},
			[]string{`error /tables/0/attributes/11/type: BOOL can't hold column flags, which is bit(12); use N or B or S`}},
		"a BIT(1) as L": {"clinic", []string{insured, strings.Replace(insured, `"BOOL"`, `"L"`, 1)},
			[]string{`error /tables/0/attributes/10/type: L can't hold column insured, which is bit(1)`}},
		"a SET without a name": {"clinic", []string{`["fever", "rash"]`, `["", "rash"]`},
			[]string{`error /source_tables/1/columns/6/values/0: a set with an empty value`}},
		"half of a key": {"clinic", []string{fatherJoin, `"join_condition": "father.number = patients.father_number", "select_column": "father.name"`},
			[]string{`error /tables/0/attributes/16/join: the join is ambiguous: nothing says that table patients has one row per number`}},
		"which row is meant": {"clinic", []string{motherMulti, `"join_conditions": ["patients.clinic = patients.mother_clinic", "patients.number = patients.mother_number"], "select_column": "dose"`},
			[]string{`error /tables/0/attributes/19/join/join_conditions/0: "patients.clinic = patients.mother_clinic" does not say which side is the row that is joined`,
				`error /tables/0/attributes/19/join/join_conditions/1: …neither is the primary key of patients`}},
		"a text compared with a year": {"clinic", []string{`wards.code = patients.ward`, `wards.code = patients.born`},
			[]string{`error /tables/0/attributes/22/join/join_condition: "wards.code = patients.born" compares text with int`}},
		"a mean of durations": {"clinic", []string{meanOf, `"operation": "AVG", "select_column": "took"`},
			[]string{`error /tables/0/attributes/28/calculation/select_column: AVG of time(1), which is no exact number`}},
		"a mean of bits": {"clinic", []string{meanOf, `"operation": "AVG", "select_column": "visits.flags"`},
			[]string{`error /tables/0/attributes/28/calculation/select_column: AVG of bit(12), which is no exact number`}},
		"the least SET": {"clinic", []string{meanOf, `"operation": "MIN", "select_column": "findings"`},
			[]string{`error /tables/0/attributes/28/calculation/select_column: MIN of set`}},
		"arithmetic on a duration": {"clinic", []string{meanOf, `"operation": "SUM", "select_column": "took + 1"`},
			[]string{`error /tables/0/attributes/28/calculation/select_column: …"took + 1"…CAST it`}},
		"half of the key as the item's": {"clinic", []string{`"sk": "number",`, ``},
			[]string{`error /tables/0/pk: the item's key leaves out [number] of the primary key, so that two rows would be one item`}},
		"a SET as a key": {"clinic", []string{clinicKey, `"pk": "allergies",`},
			[]string{`error /tables/0/pk: attribute allergies is of type SS, and a key is S, N or B`}},

		"many rows where one belongs": {"logistics", []string{oneCover, `"unique": []`},
			[]string{`error /tables/0/attributes/12/join: the join is ambiguous: nothing says that table covers has one row per parcel_id`,
				`error /tables/0/attributes/13/join: the join is ambiguous`}},
		"a hop that was not joined": {"logistics", []string{secondHop + ",", ""},
			[]string{`error /tables/0/attributes/7/join/joins/1/join_condition: …country_id…is neither a column of parcels nor of a table that was joined before`}},
		"a division in a sum":  {"logistics", []string{express, `"select_column": "tariffs.price / 3 + 1"`}, []string{`error /tables/0/attributes/10/join/select_column: …"tariffs.price / 3 + 1"…the result of a division…CAST`}},
		"a sub-select":         {"logistics", []string{express, `"select_column": "(SELECT price FROM tariffs)"`}, []string{`error /tables/0/attributes/10/join/select_column: …SELECT can't stand here`}},
		"two statements":       {"logistics", []string{express, `"select_column": "1; DROP TABLE tariffs"`}, []string{`error /tables/0/attributes/10/join/select_column: …"1; DROP TABLE tariffs"…one expression`}},
		"a text for a number":  {"logistics", []string{premium, `"select_column": "covers.premium", "else_value": "none"`}, []string{`error /tables/0/attributes/13/join/else_value: "none" is a text, and select_column a number`}},
		"a table out of sight": {"logistics", []string{express, `"select_column": "states.code"`}, []string{`error /tables/0/attributes/10/join/select_column: …"states.code"…states is no table of this join`}},
		"a table not described": {"logistics", []string{`"table": "states"`, `"table": "statuses"`},
			[]string{`error /tables/0/attributes/11/join: does not say the columns of its source table states`}},

		"a text without quotes":  {"forum", []string{heat, `{"when": "score >= 100", "then": "hot"}`}, []string{`error /tables/0/entities/1/attributes/16/calculation/cases/0/then: …"hot"…write 'hot' if the text is meant`}},
		"texts and numbers":      {"forum", []string{heat, `{"when": "author >= 100", "then": "'hot'"}`}, []string{`error /tables/0/entities/1/attributes/16/calculation/cases/0/when: …author >= 100…compares a text with a number`}},
		"an interval unknown":    {"forum", []string{closes, `"operation": "add", "interval": "1", "unit": "quarter"`}, []string{`error /tables/0/entities/1/attributes/13/calculation/unit: "quarter" is none of`}},
		"an interval of parts":   {"forum", []string{closes, `"operation": "add", "interval": "1.5", "unit": "month"`}, []string{`error /tables/0/entities/1/attributes/13/calculation/interval: "1.5" is not an integer`}},
		"an interval backwards":  {"forum", []string{closes, `"operation": "multiply", "interval": "1", "unit": "month"`}, []string{`error /tables/0/entities/1/attributes/13/calculation/operation: "multiply" is none of add, subtract`}},
		"a token unknown":        {"forum", []string{joinedOn, `"source_format": "DD.MM.YYYY", "format": "YYYY-WW"`}, []string{`error /tables/0/entities/1/attributes/15/transformation/format: …"WW" is no token`}},
		"a date of no form":      {"forum", []string{joinedOn, `"format": "YYYY-MM-DD"`}, []string{`error /tables/0/entities/1/attributes/15/transformation: column joined_on is varchar(10), and nothing says in what form it has dates`}},
		"a format of C":          {"forum", []string{number, `"format": "%020d"`}, []string{`error /tables/0/entities/1/attributes/8/transformation/format: …"%020d"…only zeros and one point`}},
		"a calculation too many": {"forum", []string{depth, depth + `, "calculation": {"type": "depth", "parent_column": "parent_id"}`}, []string{`error /tables/0/entities/0/attributes/3/transformation: a depth is a calculation`}},
		"another key than said": {"forum", []string{`"format": "POST#{id:020d}"`, `"format": "POST#{id:010d}"`},
			[]string{`error /tables/0/entities/1/attributes/0: attribute SK does not resolve to "POST#{id:020d}", which the sk_template says`}},
		"one key for two": {"forum", []string{`"sk_template": "POST#{id:020d}"`, `"sk_template": "#TOPIC"`, `{"type": "string-format", "format": "POST#{id:020d}"}`, `{"type": "static", "value": "#TOPIC"}`},
			[]string{`error /tables/0/entities/1: the item's key leaves out [id] of the primary key`,
				`error /tables/0/entities/1: an item of entity POST can have the key of one of entity TOPIC`}},
	} {
		t.Run(name, func(t *testing.T) {
			data, err := os.ReadFile("testdata/strange/" + c.contract + ".json")
			require.NoError(t, err)
			s := string(data)
			for i := 0; i < len(c.edit); i += 2 {
				require.Contains(t, s, c.edit[i])
				s = strings.Replace(s, c.edit[i], c.edit[i+1], 1)
			}
			_, findings := transform.Check([]byte(s))
			var errors []string
			for _, f := range findings {
				if f.Severity == transform.Error {
					errors = append(errors, f.String())
				}
			}
			require.Len(t, errors, len(c.want), strings.Join(errors, "\n"))
			for i, want := range c.want {
				requireText(t, want, errors[i])
			}
		})
	}
}

// requireText requires that a text begins with the first of the parts of want
// that have … between, and has the others after it in that order.
func requireText(t testing.TB, want, text string) {
	t.Helper()
	parts, rest := strings.Split(want, "…"), text
	require.True(t, strings.HasPrefix(rest, parts[0]), text)
	for _, part := range parts {
		_, after, found := strings.Cut(rest, part)
		require.True(t, found, "%q is not in %s", part, text)
		rest = after
	}
}
