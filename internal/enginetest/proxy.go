package enginetest

import (
	"net"
	"sync"
	"testing"
	"time"

	"github.com/crossfade-go/crossfade/internal/engine"
)

// A Proxy stands between a client and an engine and breaks the connection on
// demand. Its methods may be called at any time from any goroutine; they take
// effect before they return. Only Cut ends connections, the others act on those
// that are open too.
type Proxy struct {
	target string
	addr   string
	wg     sync.WaitGroup

	mu       sync.Mutex
	listener net.Listener // nil while cut
	conns    map[net.Conn]struct{}
	mode     mode
	changed  chan struct{} // closed and renewed when mode or listener change
	closed   bool
}

// A mode is what becomes of the bytes.
type mode struct {
	holdRequests, holdReplies bool
	delay                     time.Duration
}

// NewProxy starts a proxy on a free port of 127.0.0.1 that passes everything to
// the target, a "host:port". It is closed when the test ends.
func NewProxy(t testing.TB, target string) *Proxy {
	t.Helper()
	listener, err := engine.Listen()
	if err != nil {
		t.Fatal(err)
	}
	p := &Proxy{
		target:  target,
		addr:    listener.Addr().String(),
		conns:   map[net.Conn]struct{}{},
		changed: make(chan struct{}),
	}
	p.serveOn(listener)
	t.Cleanup(p.close)
	return p
}

// Addr is where the proxy listens, as "127.0.0.1:port". It stays the same over
// Cut and Resume.
func (p *Proxy) Addr() string { return p.addr }

// Cut closes all connections and refuses new ones, as a process that died.
func (p *Proxy) Cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cut()
}

// Hang accepts connections and what is sent on them, and lets nothing pass in
// either direction, as a network that swallows packets. What was taken is
// passed on after Resume, unless the client gave up.
func (p *Proxy) Hang() { p.set(mode{holdRequests: true, holdReplies: true}) }

// HoldReplies passes requests and holds what is answered, so that a call takes
// effect and its caller does not learn it. After Cut the answers are lost, after
// Resume they arrive.
func (p *Proxy) HoldReplies() { p.set(mode{holdReplies: true}) }

// Delay holds each piece back for a while, in each direction. A piece is what
// one read of the socket gives, so a request with its answer takes at least 2 d.
func (p *Proxy) Delay(d time.Duration) { p.set(mode{delay: d}) }

// Resume lets everything pass again.
func (p *Proxy) Resume() { p.set(mode{}) }

// set changes the mode, and listens again after a Cut.
func (p *Proxy) set(m mode) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return
	}
	if p.listener == nil {
		listener, err := net.Listen("tcp", p.addr)
		if err != nil {
			// Someone took the port while it was free; no test can go on.
			panic("enginetest: proxy can't listen again: " + err.Error())
		}
		p.serveOn(listener)
	}
	p.mode = m
	p.wake()
}

// wake makes whatever waits in pass look again.
func (p *Proxy) wake() {
	close(p.changed)
	p.changed = make(chan struct{})
}

// serveOn accepts on the listener. The caller holds the lock, or has the proxy
// to itself.
func (p *Proxy) serveOn(listener net.Listener) {
	p.listener = listener
	p.wg.Go(func() { p.accept(listener) })
}

// cut ends listener and connections. The caller holds the lock.
func (p *Proxy) cut() {
	if p.listener == nil {
		return
	}
	p.listener.Close()
	p.listener, p.mode = nil, mode{}
	// Not the polite end: what was under way is lost. All are told so before
	// the first is closed, since copy then closes its other side.
	for conn := range p.conns {
		if tcp, ok := conn.(*net.TCPConn); ok {
			tcp.SetLinger(0)
		}
	}
	for conn := range p.conns {
		conn.Close()
		delete(p.conns, conn)
	}
	p.wake()
}

// close ends the proxy and waits for its goroutines.
func (p *Proxy) close() {
	p.mu.Lock()
	p.closed = true
	p.cut()
	p.mu.Unlock()
	p.wg.Wait()
}

// accept serves connections until the listener is closed.
func (p *Proxy) accept(listener net.Listener) {
	for {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		if p.add(conn) {
			p.wg.Go(func() { p.serve(conn) })
		}
	}
}

// add keeps a connection, so that Cut can close it. One that was accepted
// before a Cut and comes here after it is closed.
func (p *Proxy) add(conn net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.listener == nil {
		conn.Close()
		return false
	}
	p.conns[conn] = struct{}{}
	return true
}

// drop closes a connection that has ended.
func (p *Proxy) drop(conn net.Conn) {
	conn.Close()
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.conns, conn)
}

// has says whether a connection is still this proxy's, not one that was cut.
func (p *Proxy) has(conn net.Conn) bool {
	_, ok := p.conns[conn]
	return ok
}

// serve connects a client with the target and copies both ways until one side
// ends; then both end, as they would without a proxy.
func (p *Proxy) serve(client net.Conn) {
	defer p.drop(client)
	if !p.pass(client, requests) {
		return
	}
	server, err := net.Dial("tcp", p.target)
	if err != nil || !p.add(server) {
		return
	}
	defer p.drop(server)
	var both sync.WaitGroup
	both.Go(func() { p.copy(server, client, requests) })
	both.Go(func() { p.copy(client, server, replies) })
	both.Wait()
}

// A direction is one of the two of a connection.
type direction int

const (
	requests direction = iota // from the client to the target
	replies
)

// copy passes what comes, each piece when the proxy lets it.
func (p *Proxy) copy(to, from net.Conn, d direction) {
	defer to.Close()
	buffer := make([]byte, 32<<10)
	for {
		n, err := from.Read(buffer)
		if n > 0 && !p.pass(to, d) {
			return
		}
		if _, writeErr := to.Write(buffer[:n]); writeErr != nil || err != nil {
			return
		}
	}
}

// pass waits while the mode holds this direction back. It returns false when
// the connection was cut meanwhile.
func (p *Proxy) pass(conn net.Conn, d direction) bool {
	start := time.Now()
	for {
		p.mu.Lock()
		alive, m, changed := p.has(conn), p.mode, p.changed
		p.mu.Unlock()
		held := m.holdRequests && d == requests || m.holdReplies && d == replies
		left := m.delay - time.Since(start)
		switch {
		case !alive:
			return false
		case held:
			<-changed
		case left > 0:
			wait(left, changed)
		default:
			return true
		}
	}
}

// wait returns after d, or earlier when the mode has changed.
func wait(d time.Duration, changed <-chan struct{}) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-changed:
	}
}
