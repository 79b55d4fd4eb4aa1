package main

import (
	"github.com/crossfade-go/crossfade/examples/internal/local"
)

// stores are the two stores of a run, and its contract as this program needs it.
type stores struct {
	*local.Stores
	*mapping
}

// openStores opens the stores of a place. It does no I/O.
func openStores(p local.Place) (*stores, error) {
	m, err := loadMapping("contract", p.Contract)
	if err != nil {
		return nil, err
	}
	s, err := p.Open()
	return &stores{s, m}, err
}
