package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/smithy-go"
	"github.com/go-sql-driver/mysql"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/migrationctl"
	"github.com/crossfade-go/crossfade/transform"
)

// The exit codes.
const (
	exitDone  = 0
	exitFound = 1 // errors, differences, refusal, failure, interruption
	exitSetup = 2 // usage, connection, configuration
)

// An exitError is an error whose exit code is decided where it happens.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string { return e.err.Error() }
func (e *exitError) Unwrap() error { return e.err }

// usage returns the error of a call that can't be right, or of a configuration
// that does not work.
func usage(format string, args ...any) error {
	return &exitError{exitSetup, fmt.Errorf(format, args...)}
}

// found returns the error of a command that did its work and found something
// wrong, or that refuses.
func found(format string, args ...any) error {
	return &exitError{exitFound, fmt.Errorf(format, args...)}
}

// report returns the exit code of an error and what is said of it.
func report(ctx context.Context, err error) (code int, lines []string) {
	code = exitCode(err)
	if ctx.Err() != nil && code != exitSetup || errors.Is(err, context.Canceled) {
		// What the cancelled calls had to say is noise: the caller knows why.
		return exitFound, []string{"interrupted; the same command goes on, or begins again where there is nothing to go on from"}
	}
	return code, explain(err)
}

// fail prints an error and returns its exit code.
func (c *cli) fail(ctx context.Context, err error) int {
	code, lines := report(ctx, err)
	said := make([]string, len(lines))
	for i, line := range lines {
		said[i] = escaped(line)
	}
	fmt.Fprintln(c.stderr, "migrationctl: "+strings.Join(said, "\n  "))
	// A script that asked for JSON gets its one document also then.
	c.out.failed(lines, err)
	return code
}

// explain returns an error's text, in lines of which the first says what
// happened and each other one a reason.
func explain(err error) []string {
	var refused *migrationctl.RefusedError
	if errors.As(err, &refused) && error(refused) == err {
		lines := []string{refused.Step + " refused, nothing changed"}
		for _, u := range refused.Unmet {
			lines = append(lines, u.String())
		}
		return lines
	}
	lines := strings.Split(err.Error(), "\n")
	for i, line := range lines {
		lines[i] = strings.TrimSpace(line)
	}
	if errors.Is(err, store.ErrWrongPhase) {
		lines = append(lines, "migrationctl status says where the group stands and what to do")
	}
	return lines
}

// oneLine returns an error's text as a part of a line.
func oneLine(err error) string { return strings.Join(explain(err), "; ") }

// exitCode returns 2 for what is wrong with the set-up: whoever calls from a
// script can tell "try again when it is mended" from "look at what was found".
func exitCode(err error) int {
	var (
		decided *exitError
		refused *migrationctl.RefusedError
		check   *transform.CheckError
	)
	switch {
	case errors.As(err, &decided):
		return decided.code
	case errors.As(err, &refused), errors.As(err, &check):
		return exitFound
	case errors.Is(err, store.ErrUnavailable), errors.Is(err, store.ErrThrottled), denied(err), unsent(err):
		return exitSetup
	}
	return exitFound
}

// denied reports whether a server refused the account or what it may do, or
// knows no such database.
func denied(err error) bool {
	var server *mysql.MySQLError
	if errors.As(err, &server) {
		switch server.Number {
		case 1044, 1045, 1046, 1049, 1142, 1143, 1227, 1370, 1698:
			return true
		}
		return false
	}
	var service smithy.APIError
	if !errors.As(err, &service) {
		return false
	}
	switch strings.TrimSuffix(service.ErrorCode(), "Exception") {
	case "AccessDenied", "UnrecognizedClient", "InvalidSignature", "IncompleteSignature",
		"MissingAuthenticationToken", "ExpiredToken", "InvalidClientTokenId":
		return true
	}
	return false
}

// unsent reports whether the SDK failed before a service had a say: without
// credentials, for one.
func unsent(err error) bool {
	var (
		call    *smithy.OperationError
		service smithy.APIError
	)
	return errors.As(err, &call) && !errors.As(err, &service)
}
