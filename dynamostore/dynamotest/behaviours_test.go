package dynamotest_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dynamostore/dynamotest"
	"github.com/crossfade-go/crossfade/internal/enginetest/found"
)

func TestMain(m *testing.M) { found.Main(m) }

const behavioursFile = "testdata/behaviours.txt"

// record fills the answers that are "= ?" with those of DynamoDB Local.
var record = flag.Bool("record", false, "write DynamoDB Local's answers to testdata")

// A behaviour is a case of the table: requests with their answers.
type behaviour struct {
	name    string
	steps   []step
	differs map[string]string // engine → why
}

type step struct {
	line      int // of the answer
	operation string
	body      string
	want      string
}

func readBehaviours(t *testing.T) (cases []behaviour, lines []string) {
	text, err := os.ReadFile(behavioursFile)
	require.NoError(t, err)
	lines = strings.Split(string(text), "\n")
	for i, line := range lines {
		mark, rest, _ := strings.Cut(line, " ")
		switch mark {
		case "--":
			cases = append(cases, behaviour{name: rest, differs: map[string]string{}})
		case "~":
			engine, why, ok := strings.Cut(rest, ": ")
			require.True(t, ok, "line %d: no reason", i+1)
			cases[len(cases)-1].differs[engine] = why
		case ">":
			operation, body, _ := strings.Cut(rest, " ")
			last := &cases[len(cases)-1]
			last.steps = append(last.steps, step{line: i + 1, operation: operation, body: body, want: lines[i+1]})
		}
	}
	return cases, lines
}

// An asked is an engine that the table is run against.
type asked struct {
	name, url, region, prefix string
}

// run asks for the steps of a case and returns the answers.
func (e asked) run(t *testing.T, number int, b behaviour) []string {
	names := strings.NewReplacer("$T", e.prefix+"T", "$H", e.prefix+"H", "$N", e.prefix+fmt.Sprint("N", number), "$P", fmt.Sprintf("p%03d-", number),
		"$R", fmt.Sprintf("%.10s%03d", strings.TrimRight(e.prefix, "_")[len(e.prefix)-11:], number)) // engines keep tokens
	back := strings.NewReplacer(e.prefix+"T", "$T", e.prefix+"H", "$H", e.prefix+fmt.Sprint("N", number), "$N", fmt.Sprintf("p%03d-", number), "$P")
	answers := make([]string, len(b.steps))
	for i, s := range b.steps {
		status, reply := e.ask(t, s.operation, names.Replace(s.body))
		answers[i] = back.Replace(answer(t, s.operation, status, reply))
	}
	return answers
}

// ask sends one request by itself: the SDK would refuse to send some.
func (e asked) ask(t *testing.T, operation, body string) (int, []byte) {
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, e.url, strings.NewReader(body))
	require.NoError(t, err)
	r.Header.Set("Content-Type", "application/x-amz-json-1.0")
	r.Header.Set("X-Amz-Target", "DynamoDB_20120810."+operation)
	r.Header.Set("X-Amz-Date", "20240101T000000Z")
	r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=dummy/20240101/"+e.region+"/dynamodb/aws4_request, SignedHeaders=host;x-amz-date, Signature=0")
	reply, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	defer reply.Body.Close()
	data, err := io.ReadAll(reply.Body)
	require.NoError(t, err)
	return reply.StatusCode, data
}

// answer writes a reply in the table's form.
func answer(t *testing.T, operation string, status int, reply []byte) string {
	var v map[string]any
	d := json.NewDecoder(bytes.NewReader(reply))
	d.UseNumber()
	require.NoError(t, d.Decode(&v), "%s", reply)
	if status != http.StatusOK {
		kind, _ := v["__type"].(string)
		_, kind, _ = strings.Cut(kind, "#")
		message, _ := v["message"].(string)
		if m, ok := v["Message"].(string); ok {
			message = m
		}
		text := "! " + kind + ": " + message
		for _, detail := range []string{"Item", "CancellationReasons"} {
			if v[detail] != nil {
				text += " " + compact(t, plain(operation, v[detail]))
			}
		}
		return text
	}
	if _, isTable := v["TableDescription"]; isTable {
		return "= a table"
	}
	return "= " + compact(t, plain(operation, v))
}

func compact(t *testing.T, v any) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	require.NoError(t, e.Encode(v))
	return strings.TrimSpace(b.String())
}

