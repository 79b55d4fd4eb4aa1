package migrationctl

import (
	"context"
	"strings"

	"github.com/crossfade-go/crossfade/dal/store"
)

// besidePrefix begins what a bare record of phase 5 has in place of the contract's digest.
const besidePrefix = "beside "

// beside stands for what DynamoDB keeps beside the records under this contract.
func (o *Operator) beside() string { return besidePrefix + o.contract.BesideDigest() }

// checkContract returns an error if the group captures under another contract
// than this one. Two contracts in one group would refresh each other's items
// without what only the other one knows, and clean the keys.
//
// In phase 5 without capture they may differ, but not in what is kept beside the
// records: nothing would make the guards, edges and copies of old ones.
func (o *Operator) checkContract(record store.PhaseRecord) error {
	detail := "the group's writes are captured under another contract; "
	switch record.Contract {
	case "", o.digest, o.beside():
		return nil
	}
	if strings.HasPrefix(record.Contract, besidePrefix) {
		detail = "the records in DynamoDB have guards, edges and copies of another contract: its unique columns or references, what is kept by an edge, or what these are made of, are others; "
	}
	return &store.Error{Op: "open", Kind: store.ErrInvalid, Detail: detail +
		"to change it go back to phase 1, capture off, roll out the new one, capture on, backfill"}
}

// sameContracts refuses to begin a capture while a live process has another
// contract.
func (o *Operator) sameContracts(ctx context.Context, l lead) error {
	fleet, err := l.authority.Registrations(ctx)
	if err != nil {
		return err
	}
	var others []string
	for _, p := range fleet {
		if p.Age < RegistrationTTL && p.Contract != o.digest {
			others = append(others, p.Process+" on "+p.Host)
		}
	}
	if len(others) == 0 {
		return nil
	}
	return &RefusedError{Step: "capture on", Unmet: []Unmet{{Guard: "contract", Data: true,
		Reason: "these processes have another one: " + strings.Join(others, ", "), Mend: "roll the same contract out to all"}}}
}
