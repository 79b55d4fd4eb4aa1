package transform_test

import (
	"os"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/transform"
)

// counters is a contract whose items have numbers of records, and copies that do not
// follow.
const counters = "../dal/storetest/testdata/counters.json"

// TestCounters: items have the number, records never; the references tell whose number a
// change of a record makes another one.
func TestCounters(t *testing.T) {
	c := mustLoad(t, counters)
	require.Empty(t, c.NotYet)
	racks, articles := c.Entity("Racks"), c.Entity("Articles")
	require.Len(t, racks.Copies(), 3)
	require.Equal(t, []*transform.Reference{articles.References[0], articles.References[1]}, articles.CountedBy())
	require.Equal(t, []*transform.Reference{racks.References[0]}, racks.CountedBy())
	require.Len(t, articles.CountedIn(), 2)
	number := racks.Copies()[1]
	require.Same(t, articles.References[0], number.Counts())
	require.Nil(t, number.By())
	require.Equal(t, "articles", racks.Attributes[number.CopyAttribute()].Name)

	r := recordOf(t, racks, map[string]string{"rack_id": "1"})
	item, err := racks.Item(r)
	require.NoError(t, err)
	require.Len(t, item, 1)
	filled := r.Clone()
	filled.SetAt(number.Column, transform.IntValue(0))
	require.True(t, r.Equal(filled), "a number is no part of the record")
	item, err = racks.Item(filled)
	require.NoError(t, err)
	require.Equal(t, &types.AttributeValueMemberN{Value: "0"}, item["articles"])
	back, err := racks.Record(item)
	require.NoError(t, err)
	require.True(t, r.Equal(back) && back.At(number.Column).IsNull())
	require.Equal(t, "0", racks.CopiesOf(item).At(number.Column).Text())
}

// TestRecounts: what comes, goes, or refers elsewhere is counted by others than before.
func TestRecounts(t *testing.T) {
	c := mustLoad(t, counters)
	e := c.Entity("Articles")
	of := func(shelf, extra string) transform.Record {
		values := map[string]string{"shop": "a", "number": "1", "note": shelf + extra}
		for name, v := range map[string]string{"rack_id": shelf, "extra_id": extra} {
			if v != "" {
				values[name] = v
			}
		}
		return recordOf(t, e, values)
	}
	none := transform.Record{}
	for _, of := range []struct {
		before, after transform.Record
		want          string
	}{
		{none, of("1", ""), "1"}, {of("1", ""), none, "1"}, {of("1", "2"), none, "1 2"}, {of("1", "1"), none, "1"},
		{of("1", ""), of("2", ""), "1 2"}, {of("1", "2"), of("1", "2"), ""}, {of("1", "2"), of("2", "1"), "1 2"},
		{of("", "3"), of("", ""), "3"}, {of("", ""), none, ""}, {none, none, ""}, {of("1", "2"), of("1", "3"), "2 3"},
	} {
		var got []string
		for _, key := range e.Recounts(of.before, of.after) {
			require.Equal(t, "Racks", key.Entity)
			got = append(got, key.ID)
		}
		require.Equal(t, of.want, strings.Join(got, " "))
	}
	require.Empty(t, c.Entity("Notices").Recounts(none, recordOf(t, c.Entity("Notices"), map[string]string{"notice_id": "x", "grade": "1", "shop": "a"})))
}

// TestFrozenCopies: nothing that another record becomes changes them.
func TestFrozenCopies(t *testing.T) {
	c := mustLoad(t, counters)
	racks, articles, notices := c.Entity("Racks"), c.Entity("Articles"), c.Entity("Notices")
	require.True(t, articles.Freezes() && notices.Freezes())
	require.False(t, racks.Freezes())
	frozen := map[string]bool{}
	for _, h := range articles.Copies() {
		frozen[articles.Columns[h.Column].Name] = h.Frozen()
	}
	require.Equal(t, map[string]bool{"notices": false, "rack_name": true, "extra_name": false}, frozen)
	require.Equal(t, []*transform.Reference{articles.References[1]}, racks.CopiedBy())
	require.Empty(t, articles.CopiedBy())
	was := recordOf(t, articles, map[string]string{"shop": "a", "number": "1", "note": "x"})
	is := was.Clone()
	require.NoError(t, is.Set("note", transform.TextValue("y")))
	require.False(t, articles.ChangesCopies(was, is))
}

