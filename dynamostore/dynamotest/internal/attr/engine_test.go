package attr

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/internal/engine"
	"github.com/crossfade-go/crossfade/internal/enginetest/found"
)

func TestMain(m *testing.M) { found.Main(m) }

// TestDecodeOnDynamoDBLocal puts the values of TestDecode into Amazon's own
// engine, in requests the SDK would refuse to send, and reads back what it
// took. That engine keeps numbers as they were written, so they are compared
// by amount.
func TestDecodeOnDynamoDBLocal(t *testing.T) {
	for _, e := range found.DynamoDB(t) {
		if strings.HasPrefix(e.Kind(), "dynoxide") {
			continue
		}
		table := `"TableName":"` + found.Prefix(t) + `"`
		_, message := ask(t, e, "CreateTable", `{`+table+`,"BillingMode":"PAY_PER_REQUEST","KeySchema":[{"AttributeName":"pk","KeyType":"HASH"}],
			"AttributeDefinitions":[{"AttributeName":"pk","AttributeType":"S"}]}`)
		require.Empty(t, message)
		t.Cleanup(func() { ask(t, e, "DeleteTable", `{`+table+`}`) })
		for _, c := range decodeCases() {
			if c.local == anything {
				continue
			}
			_, got := ask(t, e, "PutItem", `{`+table+`,"Item":{"pk":{"S":"a"},"v":`+c.in+`}}`)
			if got == "" {
				reply, _ := ask(t, e, "GetItem", `{`+table+`,"Key":{"pk":{"S":"a"}}}`)
				item, err := reply.Item()
				require.NoError(t, err, c.in)
				got = string(AppendJSON(nil, item["v"]))
			}
			want := c.want
			if c.local != "" {
				want = c.local
			}
			require.Equal(t, want, got, c.in)
		}
		return
	}
	t.Skip("compares with DynamoDB Local, which is not there; name its folder in " + engine.EnvDynamoDBLocal)
}

func ask(t *testing.T, e *engine.DynamoDB, operation, body string) (item Input, message string) {
	t.Helper()
	r, err := http.NewRequest(http.MethodPost, e.Endpoint(), strings.NewReader(body))
	require.NoError(t, err)
	r.Header.Set("Content-Type", "application/x-amz-json-1.0")
	r.Header.Set("X-Amz-Target", "DynamoDB_20120810."+operation)
	r.Header.Set("X-Amz-Date", "20240101T000000Z")
	r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=dummy/20240101/"+e.Region()+
		"/dynamodb/aws4_request, SignedHeaders=host;x-amz-date, Signature=0")
	reply, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	defer reply.Body.Close()
	data, err := io.ReadAll(reply.Body)
	require.NoError(t, err)
	var a struct {
		Message string
		Item    Input
	}
	require.NoError(t, json.Unmarshal(data, &a), string(data))
	return a.Item, a.Message
}
