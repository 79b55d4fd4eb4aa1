package engine

import (
	"context"
	"errors"
	"net"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestReservationIsExclusive(t *testing.T) {
	r, err := reservePort()
	require.NoError(t, err)
	require.Zero(t, r.port%2)
	_, err = reserve(r.port)
	require.Error(t, err, "two servers would start on one port")
	r.release()
	again, err := reserve(r.port)
	require.NoError(t, err)
	again.release()
}

func TestReserveSeesServers(t *testing.T) {
	l, err := Listen()
	require.NoError(t, err)
	defer l.Close()
	_, err = reserve(l.Addr().(*net.TCPAddr).Port)
	require.Error(t, err)
}

// listener is a server that is this test binary, as startOnFreePort wants it.
func listener(t *testing.T, chosen *[]int) portServer {
	cmd := self(t, "server")
	t.Setenv(envPart, "server") // for the process that the workspace starts
	w := space(t)
	return portServer{
		start: func(port int) (*process, error) {
			*chosen = append(*chosen, port)
			return w.start(cmd.Path, local(port))
		},
		ask: func(context.Context) error {
			if refuses(local((*chosen)[len(*chosen)-1])) {
				return errors.New("refused")
			}
			return nil
		},
	}
}

// A stranger may take the port between the look and the server's start.
func TestPortTakenMeanwhile(t *testing.T) {
	stranger, err := Listen()
	require.NoError(t, err)
	defer stranger.Close()
	taken := stranger.Addr().(*net.TCPAddr).Port

	var chosen []int
	s := listener(t, &chosen)
	ask := s.ask
	s.ask = func(ctx context.Context) error {
		if chosen[len(chosen)-1] == taken {
			return errors.New("not in a language we speak")
		}
		return ask(ctx)
	}
	choose := func() (reservation, error) {
		r, err := reservePort()
		if len(chosen) == 0 {
			r.port = taken
		}
		return r, err
	}
	p, err := startOnFreePort(t.Context(), s, choose)
	require.NoError(t, err)
	defer p.stop()
	require.Len(t, chosen, 2)
	require.NotEqual(t, taken, chosen[1])
}

// A server that ends for another reason is not started again and again.
func TestServerThatEndsIsTriedOnce(t *testing.T) {
	var chosen []int
	s := listener(t, &chosen)
	start := s.start
	s.start = func(port int) (*process, error) {
		p, err := start(port)
		if err == nil {
			p.kill()
		}
		return p, err
	}
	_, err := startOnFreePort(t.Context(), s, reservePort)
	var died *diedError
	require.ErrorAs(t, err, &died)
	require.Len(t, chosen, 1)
}
