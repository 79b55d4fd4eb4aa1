package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/internal/enginetest"
	"github.com/crossfade-go/crossfade/mysqlstore"
	"github.com/crossfade-go/crossfade/transform"
)

func TestMain(m *testing.M) { enginetest.Main(m) }

// TestProgram runs the program on the engines that are there, after what an
// operator does first, which is init.
func TestProgram(t *testing.T) {
	dsn, dynamo := enginetest.MySQL(t), enginetest.DynamoDBEngines(t)[0]
	contractJSON, err := os.ReadFile("../quickstart/contract.json")
	require.NoError(t, err)
	contract, err := transform.Load(contractJSON)
	require.NoError(t, err)
	db, err := mysqlstore.OpenDB(dsn)
	require.NoError(t, err)
	defer db.Close()
	schema, err := os.ReadFile("schema.sql") // the table and rows that the README names
	require.NoError(t, err)
	for _, statement := range strings.Split(strings.TrimSuffix(string(schema), ";\n"), ";\n") {
		db.MustExec(statement)
	}
	store, err := mysqlstore.New(db, contract, nil)
	require.NoError(t, err)
	require.NoError(t, store.Init(t.Context()))

	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "contract.json"), contractJSON, 0o600))
	t.Chdir(dir)
	for name, value := range map[string]string{
		"MYSQL_DSN": dsn, "AWS_ENDPOINT_URL_DYNAMODB": dynamo.Endpoint(), "AWS_REGION": dynamo.Region(),
		"AWS_ACCESS_KEY_ID": "SERVICE", "AWS_SECRET_ACCESS_KEY": "service", "AWS_SESSION_TOKEN": "",
		"AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull, "AWS_PROFILE": "",
	} {
		t.Setenv(name, value)
	}
	require.NoError(t, run(t.Context()))
	var left []int
	require.NoError(t, db.Select(&left, "SELECT user_id FROM users ORDER BY user_id"))
	require.Equal(t, []int{101, 102}, left, "dora was created, changed and deleted")
}

// TestReadmeShowsThisProgram: the README's program is this one, letter for
// letter, so that what people copy is what compiles.
func TestReadmeShowsThisProgram(t *testing.T) {
	program, err := os.ReadFile("main.go")
	require.NoError(t, err)
	readme, err := os.ReadFile("../../README.md")
	require.NoError(t, err)
	for _, block := range regexp.MustCompile("(?s)```go\n(.*?)```").FindAllStringSubmatch(string(readme), -1) {
		if strings.Contains(block[1], "package main") {
			require.Equal(t, string(program), block[1])
			return
		}
	}
	t.Fatal("README.md has no Go block with package main")
}

// TestShortEnoughToRead: a program in a README is read, or it is not.
func TestShortEnoughToRead(t *testing.T) {
	program, err := os.ReadFile("main.go")
	require.NoError(t, err)
	require.LessOrEqual(t, strings.Count(string(program), "\n"), 80)
}
