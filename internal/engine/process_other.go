//go:build !unix

package engine

import (
	"errors"
	"os/exec"
)

// canStart is false: without process groups and a shell, a server could
// survive the process that started it. Engines must be named here.
const canStart = false

func ownGroup(*exec.Cmd) {}

func terminate(int) error { return errors.ErrUnsupported }

func killGroup(int) error { return errors.ErrUnsupported }
