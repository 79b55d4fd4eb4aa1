package expr

import (
	"bytes"
	"encoding/json"
	"flag"
	"io"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dynamostore/dynamotest/internal/attr"
	"github.com/crossfade-go/crossfade/internal/engine"
	"github.com/crossfade-go/crossfade/internal/enginetest/found"
)

func TestMain(m *testing.M) { found.Main(m) }

// record writes what DynamoDB Local says into the scripts, for new cases.
var record = flag.Bool("record", false, "write DynamoDB Local's results to testdata")

// A local is a DynamoDB Local that is asked in raw requests: the SDK would
// refuse to send some of them.
type local struct {
	t      *testing.T
	engine *engine.DynamoDB
	prefix string
}

// TestScriptsOnDynamoDBLocal runs the cases of testdata on Amazon's own
// engine. A result that begins with ~ must differ, or it has no business to.
func TestScriptsOnDynamoDBLocal(t *testing.T) {
	l := newLocal(t)
	for _, s := range readScripts(t) {
		l.put("item", s.item)
		for _, c := range s.cases {
			got := sortedSets(l.run(c, s.item))
			c.want = sortedSets(c.want)
			switch {
			case *record && !c.ours:
				s.lines[c.line] = "= " + got
			case c.ours:
				require.NotEqual(t, c.want, got, c.place)
			default:
				require.Equal(t, c.want, got, c.place)
			}
		}
		if *record {
			require.NoError(t, os.WriteFile(s.path, []byte(strings.Join(s.lines, "\n")), 0o644))
		}
	}
}

// sets are the sets of types that some messages list. Each process of DynamoDB
// Local has an order of its own for them.
var sets = regexp.MustCompile(`\{[A-Z,]+\}`)

func sortedSets(text string) string {
	return sets.ReplaceAllStringFunc(text, func(set string) string {
		names := strings.Split(strings.Trim(set, "{}"), ",")
		slices.Sort(names)
		return "{" + strings.Join(names, ",") + "}"
	})
}

func newLocal(t *testing.T) *local {
	t.Helper()
	for _, e := range found.DynamoDB(t) {
		if !strings.HasPrefix(e.Kind(), "dynoxide") {
			l := &local{t: t, engine: e, prefix: found.Prefix(t)}
			l.table("item", "")
			l.table("key", "N")
			for i := range 10 {
				l.put("key", attr.Item{"pk": attr.String("P"), "sk": attr.Int(int64(i))})
			}
			return l
		}
	}
	t.Skip("compares with DynamoDB Local, which is not there; name its folder in " + engine.EnvDynamoDBLocal)
	return nil
}

func (l *local) table(name, sortKind string) {
	keys := `{"AttributeName":"pk","KeyType":"HASH"}`
	attributes := `{"AttributeName":"pk","AttributeType":"S"}`
	if sortKind != "" {
		keys += `,{"AttributeName":"sk","KeyType":"RANGE"}`
		attributes += `,{"AttributeName":"sk","AttributeType":"` + sortKind + `"}`
	}
	l.must("CreateTable", map[string]any{
		"TableName": l.prefix + name, "BillingMode": "PAY_PER_REQUEST",
		"KeySchema": json.RawMessage("[" + keys + "]"), "AttributeDefinitions": json.RawMessage("[" + attributes + "]"),
	})
	l.t.Cleanup(func() { l.must("DeleteTable", map[string]any{"TableName": l.prefix + name}) })
}

func (l *local) put(table string, item attr.Item) {
	l.must("PutItem", map[string]any{"TableName": l.prefix + table, "Item": item})
}

// An answer is what the requests of this test can be answered with.
type answer struct {
	Message          string
	Count            int
	Item, Attributes attr.Input
	Items            []attr.Input
}

func (l *local) must(operation string, request map[string]any) {
	if a := l.ask(operation, request); a.Message != "" {
		l.t.Fatal(operation, a.Message)
	}
}

func (l *local) ask(operation string, request map[string]any) answer {
	body, err := json.Marshal(request)
	require.NoError(l.t, err)
	r, err := http.NewRequest(http.MethodPost, l.engine.Endpoint(), bytes.NewReader(body))
	require.NoError(l.t, err)
	r.Header.Set("Content-Type", "application/x-amz-json-1.0")
	r.Header.Set("X-Amz-Target", "DynamoDB_20120810."+operation)
	r.Header.Set("X-Amz-Date", "20240101T000000Z")
	r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=dummy/20240101/"+l.engine.Region()+
		"/dynamodb/aws4_request, SignedHeaders=host;x-amz-date, Signature=0")
	reply, err := http.DefaultClient.Do(r)
	require.NoError(l.t, err)
	defer reply.Body.Close()
	data, err := io.ReadAll(reply.Body)
	require.NoError(l.t, err)
	var a answer
	require.NoError(l.t, json.Unmarshal(data, &a), string(data))
	if reply.StatusCode != http.StatusOK && a.Message == "" {
		a.Message = reply.Status
	}
	return a
}

// run returns the engine's result as a script has it.
func (l *local) run(c *scriptCase, item attr.Item) string {
	request := map[string]any{"TableName": l.prefix + "item"}
	if c.names != nil {
		request["ExpressionAttributeNames"] = c.names
	}
	if c.values != nil {
		request["ExpressionAttributeValues"] = c.values
	}
	key := json.RawMessage(`{"pk":{"S":"a"}}`)
	var a answer
	switch c.kind {
	case "filter":
		request[KindFilter] = c.text
		request["Select"] = "COUNT"
		a = l.ask("Scan", request)
	case "project":
		request[KindProjection] = c.text
		request["Key"] = key
		a = l.ask("GetItem", request)
	case "update":
		l.put("item", item)
		request[KindUpdate] = c.text
		request["Key"] = key
		request["ReturnValues"] = "ALL_NEW"
		a = l.ask("UpdateItem", request)
		l.put("item", item)
	case "key":
		request["TableName"] = l.prefix + "key"
		request[KindKeyCondition] = c.text
		a = l.ask("Query", request)
	}
	if a.Message != "" {
		return a.Message
	}
	return l.result(c.kind, a, item)
}

func (l *local) result(kind string, a answer, before attr.Item) string {
	switch kind {
	case "filter":
		return strconv.FormatBool(a.Count > 0)
	case "project":
		item, err := a.Item.Item()
		require.NoError(l.t, err)
		return written(item)
	case "update":
		item, err := a.Attributes.Item()
		require.NoError(l.t, err)
		return difference(before, item)
	}
	text := "sk"
	for _, in := range a.Items {
		item, err := in.Item()
		require.NoError(l.t, err)
		text += " " + item["sk"].(attr.Number).String()
	}
	return text
}
