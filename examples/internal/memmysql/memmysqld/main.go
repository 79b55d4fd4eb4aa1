// Command memmysqld runs the in-process MySQL server as a process of its own,
// for test processes that must not link it. It prints one line, the DSN, and
// runs until its standard input ends or it gets SIGTERM or an interrupt.
package main

import (
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/crossfade-go/crossfade/examples/internal/memmysql"
)

func main() {
	if err := run(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "memmysqld:", err)
		os.Exit(1)
	}
}

// run serves until in ends or a signal arrives.
func run(in io.Reader, out io.Writer) error {
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM, os.Interrupt)
	defer signal.Stop(stop)
	s, err := memmysql.Start()
	if err != nil {
		return err
	}
	defer s.Close()
	if _, err := fmt.Fprintln(out, s.DSN()); err != nil {
		return err
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_, _ = io.Copy(io.Discard, in)
	}()
	select {
	case <-stop:
	case <-ended:
	}
	return nil
}
