package partiql

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"flag"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dynamostore/dynamotest/internal/attr"
	"github.com/crossfade-go/crossfade/internal/engine"
	"github.com/crossfade-go/crossfade/internal/enginetest/found"
)

func TestMain(m *testing.M) { found.Main(m) }

// record writes what DynamoDB Local says into the script, for new cases.
var record = flag.Bool("record", false, "write DynamoDB Local's results to testdata")

// A local is a DynamoDB Local with the scripts' table, asked in raw requests.
type local struct {
	t      *testing.T
	engine *engine.DynamoDB
	table  string
}

// TestScriptOnDynamoDBLocal runs the statements of testdata on Amazon's own
// engine. A result that begins with ~ must differ, or it has no business to.
func TestScriptOnDynamoDBLocal(t *testing.T) {
	l := newLocal(t)
	lines, items, cases := readScript(t)
	l.fill(nil, items)
	for _, c := range cases {
		got := l.run(c, items)
		switch {
		case *record && !c.ours:
			lines[c.line] = "= " + got
		case c.ours:
			require.NotEqual(t, c.want, got, c.place)
		default:
			require.Equal(t, c.want, got, "%s: %s", c.place, c.text)
		}
	}
	if *record {
		require.NoError(t, os.WriteFile(scriptPath, []byte(strings.Join(lines, "\n")), 0o644))
	}
}

func newLocal(t *testing.T) *local {
	t.Helper()
	for _, e := range found.DynamoDB(t) {
		if strings.HasPrefix(e.Kind(), "dynoxide") {
			continue
		}
		l := &local{t: t, engine: e, table: "t" + rand.Text()[:len(tableName)-1]}
		l.must("CreateTable", `{"BillingMode":"PAY_PER_REQUEST",
			"AttributeDefinitions":[{"AttributeName":"pk","AttributeType":"S"},{"AttributeName":"sk","AttributeType":"N"},{"AttributeName":"g","AttributeType":"S"}],
			"KeySchema":[{"AttributeName":"pk","KeyType":"HASH"},{"AttributeName":"sk","KeyType":"RANGE"}],
			"GlobalSecondaryIndexes":[{"IndexName":"by_g","Projection":{"ProjectionType":"ALL"},
				"KeySchema":[{"AttributeName":"g","KeyType":"HASH"},{"AttributeName":"sk","KeyType":"RANGE"}]}],
			"TableName":"`+l.table+`"}`)
		t.Cleanup(func() { l.must("DeleteTable", `{"TableName":"`+l.table+`"}`) })
		return l
	}
	t.Skip("compares with DynamoDB Local, which is not there; name its folder in " + engine.EnvDynamoDBLocal)
	return nil
}

// An answer is what the requests of this test can be answered with.
type answer struct {
	Message string
	Items   []attr.Input
}

func (a answer) items(t *testing.T) []attr.Item {
	var items []attr.Item
	for _, in := range a.Items {
		item, err := in.Item()
		require.NoError(t, err)
		items = append(items, item)
	}
	return items
}

func (l *local) must(operation, request string) answer {
	a := l.ask(operation, request)
	if a.Message != "" {
		l.t.Fatal(operation, a.Message)
	}
	return a
}

func (l *local) ask(operation, request string) answer {
	r, err := http.NewRequest(http.MethodPost, l.engine.Endpoint(), bytes.NewReader([]byte(request)))
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

func (l *local) scan() []attr.Item {
	return l.must("Scan", `{"ConsistentRead":true,"TableName":"`+l.table+`"}`).items(l.t)
}

// fill makes the table hold the items again, having held others.
func (l *local) fill(held, items []attr.Item) {
	for _, item := range held {
		key := attr.Item{"pk": item["pk"], "sk": item["sk"]}
		l.must("DeleteItem", `{"TableName":"`+l.table+`","Key":`+written([]attr.Item{key})[0]+`}`)
	}
	for _, item := range items {
		l.must("PutItem", `{"TableName":"`+l.table+`","Item":`+written([]attr.Item{item})[0]+`}`)
	}
}

func (l *local) run(c *statementCase, items []attr.Item) string {
	request := map[string]any{"Statement": strings.ReplaceAll(c.text, tableName, l.table)}
	if c.parameters != nil {
		request["Parameters"] = c.parameters
	}
	body, err := json.Marshal(request)
	require.NoError(l.t, err)
	a := l.ask("ExecuteStatement", string(body))
	if a.Message != "" {
		return strings.ReplaceAll(a.Message, l.table, tableName)
	}
	after := l.scan()
	text := outcome(a.items(l.t), items, after)
	if strings.Contains(text, " now ") || strings.HasPrefix(text, "now ") || strings.HasSuffix(text, "gone") {
		l.fill(after, items)
	}
	return text
}
