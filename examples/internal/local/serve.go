package local

import (
	"context"
	"errors"
	"net"
	"net/http"
	"time"
)

// Serve answers requests at an address until the context ends, and those that are
// under way then. Once it does, opened is called with the address that it got; its
// error ends the service too.
func Serve(ctx context.Context, address string, service http.Handler, opened func(address string) error) error {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	server := &http.Server{Handler: service, ReadHeaderTimeout: 10 * time.Second}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	if err = opened(listener.Addr().String()); err == nil {
		select {
		case err = <-ended:
		case <-ctx.Done():
		}
	}
	end, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	return errors.Join(err, server.Shutdown(end))
}
