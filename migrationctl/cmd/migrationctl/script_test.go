package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"
)

// A script is a list of commands with what each must print and return, read
// from testdata. Its lines are:
//
//	# text               a comment
//	env NAME=VALUE       sets a variable of the environment
//	copy FILE AS         copies a file of testdata into the script's directory
//	edit FILE OLD => NEW replaces a text in a file, which must have it
//	sql STATEMENT        runs it, with an engine
//	untrigger EVENT      drops the library's trigger of INSERT, UPDATE or DELETE
//	answer TEXT          what is typed at the questions of the next command
//	> ARGUMENTS          runs the command line
//	exit N               its exit code; 0 where it is not said
//	out TEXT, err TEXT   its stdout or stderr has the text
//	no out TEXT, no err TEXT
//	same FILE NAME       a file is what testdata has by that name
//	like FILE TEXT       a file has the text
//
// $NAME in a line is what the environment has by that name. After each command
// it is checked that no output holds the word "secret", which the scripts use
// as password and in rows, and that --json gives one document and nothing else.
type script struct {
	t    *testing.T
	vars map[string]string
	db   *sqlx.DB // nil without an engine

	at     string // file and line
	args   []string
	answer string
	code   int
	want   int
	stdout bytes.Buffer
	stderr bytes.Buffer
	ran    bool
}

// runScript runs a file of testdata in a directory of its own.
func runScript(t *testing.T, name string, vars map[string]string, db *sqlx.DB) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	require.NoError(t, err)
	from, err := filepath.Abs("testdata")
	require.NoError(t, err)
	isolateAWS(t)
	dir := t.TempDir()
	t.Chdir(dir)
	s := &script{t: t, vars: vars, db: db}
	for i, line := range strings.Split(string(data), "\n") {
		s.at = name + ":" + strconv.Itoa(i+1)
		s.line(from, strings.TrimSpace(line))
	}
	s.finish()
}

// isolateAWS keeps the configuration of the machine out of a test.
func isolateAWS(t *testing.T) {
	for _, name := range []string{"AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE", "AWS_ACCESS_KEY_ID",
		"AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_DYNAMODB"} {
		t.Setenv(name, "")
	}
	t.Setenv("AWS_CONFIG_FILE", os.DevNull)
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", os.DevNull)
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
}

func (s *script) line(from, line string) {
	word, rest, _ := strings.Cut(line, " ")
	rest = os.Expand(strings.TrimSpace(rest), func(name string) string { return s.vars[name] })
	switch word {
	case "", "#":
	case "env":
		name, value, _ := strings.Cut(rest, "=")
		s.vars[name] = value
	case "copy":
		f := strings.Fields(rest)
		s.copyFile(filepath.Join(from, f[0]), f[1])
	case "edit":
		s.edit(rest)
	case "sql":
		s.db.MustExec(rest)
	case "untrigger":
		var name string
		require.NoError(s.t, s.db.Get(&name, "SELECT trigger_name FROM information_schema.triggers"+
			" WHERE trigger_schema = DATABASE() AND event_manipulation = ?", rest), s.at)
		s.db.MustExec("DROP TRIGGER " + name)
	case "answer":
		s.answer += rest + "\n"
	case ">":
		s.finish()
		s.run(rest)
	case "exit":
		code, err := strconv.Atoi(rest)
		require.NoError(s.t, err, s.at)
		s.want = code
	case "same":
		f := strings.Fields(rest)
		s.sameFile(f[0], filepath.Join(from, f[1]))
	case "like":
		file, text, _ := strings.Cut(rest, " ")
		require.Contains(s.t, s.read(file), text, s.at)
	default:
		s.output(word, rest)
	}
}

// output checks one line about what the last command printed.
func (s *script) output(word, rest string) {
	no := word == "no"
	if no {
		word, rest, _ = strings.Cut(rest, " ")
	}
	require.Contains(s.t, []string{"out", "err"}, word, "%s: no such line", s.at)
	got := s.stdout.String()
	if word == "err" {
		got = s.stderr.String()
	}
	if strings.Contains(got, rest) == no {
		s.t.Fatalf("%s: %s of %q should%s have %q\nstdout:\n%s\nstderr:\n%s", s.at, word, s.args,
			map[bool]string{true: " not"}[no], rest, s.stdout.String(), s.stderr.String())
	}
}

func (s *script) run(rest string) {
	s.args, s.ran, s.want = words(rest), true, exitDone
	s.stdout.Reset()
	s.stderr.Reset()
	env := environment{
		Getenv: func(name string) string { return s.vars[name] },
		Stdin:  strings.NewReader(s.answer), Interactive: s.answer != "",
	}
	s.answer = ""
	s.code = run(s.t.Context(), s.args, env, &s.stdout, &s.stderr)
	s.silent()
}

// words splits a command line at spaces, save inside double quotes.
func words(line string) []string {
	var list []string
	for i, part := range strings.Split(line, `"`) {
		if i%2 == 1 {
			list = append(list, part)
			continue
		}
		list = append(list, strings.Fields(part)...)
	}
	return list
}

// silent checks what holds for every output.
func (s *script) silent() {
	preview := slices.Contains(s.args, "preview")
	if !preview {
		require.NotContains(s.t, s.stdout.String(), "secret", s.at)
	}
	require.NotContains(s.t, s.stderr.String(), "secret", s.at)
	if preview || !slices.Contains(s.args, "--json") {
		return
	}
	d := json.NewDecoder(bytes.NewReader(s.stdout.Bytes()))
	var doc map[string]any
	require.NoError(s.t, d.Decode(&doc), "%s: %s", s.at, s.stdout.String())
	require.ErrorIs(s.t, d.Decode(&doc), io.EOF, "%s: one document only", s.at)
}

// finish checks the exit code of the last command, when all of its lines are
// read.
func (s *script) finish() {
	if s.ran && s.code != s.want {
		s.t.Fatalf("%s: exit code of %q is %d, not %d\nstdout:\n%s\nstderr:\n%s", s.at, s.args, s.code, s.want,
			s.stdout.String(), s.stderr.String())
	}
	s.ran = false
}

func (s *script) read(file string) string {
	data, err := os.ReadFile(file)
	require.NoError(s.t, err, s.at)
	return string(data)
}

func (s *script) copyFile(from, to string) {
	require.NoError(s.t, os.WriteFile(to, []byte(s.read(from)), 0o640), s.at)
}

func (s *script) edit(rest string) {
	file, rest, _ := strings.Cut(rest, " ")
	old, new, ok := strings.Cut(rest, " => ")
	require.True(s.t, ok, s.at)
	text := s.read(file)
	require.Contains(s.t, text, old, s.at)
	require.NoError(s.t, os.WriteFile(file, []byte(strings.Replace(text, old, new, 1)), 0o640), s.at)
}

func (s *script) sameFile(a, b string) {
	require.Equal(s.t, s.read(b), s.read(a), s.at)
}

// call runs one command line outside a script.
func call(ctx context.Context, env environment, args ...string) (code int, stdout, stderr string) {
	var out, err bytes.Buffer
	if env.Getenv == nil {
		env.Getenv = func(string) string { return "" }
	}
	if env.Stdin == nil {
		env.Stdin = strings.NewReader("")
	}
	code = run(ctx, args, env, &out, &err)
	return code, out.String(), err.String()
}
