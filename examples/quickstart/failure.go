package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/aws/smithy-go"
	"github.com/go-sql-driver/mysql"

	"github.com/crossfade-go/crossfade/dal"
	"github.com/crossfade-go/crossfade/examples/internal/local"
)

// The exit codes.
const (
	exitDone  = 0
	exitFound = 1 // something is wrong with the data, or did not hold
	exitSetup = 2 // usage, connection, privileges
)

// An exitError is an error whose exit code is decided where it happens.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string { return e.err.Error() }
func (e *exitError) Unwrap() error { return e.err }

// usage returns the error of a call, or a place, that can't work.
func usage(format string, args ...any) error {
	return &exitError{exitSetup, fmt.Errorf(format, args...)}
}

// found returns the error of input or data that is wrong.
func found(format string, args ...any) error {
	return &exitError{exitFound, fmt.Errorf(format, args...)}
}

func exitCode(err error) int {
	var decided *exitError
	switch {
	case err == nil:
		return exitDone
	case errors.As(err, &decided):
		return decided.code
	case errors.Is(err, dal.ErrUnavailable), errors.Is(err, dal.ErrThrottled), unprivileged(err):
		return exitSetup
	}
	return exitFound
}

// unprivileged reports whether a server refused the account or what it may do.
func unprivileged(err error) bool {
	var server *mysql.MySQLError
	if errors.As(err, &server) {
		switch server.Number {
		case 1044, 1045, 1142, 1143, 1227, 1370, 1698:
			return true
		}
	}
	var service smithy.APIError
	if errors.As(err, &service) {
		return strings.HasPrefix(service.ErrorCode(), "AccessDenied") ||
			strings.HasPrefix(service.ErrorCode(), "UnrecognizedClient")
	}
	return false
}

// complain prints an error and returns its exit code.
func complain(ctx context.Context, stderr io.Writer, err error) int {
	var litter *local.LeftError
	switch {
	case ctx.Err() == nil:
		fmt.Fprintln(stderr, "quickstart: "+err.Error())
		return exitCode(err)
	case errors.As(err, &litter):
		fmt.Fprintln(stderr, "quickstart: interrupted; "+litter.Error())
	default:
		// Whatever the cancelled call says, the caller knows why.
		fmt.Fprintln(stderr, "quickstart: interrupted; what it made is removed")
	}
	return exitFound
}
