//go:build unix

package main

import (
	"os"
	"syscall"
)

const canStop = true

// halt stops a process where it stands, and goOn lets it go on.
func halt(p *os.Process) error { return p.Signal(syscall.SIGSTOP) }
func goOn(p *os.Process) error { return p.Signal(syscall.SIGCONT) }
