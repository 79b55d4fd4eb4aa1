package main

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/go-sql-driver/mysql"
	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dynamostore/dynamotest"
	"github.com/crossfade-go/crossfade/internal/enginetest"
)

// TestPrepare holds that prepare asks where it must, stops at the first refusal
// with what to do, goes on there, and does nothing twice.
func TestPrepare(t *testing.T) { eachEngine(t, "prepare.script", nil) }

// TestPrepareNotYet: of a contract that this version can't migrate no tables are
// made.
func TestPrepareNotYet(t *testing.T) {
	isolateAWS(t)
	p := newPrepared(t)
	text, err := os.ReadFile("testdata/users_full.json")
	require.NoError(t, err)
	more := strings.NewReplacer(`"gsis": [`, `"gsis": [{"index_name": "KindIndex", "pk": "kind", "projection": "ALL"},`,
		`"attributes": [`, `"attributes": [{"name": "kind", "type": "N", "source_column": null, "literal": 1},`)
	file := filepath.Join(t.TempDir(), "contract.json")
	require.NoError(t, os.WriteFile(file, []byte(more.Replace(string(text))), 0o600))
	code, _, stderr := p.call(t.Context(), file)
	require.Equal(t, exitFound, code)
	require.Contains(t, stderr, "prepare stopped at contract check")
	require.Contains(t, stderr, "this version can't migrate the contract yet, nothing changed")
	require.Empty(t, p.server.Requests())
}

// A prepared is where prepare is called: a database and a DynamoDB of its own, with
// ways to break both.
type prepared struct {
	server *dynamotest.Server
	dsn    string
	wire   *wire
}

func newPrepared(t *testing.T) *prepared {
	dsn := enginetest.MySQL(t)
	open(t, dsn).MustExec(usersTable)
	cfg, err := mysql.ParseDSN(dsn)
	require.NoError(t, err)
	p := &prepared{server: dynamotest.Start(t), dsn: dsn}
	if cfg.Net == "tcp" {
		p.wire = newWire(t, cfg.Addr)
	}
	return p
}

// call runs prepare, over the wire if that has a limit.
func (p *prepared) call(ctx context.Context, contract string) (code int, stdout, stderr string) {
	dsn := p.dsn
	if p.wire != nil && p.wire.limit.Load() > 0 {
		cfg, _ := mysql.ParseDSN(dsn)
		cfg.Addr = p.wire.listener.Addr().String()
		dsn = cfg.FormatDSN()
	}
	return call(ctx, environment{}, "prepare", "--contract", contract, "--yes", "--json",
		"--mysql", dsn, "--dynamodb-endpoint", p.server.URL)
}

// ended holds that a prepare that was disturbed says so, or is done all the same,
// and that the same command, undisturbed, does what is left and nothing twice.
func (p *prepared) ended(t *testing.T, code int, stdout string) {
	t.Helper()
	var doc prepareDoc
	require.NoError(t, json.Unmarshal([]byte(stdout), &doc), stdout)
	require.Equal(t, code == exitDone, doc.Done)
	if !doc.Done {
		require.Contains(t, []int{exitFound, exitSetup}, code)
		require.NotEmpty(t, doc.Error)
		require.Equal(t, stateFailed, doc.Steps[len(doc.Steps)-1].State)
		require.True(t, p.undisturbed(t).Done)
	}
	p.server.ClearRequests()
	doc = p.undisturbed(t)
	require.Equal(t, []string{stateDone, stateBefore, stateBefore, stateDone},
		[]string{doc.Steps[0].State, doc.Steps[1].State, doc.Steps[2].State, doc.Steps[3].State})
	require.Empty(t, p.server.Requests("CreateTable", "UpdateTable", "UpdateTimeToLive", "UpdateContinuousBackups", "TagResource"))
}

// undisturbed calls the command.
func (p *prepared) undisturbed(t *testing.T) prepareDoc {
	t.Helper()
	code, stdout, stderr := p.call(t.Context(), "testdata/users_full.json")
	require.Equal(t, exitDone, code, stderr)
	var doc prepareDoc
	require.NoError(t, json.Unmarshal([]byte(stdout), &doc))
	return doc
}

// TestPrepareFails fails the nth call to DynamoDB and its repetition, for every
// third n since a step makes several calls, and calls the command again.
func TestPrepareFails(t *testing.T) {
	isolateAWS(t)
	for n := 0; ; n += 3 {
		p := newPrepared(t)
		fault := p.server.Fault(dynamotest.OnAny().Skip(n).Times(2).InternalError())
		code, stdout, _ := p.call(t.Context(), "testdata/users_full.json")
		hits := fault.Hits()
		fault.Remove()
		if hits == 0 {
			require.Equal(t, exitDone, code)
			return
		}
		p.ended(t, code, stdout)
	}
}

// TestPrepareKilled stops the command at every fourth of its calls to DynamoDB,
// after the call took effect, and calls it again.
func TestPrepareKilled(t *testing.T) {
	isolateAWS(t)
	for n := 0; ; n += 4 {
		p := newPrepared(t)
		ctx, kill := context.WithCancel(t.Context())
		var calls atomic.Int64
		fault := p.server.Fault(dynamotest.OnAny().When(func(*dynamotest.Request) bool {
			if calls.Add(1) == int64(n+1) {
				kill()
				return true
			}
			return false
		}).LoseReply())
		code, stdout, _ := p.call(ctx, "testdata/users_full.json")
		kill()
		fault.Remove()
		if calls.Load() <= int64(n) {
			require.Equal(t, exitDone, code)
			return
		}
		p.ended(t, code, stdout)
	}
}

// TestPrepareLosesMySQL cuts the connections to MySQL after so many packets, and
// calls the command again.
func TestPrepareLosesMySQL(t *testing.T) {
	isolateAWS(t)
	for n := int64(1); ; n += 8 {
		p := newPrepared(t)
		if p.wire == nil {
			t.Skip("MySQL is not reached by TCP")
		}
		p.wire.limit.Store(n)
		code, stdout, _ := p.call(t.Context(), "testdata/users_full.json")
		cut := p.wire.seen.Load() >= n
		p.wire.limit.Store(0)
		if !cut {
			require.Equal(t, exitDone, code)
			return
		}
		p.ended(t, code, stdout)
	}
}

// A wire carries connections until the client has sent so many packets.
type wire struct {
	listener net.Listener
	limit    atomic.Int64
	seen     atomic.Int64
	mu       sync.Mutex
	conns    []net.Conn
}

func newWire(t *testing.T, target string) *wire {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	w := &wire{listener: listener}
	t.Cleanup(w.cut)
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			server, err := net.Dial("tcp", target)
			if err != nil {
				client.Close()
				continue
			}
			w.mu.Lock()
			w.conns = append(w.conns, client, server)
			w.mu.Unlock()
			go io.Copy(client, server)
			go w.carry(server, client)
		}
	}()
	return w
}

func (w *wire) carry(server, client net.Conn) {
	packet := make([]byte, 1<<16)
	for {
		n, err := client.Read(packet)
		if err != nil {
			server.Close()
			return
		}
		if w.seen.Add(1) >= w.limit.Load() {
			w.cut()
			return
		}
		if _, err := server.Write(packet[:n]); err != nil {
			return
		}
	}
}

// cut ends all connections, and takes no more.
func (w *wire) cut() {
	w.listener.Close()
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, c := range w.conns {
		c.Close()
	}
}
