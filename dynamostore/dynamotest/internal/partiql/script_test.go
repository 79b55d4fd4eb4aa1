package partiql

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"sort"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dynamostore/dynamotest/internal/attr"
	"github.com/crossfade-go/crossfade/dynamostore/dynamotest/internal/expr"
)

// tableName stands for the table of the scripts. The engine's own has a name
// of the same length, so that places in messages are the same.
const tableName = "Table00000000"

var (
	hashKey  = expr.KeyAttribute{Name: "pk", Kind: attr.KindString}
	sortKey  = expr.KeyAttribute{Name: "sk", Kind: attr.KindNumber}
	indexKey = expr.KeyAttribute{Name: "g", Kind: attr.KindString}
)

// A statementCase is one statement in testdata/statements.txt, with its
// parameters in lines that begin with two spaces, and what becomes of it: what
// the statement returns, then what the table holds that it did not before. The
// result begins with = where DynamoDB Local says the same, and with ~ where it
// does not; the comment above says why.
type statementCase struct {
	place      string
	text       string
	parameters []json.RawMessage
	want       string
	ours       bool
	line       int
}

// readScript returns the lines of the script, the items its table holds before
// every case, and the cases.
func readScript(t testing.TB) (lines []string, items []attr.Item, cases []*statementCase) {
	t.Helper()
	data, err := os.ReadFile(scriptPath)
	require.NoError(t, err)
	lines = strings.Split(string(data), "\n")
	for i, line := range lines {
		first, rest, _ := strings.Cut(line, " ")
		switch {
		case line == "" || first == "#":
		case first == "item":
			items = append(items, decode(t, rest))
		case strings.HasPrefix(line, "  "):
			c := cases[len(cases)-1]
			c.parameters = append(c.parameters, json.RawMessage(strings.TrimSpace(line)))
		case first == "=" || first == "~":
			c := cases[len(cases)-1]
			c.want, c.ours, c.line = rest, first == "~", i
		default:
			cases = append(cases, &statementCase{place: fmt.Sprintf("%s:%d", scriptPath, i+1), text: line})
		}
	}
	return lines, items, cases
}

const scriptPath = "testdata/statements.txt"

func decode(t testing.TB, text string) attr.Item {
	t.Helper()
	var in attr.Input
	require.NoError(t, json.Unmarshal([]byte(text), &in), text)
	item, err := in.Item()
	require.NoError(t, err, text)
	return item
}

// TestScript runs every statement of testdata on a table in memory.
// TestScriptOnDynamoDBLocal runs the same there.
func TestScript(t *testing.T) {
	_, items, cases := readScript(t)
	require.NotEmpty(t, cases)
	for _, c := range cases {
		m := memory{items: items}
		got, err := m.run(t, c)
		if err != nil {
			got = err.Error()
		}
		require.Equal(t, c.want, got, "%s: %s", c.place, c.text)
	}
}

// A memory is a table of the simplest kind, with statements run as a server
// would run them.
type memory struct{ items []attr.Item }

var errCondition = attr.Invalid("The conditional request failed")

func (m *memory) run(t *testing.T, c *statementCase) (string, error) {
	t.Helper()
	var in attr.InputList
	if c.parameters != nil {
		data, err := json.Marshal(c.parameters)
		require.NoError(t, err)
		require.NoError(t, json.Unmarshal(data, &in))
	}
	parameters, err := in.Values()
	if err != nil {
		return "", err
	}
	s, err := Parse(c.text, parameters)
	if err != nil {
		return "", err
	}
	before := slices.Clone(m.items)
	returned, err := m.execute(s)
	if err != nil {
		return "", err
	}
	return outcome(returned, before, m.items), nil
}

func (m *memory) execute(s Statement) ([]attr.Item, error) {
	switch s := s.(type) {
	case *Select:
		return m.read(s)
	case *Insert:
		if err := s.CheckKey(hashKey, sortKey); err != nil {
			return nil, err
		}
		if m.find(s.Item) >= 0 {
			return nil, attr.Invalid("Duplicate primary key exists in table")
		}
		m.items = append(m.items, s.Item)
		return nil, nil
	case *Update:
		return m.update(s)
	case *Delete:
		return m.delete(s)
	}
	return nil, attr.Invalid("EXISTS can only be used in ExecuteTransaction write requests.")
}

