package memmysql

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"

	sqle "github.com/dolthub/go-mysql-server"
	"github.com/dolthub/go-mysql-server/server"
	"github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/analyzer"
	"github.com/dolthub/vitess/go/mysql"

	"github.com/crossfade-go/crossfade/examples/internal/memmysql/versions"
)

// A Server is a MySQL server in this process. Its data is in memory and gone
// with it.
type Server struct {
	addr    string
	engine  *sqle.Engine
	server  *server.Server
	handler *handler
	done    chan struct{} // closed when no more connections are accepted
	once    sync.Once
}

// Start starts a server on a free port of 127.0.0.1. It answers when Start
// returns. Several may run in one process; they share no data.
func Start() (*Server, error) {
	prepareProcess()
	store := versions.New()
	engine := sqle.New(analyzer.NewBuilder(store).AddPreAnalyzeRule(castDatesRule, castDates).
		AddPreAnalyzeRule(binaryUnionsRule, binaryUnions).
		AddPreAnalyzeRule(exactIntegersRule, exactIntegers).
		AddPreAnalyzeRule(ownClassesRule, ownClasses).Build(), nil)
	engine.Parser = parser{engine.Parser}
	engine.Analyzer.Catalog.RegisterFunction(sql.NewEmptyContext(), sql.Function1{Name: "weight_string", Fn: newWeights})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("memmysql: %w", err)
	}
	h := &handler{sessions: map[uint32]*session{}}
	engine.Analyzer.Catalog.InfoSchema = infoSchema{engine.Analyzer.Catalog.InfoSchema, &h.turn}
	config := server.Config{Protocol: "tcp", Address: listener.Addr().String(), Listener: counted{listener, h}}
	gms, err := server.NewServerWithHandler(config, engine, sql.NewContext, h.sessionsOf(store), nil,
		func(inner mysql.Handler) (mysql.Handler, error) { h.Handler = inner; return h, nil })
	if err != nil {
		listener.Close()
		return nil, fmt.Errorf("memmysql: %w", err)
	}
	s := &Server{addr: config.Address, engine: engine, server: gms, handler: h, done: make(chan struct{})}
	go func() {
		defer close(s.done)
		s.server.Listener.Accept()
	}()
	return s, nil
}

// A counted listener counts the connections it accepted, for Close to wait for.
// Their type is hidden from the engine, which would read the kernel's table of
// sockets every few seconds to see whether a client of a long query is there.
type counted struct {
	net.Listener
	handler *handler
}

func (l counted) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	l.handler.open.Add(1)
	return hidden{c}, nil
}

type hidden struct{ net.Conn }

// DSN returns the data source name of the server in the form the go-sql-driver
// reads, with no database selected: root@tcp(127.0.0.1:PORT)/
func (s *Server) DSN() string { return "root@tcp(" + s.addr + ")/" }

// Close ends the server and every connection to it, and waits for them.
// Closing again does nothing.
func (s *Server) Close() error {
	var err error
	s.once.Do(func() {
		s.server.Listener.Close()
		<-s.done
		s.handler.close()
		// Ending what the engine runs in the background is no error.
		if err = s.engine.Close(); errors.Is(err, context.Canceled) {
			err = nil
		}
	})
	return err
}
