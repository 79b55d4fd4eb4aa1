//go:build !unix

package main

import (
	"errors"
	"os"
)

const canStop = false

func halt(*os.Process) error { return errors.ErrUnsupported }
func goOn(*os.Process) error { return errors.ErrUnsupported }