func (m *memory) find(key attr.Item) int {
	return slices.IndexFunc(m.items, func(item attr.Item) bool {
		return attr.Equal(item["pk"], key["pk"]) && attr.Equal(item["sk"], key["sk"])
	})
}

func (m *memory) read(s *Select) ([]attr.Item, error) {
	hash := hashKey
	if s.Index != "" {
		hash = indexKey
	}
	if _, err := s.Backward(hash, sortKey); err != nil {
		return nil, err
	}
	ranges, filter, scan, err := s.Where.Ranges(hash, sortKey)
	if err != nil {
		return nil, err
	}
	list := []attr.Item{}
	for _, item := range m.items {
		in := scan
		for _, r := range ranges {
			key, _ := attr.Key(item["sk"])
			in = in || attr.Equal(r.Hash, item[hash.Name]) && r.Contains(key)
		}
		if !in || filter != nil && !filter.Eval(item) {
			continue
		}
		if s.Projection != nil {
			item = s.Projection.Project(item)
		}
		list = append(list, item)
	}
	return list, nil
}

func (m *memory) update(s *Update) ([]attr.Item, error) {
	key, rest, err := s.Where.Key(hashKey, sortKey)
	if err != nil {
		return nil, err
	}
	for _, p := range s.Update.Paths() {
		if p[0].Name == "pk" || p[0].Name == "sk" {
			return nil, attr.Invalid("One or more parameter values were invalid: Cannot update attribute %s. This attribute is part of the key", p[0].Name)
		}
	}
	i := m.find(key)
	if i < 0 || rest != nil && !rest.Eval(m.items[i]) {
		return nil, errCondition
	}
	change, err := s.Update.Apply(m.items[i])
	if err != nil {
		return nil, err
	}
	old := m.items[i]
	m.items = slices.Clone(m.items)
	m.items[i] = change.Item
	switch s.Returning {
	case AllOld:
		return []attr.Item{old}, nil
	case AllNew:
		return []attr.Item{change.Item}, nil
	case ModifiedOld:
		return []attr.Item{change.Old()}, nil
	case ModifiedNew:
		return []attr.Item{change.New()}, nil
	}
	return nil, nil
}

func (m *memory) delete(s *Delete) ([]attr.Item, error) {
	key, rest, err := s.Where.Key(hashKey, sortKey)
	if err != nil {
		return nil, err
	}
	i := m.find(key)
	if i < 0 {
		return nil, nil
	}
	old := m.items[i]
	if rest != nil && !rest.Eval(old) {
		return nil, errCondition
	}
	m.items = slices.Delete(slices.Clone(m.items), i, i+1)
	if s.Returning == AllOld {
		return []attr.Item{old}, nil
	}
	return nil, nil
}

// outcome writes what a statement returned and what it did to the table.
func outcome(returned, before, after []attr.Item) string {
	text := strings.Join(written(returned), " ")
	olds, news := written(before), written(after)
	for _, item := range news {
		if !slices.Contains(olds, item) {
			text += " now " + item
		}
	}
	if gone := len(olds) - len(news); gone > 0 {
		text += fmt.Sprintf(" %d gone", gone)
	}
	return strings.TrimSpace(text)
}

// written returns the items' wire forms, with sorted names, in their order.
func written(items []attr.Item) []string {
	var texts []string
	for _, item := range items {
		data, err := json.Marshal(item)
		if err != nil {
			return []string{err.Error()}
		}
		var sorted any
		if err := json.Unmarshal(data, &sorted); err != nil {
			return []string{err.Error()}
		}
		var b bytes.Buffer
		e := json.NewEncoder(&b)
		e.SetEscapeHTML(false)
		if err := e.Encode(sorted); err != nil {
			return []string{err.Error()}
		}
		texts = append(texts, strings.TrimSpace(b.String()))
	}
	sort.Strings(texts)
	return texts
}