// plain drops what is never the same twice, and puts into order what has none.
func plain(operation string, v any) any {
	switch v := v.(type) {
	case map[string]any:
		for name, member := range v {
			v[name] = plain(operation, member)
			_, isList := member.([]any)
			sets := name == "SS" || name == "NS" || name == "BS"
			if isList && (sets || operation == "BatchGetItem" && strings.HasPrefix(fmt.Sprint(name), "")) {
				slices.SortFunc(v[name].([]any), func(a, b any) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
			}
		}
		delete(v, "NextToken")
		return v
	case []any:
		for i := range v {
			v[i] = plain(operation, v[i])
		}
	case json.Number:
		return json.Number(strings.TrimSuffix(v.String(), ".0"))
	}
	return v
}

// agrees says whether an answer is what the table says: of errors, the type,
// and the message where the table has one. Messages of dynoxide are its own.
func (e asked) agrees(want, got string) bool {
	wantKind, _, isLong := strings.Cut(want, ": ")
	kind, _, _ := strings.Cut(got, ": ")
	switch {
	case strings.HasPrefix(want, "! ") && (!isLong || e.name == "dynoxide"):
		return kind == wantKind
	case want == `= {"Items":[]}` && e.name == "dynoxide":
		return got == want || got == "= {}"
	}
	return want == got
}

const tableT = `{"TableName":"%sT","BillingMode":"PAY_PER_REQUEST",
"AttributeDefinitions":[{"AttributeName":"pk","AttributeType":"S"},{"AttributeName":"sk","AttributeType":"N"},{"AttributeName":"g","AttributeType":"S"},{"AttributeName":"n","AttributeType":"N"}],
"KeySchema":[{"AttributeName":"pk","KeyType":"HASH"},{"AttributeName":"sk","KeyType":"RANGE"}],
"GlobalSecondaryIndexes":[
{"IndexName":"gsi","KeySchema":[{"AttributeName":"g","KeyType":"HASH"}],"Projection":{"ProjectionType":"INCLUDE","NonKeyAttributes":["a"]}},
{"IndexName":"all","KeySchema":[{"AttributeName":"g","KeyType":"HASH"},{"AttributeName":"n","KeyType":"RANGE"}],"Projection":{"ProjectionType":"ALL"}}],
"LocalSecondaryIndexes":[{"IndexName":"lsi","KeySchema":[{"AttributeName":"pk","KeyType":"HASH"},{"AttributeName":"g","KeyType":"RANGE"}],"Projection":{"ProjectionType":"KEYS_ONLY"}}]}`

const tableH = `{"TableName":"%sH","BillingMode":"PAY_PER_REQUEST","AttributeDefinitions":[{"AttributeName":"pk","AttributeType":"S"}],"KeySchema":[{"AttributeName":"pk","KeyType":"HASH"}]}`

// prepare makes the tables, which go with the test.
func (e asked) prepare(t *testing.T) asked {
	e.prefix = found.Prefix(t)
	for _, definition := range []string{tableT, tableH} {
		status, reply := e.ask(t, "CreateTable", fmt.Sprintf(definition, e.prefix))
		require.Equal(t, http.StatusOK, status, "%s", reply)
	}
	t.Cleanup(func() {
		for _, name := range []string{"T", "H"} {
			body := strings.NewReader(fmt.Sprintf(`{"TableName":"%s%s"}`, e.prefix, name))
			r, _ := http.NewRequest(http.MethodPost, e.url, body)
			r.Header.Set("X-Amz-Target", "DynamoDB_20120810.DeleteTable")
			r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=dummy/20240101/"+e.region+"/dynamodb/aws4_request, SignedHeaders=host, Signature=0")
			if reply, err := http.DefaultClient.Do(r); err == nil {
				reply.Body.Close()
			}
		}
	})
	return e
}

// TestBehaviours runs the table against dynamotest.
func TestBehaviours(t *testing.T) {
	if *record {
		recordBehaviours(t)
	}
	e := asked{name: "dynamotest", url: dynamotest.Start(t).URL, region: "us-east-1"}.prepare(t)
	cases, _ := readBehaviours(t)
	require.GreaterOrEqual(t, len(cases), 100)
	for i, b := range cases {
		t.Run(b.name, func(t *testing.T) {
			for j, got := range e.run(t, i, b) {
				require.True(t, e.agrees(b.steps[j].want, got), "line %d: %s\nwant %s\ngot  %s", b.steps[j].line+1, b.steps[j].operation, b.steps[j].want, got)
			}
		})
	}
}

// TestBehavioursOnEngines runs the table against the engines that are there. A
// difference is a failure, unless the case says why; one that is listed and is
// none is a failure as well.
func TestBehavioursOnEngines(t *testing.T) {
	cases, _ := readBehaviours(t)
	for _, e := range engines(t) {
		t.Run(e.name, func(t *testing.T) {
			e = e.prepare(t)
			for i, b := range cases {
				differs := ""
				for j, got := range e.run(t, i, b) {
					if differs == "" && !e.agrees(b.steps[j].want, got) {
						differs = fmt.Sprintf("%s\nline %d: %s\nwant %s\ngot  %s", b.name, b.steps[j].line+1, b.steps[j].operation, b.steps[j].want, got)
					}
				}
				if why := b.differs[e.name]; (why != "") != (differs != "") {
					t.Errorf("%s (listed: %q)\n%.600s", b.name, why, differs)
				}
			}
		})
	}
}

func engines(t *testing.T) []asked {
	var list []asked
	for _, e := range found.DynamoDB(t) {
		name := "local"
		if strings.HasPrefix(e.Kind(), "dynoxide") {
			name = "dynoxide"
		}
		list = append(list, asked{name: name, url: e.Endpoint(), region: e.Region()})
	}
	return list
}

// recordBehaviours fills in what DynamoDB Local answers: the message of an
// error only if dynamotest has the same.
func recordBehaviours(t *testing.T) {
	ours := asked{url: dynamotest.Start(t).URL, region: "us-east-1"}.prepare(t)
	for _, e := range engines(t) {
		if e.name != "local" {
			continue
		}
		e = e.prepare(t)
		cases, lines := readBehaviours(t)
		for i, b := range cases {
			want, got := e.run(t, i, b), ours.run(t, i, b)
			for j, s := range b.steps {
				if s.want != "= ?" {
					continue
				}
				kind, _, isError := strings.Cut(want[j], ": ")
				if lines[s.line] = want[j]; isError && want[j] != got[j] && strings.HasPrefix(kind, "! ") {
					lines[s.line] = kind
				}
			}
		}
		require.NoError(t, os.WriteFile(behavioursFile, []byte(strings.Join(lines, "\n")), 0o644))
	}
}
