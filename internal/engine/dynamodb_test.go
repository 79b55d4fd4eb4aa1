package engine

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/stretchr/testify/require"
)

// fakeEngine answers as an engine without tables, of a certain kind.
func fakeEngine(t *testing.T, server string) string {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Server", server)
		w.Header().Set("Content-Type", "application/x-amz-json-1.0")
		w.Write([]byte(`{"TableNames":[]}`))
	}))
	t.Cleanup(s.Close)
	return s.URL
}

func TestNamedDynamoDB(t *testing.T) {
	fast, amazon, odd := fakeEngine(t, "Dynoxide/9.9"), fakeEngine(t, "Jetty(12)"), fakeEngine(t, "")
	options := Options{Getenv: func(name string) string {
		switch name {
		case EnvDynamoDB:
			return " " + fast + "/ "
		case EnvDynamoDBList:
			return amazon + "," + fast + ", " + odd + ","
		}
		return ""
	}}
	engines, err := StartEveryDynamoDB(startContext(t), options)
	require.NoError(t, err)
	var got []string
	for _, e := range engines {
		got = append(got, e.Describe())
		require.Equal(t, e.Endpoint()+" (named)", e.Name())
		require.NoError(t, e.Close())
	}
	require.Equal(t, []string{
		"dynoxide 9.9 at " + fast + ", named by " + EnvDynamoDB,
		"DynamoDB Local at " + amazon + ", named by " + EnvDynamoDBList,
		"unknown engine at " + odd + ", named by " + EnvDynamoDBList,
	}, got)

	options.DynamoDB = odd
	engine, err := StartDynamoDB(startContext(t), options)
	require.NoError(t, err)
	require.Equal(t, odd, engine.Endpoint(), "the option comes before the environment")
}

func TestNamedDynamoDBThatIsWrong(t *testing.T) {
	r, err := reservePort()
	require.NoError(t, err)
	defer r.release()
	for name, want := range map[string]string{
		"localhost:8000":          "not a URL such as http://127.0.0.1:8000",
		"ftp://h":                 "not a URL",
		"http://" + local(r.port): "connection refused",
	} {
		_, err := StartDynamoDB(startContext(t), Options{DynamoDB: name})
		require.ErrorContains(t, err, want)
		require.ErrorContains(t, err, name+" (named by the option)")
		require.NotErrorIs(t, err, ErrNotFound)
	}
}

func TestNoDynamoDB(t *testing.T) {
	options := nowhere(t)
	for _, start := range []func() error{
		func() error { _, err := StartDynamoDB(startContext(t), options); return err },
		func() error { _, err := StartEveryDynamoDB(startContext(t), options); return err },
	} {
		err := start()
		require.ErrorIs(t, err, ErrNotFound)
		require.Equal(t, "engine not found: no DynamoDB; looked for a URL in CROSSFADE_DYNAMODB_ENDPOINT or "+
			"CROSSFADE_DYNAMODB_ENDPOINTS, dynoxide on PATH, DynamoDBLocal.jar where CROSSFADE_DYNAMODB_LOCAL says "+
			"(it is not set); to mend it, put dynoxide on PATH, or DynamoDB Local's directory into "+
			"CROSSFADE_DYNAMODB_LOCAL (it needs java), or name a URL in CROSSFADE_DYNAMODB_ENDPOINT", err.Error())
	}
}

func TestDynamoDBLocalWithoutJava(t *testing.T) {
	options := nowhere(t)
	home := t.TempDir()
	require.NoError(t, os.MkdirAll(filepath.Join(home, "a", "b"), 0o700))
	jar := filepath.Join(home, "a", "b", "DynamoDBLocal.jar")
	require.NoError(t, os.WriteFile(jar, nil, 0o600))
	options.Getenv = func(name string) string {
		if name == EnvDynamoDBLocal {
			return home
		}
		return ""
	}
	require.Equal(t, jar, findJar(home))
	require.Equal(t, jar, findJar(jar))
	_, err := StartDynamoDB(startContext(t), options)
	require.ErrorIs(t, err, ErrNotFound)
	require.ErrorContains(t, err, "java on PATH")

	script(t, "java", `echo "java.base@21" `)
	programs, _ := findDynamoDB(options)
	require.Len(t, programs, 1)
	_, args, err := programs[0].command(home, 1)
	require.NoError(t, err)
	require.Contains(t, args, "-jar")
	require.Contains(t, programs[0].note, "every interface")
}

func TestPrivateDynamoDB(t *testing.T) {
	engines, err := StartEveryDynamoDB(startContext(t), onlyFound())
	skipIfMissing(t, err)
	for _, e := range engines {
		t.Run(e.Name(), func(t *testing.T) {
			out, err := e.Client().ListTables(t.Context(), &dynamodb.ListTablesInput{})
			require.NoError(t, err)
			require.Empty(t, out.TableNames)
			require.Contains(t, e.Describe(), ", started from /")

			address := strings.TrimPrefix(e.Endpoint(), "http://")
			open := e.Name() == "DynamoDB Local" && !hasCompiler(find("java"))
			require.Equal(t, open, strings.Contains(e.Describe(), "every interface"))
			if !open {
				require.True(t, refuses(strings.Replace(address, "127.0.0.1", "127.0.0.2", 1)), "it must listen on 127.0.0.1 only")
			}
			dir := e.server.space.dir
			require.NoError(t, e.Close())
			require.True(t, refuses(address))
			require.NoDirExists(t, dir)
		})
	}
}
