//go:build unix

package engine

import (
	"os/exec"
	"syscall"
)

// canStart says that servers can be started on this system.
const canStart = true

// ownGroup puts the command into a process group of its own. Ctrl-C in a
// terminal reaches the whole foreground group; the servers must outlive it, so
// that the program that uses them can end in order.
func ownGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
}

// terminate asks the process to end.
func terminate(pid int) error { return syscall.Kill(pid, syscall.SIGTERM) }

// killGroup ends the process and what it started, at once.
func killGroup(pid int) error { return syscall.Kill(-pid, syscall.SIGKILL) }
