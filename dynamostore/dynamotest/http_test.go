package dynamotest_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dynamostore/dynamotest"
)

// dial connects to a server without a client.
func dial(t *testing.T, s *dynamotest.Server) net.Conn {
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.URL, "http://"))
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	require.NoError(t, conn.SetDeadline(time.Now().Add(10*time.Second)))
	return conn
}

// rawListTables is a request as bytes; more is further header lines.
func rawListTables(body string, more ...string) string {
	header := append([]string{"POST / HTTP/1.1", "Host: x", "x-amz-target: DynamoDB_20120810.ListTables", "AUTHORIZATION:  a "}, more...)
	return strings.Join(header, "\r\n") + "\r\n\r\n" + body
}

// TestConnections sends what other clients than the SDK's may send.
func TestConnections(t *testing.T) {
	const tables = `{"TableNames":[]}`
	for _, c := range []struct {
		name    string
		request string
		want    []string // bodies of 200, or other statuses, until the connection ends
	}{
		{"one", rawListTables("{}", "Content-Length: 2"), []string{tables}},
		{"two at once", strings.Repeat(rawListTables("{}", "Content-Length: 2"), 2), []string{tables, tables}},
		{"chunks, then one", rawListTables("2\r\n{}\r\n0\r\n\r\n", "Transfer-Encoding: chunked") + rawListTables("{}", "Content-Length: 2"), []string{tables, tables}},
		{"the last one", rawListTables("{}", "Content-Length: 2", "Connection: close") + "more", []string{tables}},
		{"no body", rawListTables("", "Content-Length: 0"), []string{"400"}},
		{"half a body", rawListTables("{", "Content-Length: 2"), nil},
		{"a look", "GET / HTTP/1.1\r\nHost: x\r\n\r\n", []string{"healthy: dynamotest"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			conn := dial(t, dynamotest.Start(t))
			_, _ = io.WriteString(conn, c.request)
			require.NoError(t, conn.(*net.TCPConn).CloseWrite())
			in := bufio.NewReader(conn)
			for _, want := range c.want {
				reply, err := http.ReadResponse(in, nil)
				require.NoError(t, err)
				body, _ := io.ReadAll(reply.Body)
				got := string(body)
				if reply.StatusCode != http.StatusOK {
					got = fmt.Sprint(reply.StatusCode)
				}
				require.Equal(t, want, got)
			}
			_, err := in.ReadByte()
			require.ErrorIs(t, err, io.EOF)
		})
	}
}

// TestClientsThatGoAway holds that a request of a client that has gone ends,
// and that a connection lives on after one that waited.
func TestClientsThatGoAway(t *testing.T) {
	s := dynamotest.Start(t)
	slow := s.Fault(dynamotest.OnAny().Times(2).Latency(20 * time.Millisecond))
	hung := s.Fault(dynamotest.OnAny().Skip(2).Hang())
	conn := dial(t, s)
	in := bufio.NewReader(conn)
	for range 2 {
		_, _ = io.WriteString(conn, rawListTables("{}", "Content-Length: 2"))
		reply, err := http.ReadResponse(in, nil)
		require.NoError(t, err)
		_, _ = io.Copy(io.Discard, reply.Body)
		require.Equal(t, http.StatusOK, reply.StatusCode)
	}
	require.Equal(t, 2, slow.Hits())
	_, _ = io.WriteString(conn, rawListTables("{}", "Content-Length: 2"))
	require.Eventually(t, func() bool { return hung.Hits() == 1 }, 20*time.Second, time.Millisecond)
	require.Len(t, s.Requests(), 2)
	require.NoError(t, conn.Close())
	require.Eventually(t, func() bool { return len(s.Requests()) == 3 }, 20*time.Second, time.Millisecond)
	require.Zero(t, s.Requests()[2].Status)
}

// TestCloseEndsWhatHangs holds that Close waits for nobody, and leaves no
// connection.
func TestCloseEndsWhatHangs(t *testing.T) {
	s := dynamotest.Start(t)
	hung := s.Fault(dynamotest.OnAny().Hang())
	waiting, idle := dial(t, s), dial(t, s)
	_, _ = io.WriteString(waiting, rawListTables("{}", "Content-Length: 2"))
	_, _ = io.WriteString(idle, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	answers := bufio.NewReader(idle)
	reply, err := http.ReadResponse(answers, nil)
	require.NoError(t, err)
	_, _ = io.Copy(io.Discard, reply.Body)
	require.Eventually(t, func() bool { return hung.Hits() == 1 }, 20*time.Second, time.Millisecond)
	s.Close()
	for _, conn := range []net.Conn{waiting, idle} {
		_, err := conn.Read(make([]byte, 1))
		require.Error(t, err)
		require.NotErrorIs(t, err, os.ErrDeadlineExceeded)
	}
	require.Eventually(t, func() bool { return len(s.Requests()) == 1 }, 20*time.Second, time.Millisecond)
	_, err = net.Dial("tcp", strings.TrimPrefix(s.URL, "http://"))
	require.Error(t, err)
}
