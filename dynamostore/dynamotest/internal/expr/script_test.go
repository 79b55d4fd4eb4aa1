package expr

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dynamostore/dynamotest/internal/attr"
)

// A scriptCase is one expression in a script of testdata and what becomes of
// it:
//
//	filter: size(s) = :n
//	  :n {"N":"5"}
//	= true
//
// The first word is the expression's kind: filter, project, update or key. The
// result begins with = where DynamoDB Local says the same, with ~ where it
// does not; the comment above says why. What comes before the first case is
// the item all are evaluated on.
type scriptCase struct {
	place  string
	kind   string
	text   string
	names  map[string]string
	values map[string]json.RawMessage
	want   string
	ours   bool // differs from DynamoDB Local
	line   int  // of the result
}

// A script is a file of cases.
type script struct {
	path  string
	lines []string
	item  attr.Item
	cases []*scriptCase
}

func readScripts(t *testing.T) []*script {
	t.Helper()
	paths, err := filepath.Glob("testdata/*.txt")
	require.NoError(t, err)
	require.NotEmpty(t, paths)
	var scripts []*script
	for _, path := range paths {
		data, err := os.ReadFile(path)
		require.NoError(t, err)
		s := &script{path: path, lines: strings.Split(string(data), "\n")}
		s.read(t)
		scripts = append(scripts, s)
	}
	return scripts
}

func (s *script) read(t *testing.T) {
	t.Helper()
	var c *scriptCase
	for i, line := range s.lines {
		place := fmt.Sprintf("%s:%d", s.path, i+1)
		first, rest, _ := strings.Cut(strings.TrimLeft(line, " "), " ")
		switch {
		case first == "" || first == "#":
		case first == "item":
			s.item = decodeItem(t, rest)
		case strings.HasSuffix(first, ":"):
			c = &scriptCase{place: place, kind: strings.TrimSuffix(first, ":"), text: rest}
			if strings.HasPrefix(rest, `"`) {
				text, err := strconv.Unquote(rest)
				require.NoError(t, err, place)
				c.text = text
			}
			s.cases = append(s.cases, c)
		case first[0] == '#':
			if c.names == nil {
				c.names = map[string]string{}
			}
			c.names[first] = rest
		case first[0] == ':':
			if c.values == nil {
				c.values = map[string]json.RawMessage{}
			}
			c.values[first] = json.RawMessage(rest)
		case first == "=" || first == "~":
			c.want, c.ours, c.line = rest, first == "~", i
		default:
			t.Fatalf("%s: what is %q?", place, line)
		}
	}
}

func decodeItem(t *testing.T, text string) attr.Item {
	t.Helper()
	var in attr.Input
	require.NoError(t, json.Unmarshal([]byte(text), &in), text)
	item, err := in.Item()
	require.NoError(t, err, text)
	return item
}

// env returns the Env of the case's names and values.
func (c *scriptCase) env(t *testing.T) *Env {
	t.Helper()
	var in attr.Input
	if c.values != nil {
		data, err := json.Marshal(c.values)
		require.NoError(t, err, c.place)
		require.NoError(t, json.Unmarshal(data, &in), c.place)
	}
	env, err := NewEnv(c.names, in)
	require.NoError(t, err, c.place)
	return env
}

// TestScripts runs every case of testdata. TestScriptsOnDynamoDBLocal runs
// the same cases there.
func TestScripts(t *testing.T) {
	for _, s := range readScripts(t) {
		t.Run(filepath.Base(s.path), func(t *testing.T) {
			for _, c := range s.cases {
				got, err := c.run(t, s.item)
				if err != nil {
					got = err.Error()
				}
				require.Equal(t, c.want, got, "%s: %s %s", c.place, c.kind, c.text)
			}
		})
	}
}

// run returns the result as a script has it.
func (c *scriptCase) run(t *testing.T, item attr.Item) (string, error) {
	t.Helper()
	env := c.env(t)
	switch c.kind {
	case "filter":
		condition, err := ParseCondition(KindFilter, c.text, env)
		if err != nil {
			return "", err
		}
		return strconv.FormatBool(condition.Eval(item)), env.Finish()
	case "project":
		projection, err := ParseProjection(c.text, env)
		if err != nil {
			return "", err
		}
		return written(projection.Project(item)), env.Finish()
	case "update":
		update, err := ParseUpdate(c.text, env)
		if err != nil {
			return "", err
		}
		change, err := update.Apply(item)
		if err != nil {
			return "", err
		}
		return difference(item, change.Item), env.Finish()
	case "key":
		condition, err := ParseKeyCondition(c.text, env)
		if err != nil {
			return "", err
		}
		return c.query(condition)
	}
	t.Fatalf("%s: no kind %q", c.place, c.kind)
	return "", nil
}

// query returns which of the sort keys 1 to 9 a key condition selects.
func (c *scriptCase) query(condition *KeyCondition) (string, error) {
	r, err := condition.Bind(KeyAttribute{"pk", attr.KindString}, KeyAttribute{"sk", attr.KindNumber})
	if err != nil {
		return "", err
	}
	var selected []string
	for i := range int64(10) {
		if key, _ := attr.Key(attr.Int(i)); r.Contains(key) {
			selected = append(selected, strconv.FormatInt(i, 10))
		}
	}
	return strings.TrimSpace("sk " + strings.Join(selected, " ")), nil
}

// written returns the item's wire form with sorted names.
func written(item attr.Item) string {
	data, err := json.Marshal(item)
	if err != nil {
		return err.Error()
	}
	var sorted any
	if err := json.Unmarshal(data, &sorted); err != nil {
		return err.Error()
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(sorted); err != nil {
		return err.Error()
	}
	return strings.TrimSpace(b.String())
}

// difference returns the attributes that are new or changed, and the names of
// those that are gone.
func difference(before, after attr.Item) string {
	changed := attr.Item{}
	for name, v := range after {
		if old, ok := before[name]; !ok || !attr.Equal(old, v) {
			changed[name] = v
		}
	}
	text := written(changed)
	for _, name := range slices.Sorted(maps.Keys(before)) {
		if _, ok := after[name]; !ok {
			text += " without " + name
		}
	}
	return text
}