// TestCountersNotYet: what can't be counted into an item, with the reason and the mend.
func TestCountersNotYet(t *testing.T) {
	const extras = `{"name": "extras", "type": "N", "source_column": "rack_id", "keep": {"dynamodb": "counter"}`
	for name, of := range map[string]struct {
		replace []string
		want    string
	}{
		"no reference": {[]string{`{"columns": ["extra_id"], "entity": "Racks", "on_delete": "set-null"}`, `{"columns": ["extra_id"], "entity": "Articles", "on_delete": "set-null"}`,
			`"primary_key": ["shop", "number"]`, `"primary_key": ["number"]`, `"pk": "shop", "sk": "number"`, `"pk": "number"`, `"columns": ["shop", "number"], "entity": "Articles"`, `"columns": ["number"], "entity": "Articles"`},
			`can't be kept by a counter: no reference of Articles says that "extra_id" is the rack_id of a record of Racks`},
		"a key":             {[]string{`"sk": "rackId", "projection": "INCLUDE", "projected_attributes": ["articles"]`, `"sk": "articles", "projection": "ALL"`}, "the key attribute articles is made of it"},
		"items that expire": {[]string{`"source_table": "notices", "pk"`, `"source_table": "notices", "ttl": "number", "pk"`}, "items of Notices expire, and what the service deletes is counted still"},
		"a sum": {[]string{extras + `,
         "calculation": {"type": "aggregate", "target_table": "articles", "join_condition": "articles.extra_id = racks.rack_id",
           "operation": "COUNT", "select_column": "*"}`, extras + `,
         "calculation": {"type": "aggregate", "target_table": "articles", "join_condition": "articles.extra_id = racks.rack_id",
           "operation": "SUM", "select_column": "articles.number"}`}, "can't be kept by a counter: it is made by SUM, which no item keeps"},
		"a copy in MySQL": {[]string{`"keep": {"mysql": "live", "dynamodb": "counter"}`, `"keep": {"mysql": "copy", "dynamodb": "counter"}`}, `it is a copy while MySQL leads, which an item would have to hold`},
	} {
		t.Run(name, func(t *testing.T) {
			data, err := os.ReadFile(counters)
			require.NoError(t, err)
			text := string(data)
			for i := 0; i < len(of.replace); i += 2 {
				require.Contains(t, text, of.replace[i])
				text = strings.Replace(text, of.replace[i], of.replace[i+1], 1)
			}
			c, err := transform.Load([]byte(text))
			require.NoError(t, err)
			var reasons []string
			for _, f := range c.NotYet {
				reasons = append(reasons, f.String())
			}
			require.Contains(t, strings.Join(reasons, "\n"), of.want)
		})
	}
}

// TestDigestOfCounters: whether items have numbers, and whether a copy follows, is part of
// what DynamoDB keeps beside the records.
func TestDigestOfCounters(t *testing.T) {
	data, err := os.ReadFile(counters)
	require.NoError(t, err)
	digest := func(old, now string) string {
		require.Contains(t, string(data), old)
		c, err := transform.Load([]byte(strings.ReplaceAll(string(data), old, now)))
		require.NoError(t, err)
		return c.BesideDigest()
	}
	same := digest(`"Racks"`, `"Racks"`)
	require.Equal(t, same, digest(`{"mysql": "live", "dynamodb": "counter"}`, `{"dynamodb": "counter"}`))
	require.NotEqual(t, same, digest(`"source_column": "number", "keep": {"dynamodb": "counter"}`, `"source_column": "number", "keep": {"dynamodb": "hydrate"}`))
	require.NotEqual(t, same, digest(`"rack_id", "keep": {"dynamodb": "copy"}`, `"rack_id", "keep": {"dynamodb": "edge"}`))
}
