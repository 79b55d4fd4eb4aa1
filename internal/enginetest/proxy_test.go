package enginetest

import (
	"io"
	"net"
	"os"
	"runtime"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// An echo server sends back what it receives, and tells it first.
type echo struct {
	addr     string
	received chan string
}

func startEcho(t *testing.T) *echo {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	e := &echo{addr: l.Addr().String(), received: make(chan string, 1000)}
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			wg.Go(func() { e.serve(conn) })
		}
	})
	t.Cleanup(func() { l.Close(); wg.Wait() })
	return e
}

func (e *echo) serve(conn net.Conn) {
	defer conn.Close()
	buffer := make([]byte, 1024)
	for {
		n, err := conn.Read(buffer)
		if err != nil {
			return
		}
		e.received <- string(buffer[:n])
		conn.Write(buffer[:n])
	}
}

func dial(t *testing.T, p *Proxy) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", p.Addr())
	require.NoError(t, err)
	t.Cleanup(func() { conn.Close() })
	return conn
}

func send(t *testing.T, conn net.Conn, text string) {
	t.Helper()
	_, err := conn.Write([]byte(text))
	require.NoError(t, err)
}

// silent is for how long nothing must come to show that nothing comes.
const silent = 50 * time.Millisecond

func requireSilence(t *testing.T, conn net.Conn) {
	t.Helper()
	conn.SetReadDeadline(time.Now().Add(silent))
	_, err := conn.Read(make([]byte, 1))
	require.ErrorIs(t, err, os.ErrDeadlineExceeded)
}

func receive(t *testing.T, conn net.Conn, want string) {
	t.Helper()
	conn.SetReadDeadline(time.Now().Add(20 * time.Second))
	got := make([]byte, len(want))
	_, err := io.ReadFull(conn, got)
	require.NoError(t, err)
	require.Equal(t, want, string(got))
}

func TestProxyPasses(t *testing.T) {
	p := NewProxy(t, startEcho(t).addr)
	a, b := dial(t, p), dial(t, p)
	send(t, a, "one")
	send(t, b, "two")
	receive(t, a, "one")
	receive(t, b, "two")
}

func TestProxyCut(t *testing.T) {
	p := NewProxy(t, startEcho(t).addr)
	addr, conn := p.Addr(), dial(t, p)
	send(t, conn, "one")
	receive(t, conn, "one")

	p.Cut()
	p.Cut()
	conn.SetReadDeadline(time.Now().Add(20 * time.Second))
	_, err := conn.Read(make([]byte, 1))
	require.ErrorIs(t, err, syscall.ECONNRESET, "not a polite end")
	_, err = net.Dial("tcp", addr)
	require.Error(t, err, "it must refuse")

	p.Resume()
	require.Equal(t, addr, p.Addr())
	conn = dial(t, p)
	send(t, conn, "two")
	receive(t, conn, "two")
}

func TestProxyHang(t *testing.T) {
	e := startEcho(t)
	p := NewProxy(t, e.addr)
	old := dial(t, p)
	send(t, old, "one")
	receive(t, old, "one")
	<-e.received

	p.Hang()
	young := dial(t, p)
	send(t, old, "two")
	send(t, young, "three")
	requireSilence(t, old)
	requireSilence(t, young)
	require.Empty(t, e.received, "nothing may reach the target")

	p.Resume()
	receive(t, old, "two")
	receive(t, young, "three")
}

func TestProxyHoldReplies(t *testing.T) {
	e := startEcho(t)
	p := NewProxy(t, e.addr)
	conn := dial(t, p)
	p.HoldReplies()
	send(t, conn, "one")
	require.Equal(t, "one", <-e.received, "requests must pass")
	requireSilence(t, conn)
	p.Cut()
	conn.SetReadDeadline(time.Now().Add(20 * time.Second))
	n, err := conn.Read(make([]byte, 1))
	require.Zero(t, n, "the reply must be lost")
	require.NotErrorIs(t, err, os.ErrDeadlineExceeded)

	p.HoldReplies() // listens again
	conn = dial(t, p)
	send(t, conn, "two")
	require.Equal(t, "two", <-e.received)
	p.Resume()
	receive(t, conn, "two")
}

func TestProxyDelay(t *testing.T) {
	p := NewProxy(t, startEcho(t).addr)
	conn := dial(t, p)
	send(t, conn, "one")
	receive(t, conn, "one")
	p.Delay(silent)
	start := time.Now()
	send(t, conn, "two")
	receive(t, conn, "two")
	require.GreaterOrEqual(t, time.Since(start), 2*silent)

	p.Delay(time.Hour)
	send(t, conn, "three")
	requireSilence(t, conn)
	p.Resume()
	receive(t, conn, "three")
}

// When one side ends, the other learns it.
func TestProxyPassesTheEnd(t *testing.T) {
	p := NewProxy(t, startEcho(t).addr)
	conn := dial(t, p)
	send(t, conn, "one")
	receive(t, conn, "one")
	require.NoError(t, conn.(*net.TCPConn).CloseWrite())
	conn.SetReadDeadline(time.Now().Add(20 * time.Second))
	_, err := conn.Read(make([]byte, 1))
	require.ErrorIs(t, err, io.EOF)

	nobody := NewProxy(t, "127.0.0.1:1")
	conn = dial(t, nobody)
	conn.SetReadDeadline(time.Now().Add(20 * time.Second))
	_, err = conn.Read(make([]byte, 1))
	require.Error(t, err)
	require.NotErrorIs(t, err, os.ErrDeadlineExceeded)
}

// All modes from many goroutines under traffic, while the race detector
// watches. No goroutine of the proxy outlives the test it was made for.
func TestProxyUnderTraffic(t *testing.T) {
	t.Run("traffic", traffic)
	stacks := make([]byte, 1<<20)
	stacks = stacks[:runtime.Stack(stacks, true)]
	require.NotContains(t, string(stacks), "(*Proxy)")
}

func traffic(t *testing.T) {
	e := startEcho(t)
	p := NewProxy(t, e.addr)
	done := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			select {
			case <-e.received:
			case <-done:
				return
			}
		}
	})
	for range 4 {
		wg.Go(func() {
			for range 50 {
				if conn, err := net.Dial("tcp", p.Addr()); err == nil {
					conn.SetDeadline(time.Now().Add(2 * time.Millisecond))
					conn.Write([]byte("x"))
					conn.Read(make([]byte, 1))
					conn.Close()
				}
			}
		})
	}
	var modes sync.WaitGroup
	for range 3 {
		modes.Go(func() {
			for range 50 {
				p.Hang()
				p.Cut()
				p.Delay(time.Millisecond)
				p.HoldReplies()
				p.Resume()
			}
		})
	}
	modes.Wait()
	p.Resume()
	conn := dial(t, p)
	send(t, conn, "last")
	receive(t, conn, "last")
	close(done)
	wg.Wait()
}
