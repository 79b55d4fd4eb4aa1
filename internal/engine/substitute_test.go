package engine

import (
	"errors"
	"net"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestDynamoDBSubstitute(t *testing.T) {
	url := fakeEngine(t, "")
	stopped := 0
	lent := &Substitute{Name: "dynamotest", Where: "in this process", Stop: func() error { stopped++; return errors.New("odd") }}
	d, err := lent.DynamoDB(startContext(t), url)
	require.NoError(t, err)
	require.True(t, d.IsSubstitute())
	require.Equal(t, "dynamotest", d.Kind())
	require.Equal(t, "dynamotest", d.Name())
	require.Equal(t, "dynamotest at "+url+", in this process", d.Describe())
	require.EqualError(t, d.Close(), "odd")
	require.NoError(t, d.Close(), "closing again does nothing")
	require.Equal(t, 1, stopped)
}

// TestSubstituteThatDoesNotAnswer: what was started is not left running.
func TestSubstituteThatDoesNotAnswer(t *testing.T) {
	r, err := reservePort()
	require.NoError(t, err)
	defer r.release()
	stopped := 0
	lend := func() *Substitute {
		return &Substitute{Name: "memmysql", Where: "in this process", Stop: func() error { stopped++; return nil }}
	}
	_, err = lend().DynamoDB(startContext(t), "http://"+local(r.port))
	require.ErrorContains(t, err, "engine: memmysql in this process: ")
	require.Equal(t, 1, stopped)
	_, err = lend().MySQL(startContext(t), "root@tcp("+local(r.port)+")/")
	require.ErrorContains(t, err, "engine: memmysql in this process: ")
	require.Equal(t, 2, stopped)
	_, err = lend().MySQL(startContext(t), "nonsense")
	require.Error(t, err)
	require.Equal(t, 3, stopped)
}

// TestMySQLSubstitute lends a server that this test has; what it is does not
// matter.
func TestMySQLSubstitute(t *testing.T) {
	server := startMySQL(t)
	require.False(t, server.IsSubstitute())
	lent := &Substitute{Name: "memmysql", Where: "in this process"}
	m, err := lent.MySQL(startContext(t), server.DSN(""))
	require.NoError(t, err)
	require.True(t, m.IsSubstitute())
	require.Equal(t, "memmysql", m.Name())
	require.Equal(t, "memmysql at "+server.config.Addr+", in this process", m.Describe())
	require.NoError(t, m.Close())
	conn, err := net.Dial("tcp", server.config.Addr)
	require.NoError(t, err, "it had nothing to stop")
	conn.Close()
}

func TestOnlyNamed(t *testing.T) {
	options := nowhere(t)
	options.Getenv = func(name string) string {
		return map[string]string{EnvOnlyNamed: "1", EnvDynamoDBLocal: t.TempDir()}[name]
	}
	script(t, "mariadbd", `echo MariaDB`)
	script(t, "dynoxide", ``)
	_, err := StartMySQL(startContext(t), options)
	require.ErrorIs(t, err, ErrNotFound)
	require.False(t, strings.Contains(err.Error(), "mariadb"), err)
	_, err = StartEveryDynamoDB(startContext(t), options)
	require.ErrorIs(t, err, ErrNotFound)

	options.DynamoDB = fakeEngine(t, "")
	_, err = StartDynamoDB(startContext(t), options)
	require.NoError(t, err, "what is named is used")
}
