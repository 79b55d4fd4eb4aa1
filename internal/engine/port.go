package engine

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
)

// Ports are taken from below the range that Linux (from 32768) and the other
// systems (from 49152) hand out to outgoing connections. A port that the
// kernel picked for ":0" can be gone again before the server binds it, because
// a connection of another test got it as its local port.
const lowestPort, highestPort = 12000, 32000

// A reservation is a port for a server that is about to start. Until the server
// listens, it is held by listening on the odd port above it, so that another
// process of this package, which would answer in the server's place, does not
// choose the same one.
type reservation struct {
	port int
	held net.Listener
}

// reservePort returns an even port on which nothing listens just now.
func reservePort() (reservation, error) {
	var last error
	for range 100 {
		port := lowestPort + 2*rand.IntN((highestPort-lowestPort)/2)
		r, err := reserve(port)
		if err == nil {
			return r, nil
		}
		last = err
	}
	return reservation{}, fmt.Errorf("engine: no free port on 127.0.0.1: %w", last)
}

// reserve takes the odd port first: once it is held, the look at the even one
// can't be overtaken.
func reserve(port int) (reservation, error) {
	held, err := net.Listen("tcp", local(port+1))
	if err != nil {
		return reservation{}, err
	}
	if err := tryPort(port); err != nil {
		held.Close()
		return reservation{}, err
	}
	return reservation{port: port, held: held}, nil
}

func (r reservation) release() { r.held.Close() }

// tryPort says whether a server could listen on the port.
func tryPort(port int) error {
	l, err := net.Listen("tcp", local(port))
	if err == nil {
		l.Close()
	}
	return err
}

// local is the address of a port on this machine alone.
func local(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }

// Listen listens on a port of 127.0.0.1 that the system does not hand out to
// outgoing connections, so that it can be closed and opened again.
func Listen() (net.Listener, error) {
	r, err := reservePort()
	if err != nil {
		return nil, err
	}
	defer r.release()
	return net.Listen("tcp", local(r.port))
}

// How often a server is started again because its port was taken meanwhile.
const portAttempts = 5

// A portServer is what startOnFreePort needs of a server: start runs it, ask
// succeeds when it answers.
type portServer struct {
	start func(port int) (*process, error)
	ask   func(ctx context.Context) error
}

// startOnFreePort starts a server and waits until it answers. One that ends
// before, because a stranger took its port meanwhile, is started again on
// another.
func startOnFreePort(ctx context.Context, s portServer, choose func() (reservation, error)) (*process, error) {
	var err error
	for range portAttempts {
		var p *process
		var taken bool
		if p, taken, err = startOnPort(ctx, s, choose); err == nil {
			return p, nil
		}
		if !taken {
			break
		}
	}
	return nil, err
}

// startOnPort does it once, and says whether another port is worth a try.
func startOnPort(ctx context.Context, s portServer, choose func() (reservation, error)) (p *process, taken bool, err error) {
	r, err := choose()
	if err != nil {
		return nil, false, err
	}
	defer r.release()
	if p, err = s.start(r.port); err != nil {
		return nil, false, err
	}
	if err = p.answers(ctx, s.ask); err == nil {
		return p, false, nil
	}
	p.stop()
	var died *diedError
	return nil, errors.As(err, &died) && tryPort(r.port) != nil, err
}
