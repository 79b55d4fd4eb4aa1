package main

import (
	"context"
	_ "embed"
	"fmt"
	"strings"

	"github.com/crossfade-go/crossfade/dal"
	"github.com/crossfade-go/crossfade/examples/internal/local"
	"github.com/crossfade-go/crossfade/migrationctl"
)

//go:embed contract.json
var contractJSON []byte

// An account is a row of the table that moves.
type account struct {
	ID     int64  `db:"account_id"`
	Email  string `db:"email"` // unique
	Logins int64  `db:"logins"`
}

const createAccounts = `CREATE TABLE accounts (
	account_id INT PRIMARY KEY,
	email VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL UNIQUE,
	logins INT NOT NULL
)`

// firstCreated is where the ids of created accounts begin; those of the rows
// that are there at first are 0 and up.
const firstCreated = 10_000_000

// A site is where this run has its data, and clears when it is done.
type site = local.Site

// prepare makes the tables and goes to phase 3, verified, before there is load.
func prepare(ctx context.Context, s *site, rows int, o *migrationctl.Operator) error {
	if err := fill(ctx, s, rows); err != nil {
		return err
	}
	if err := s.CreateTables(ctx, nil); err != nil {
		return err
	}
	c := migrationctl.Change{Reason: "benchmark"}
	for _, step := range []func() error{
		func() error { return o.Init(ctx) },
		func() error { return o.CaptureOn(ctx, c) },
		func() error { return o.SetPhase(ctx, dal.DualWrite, c) },
		func() error { return o.Backfill(ctx, migrationctl.BackfillOptions{}) },
		func() error { return o.SetPhase(ctx, dal.Validate, c) },
		func() error { _, err := o.Verify(ctx, migrationctl.VerifyOptions{}); return err },
	} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

func fill(ctx context.Context, s *site, rows int) error {
	if _, err := s.DB.ExecContext(ctx, createAccounts); err != nil {
		return err
	}
	const batch = 500
	for from := 0; from < rows; from += batch {
		var values []string
		for id := from; id < min(from+batch, rows); id++ {
			values = append(values, fmt.Sprintf("(%d, 'account-%d@example.org', 0)", id, id))
		}
		if _, err := s.DB.ExecContext(ctx, "INSERT INTO accounts VALUES "+strings.Join(values, ",")); err != nil {
			return err
		}
	}
	return nil
}
