package engine

import (
	"context"
	"fmt"
	"sync"

	"github.com/go-sql-driver/mysql"
)

// A Substitute is an engine of this repository's own that takes the place of a
// real one where none is named or found, so that tests and examples run on a
// machine with nothing but Go. It listens on 127.0.0.1. This package knows none:
// whoever imports one hands it over here.
type Substitute struct {
	Name  string // as in "dynamotest"
	Where string // as in "in this process", for Describe
	// Stop ends it; nil if there is nothing to end. It is called once.
	Stop func() error

	stopped sync.Once
}

// MySQL returns the substitute that listens where the DSN says, if it answers.
// The account must be allowed to create databases. On an error it is stopped.
func (s *Substitute) MySQL(ctx context.Context, dsn string) (*MySQL, error) {
	config, err := mysql.ParseDSN(dsn)
	if err == nil {
		m := &MySQL{config: config, origin: s.Where, lent: s}
		if err = m.ask(ctx); err == nil {
			return m, nil
		}
	}
	_ = s.stop() // what is said is why it is of no use
	return nil, fmt.Errorf("engine: %s %s: %w", s.Name, s.Where, err)
}

// DynamoDB returns the substitute that listens at the URL, if it answers. On an
// error it is stopped.
func (s *Substitute) DynamoDB(ctx context.Context, url string) (*DynamoDB, error) {
	d := &DynamoDB{endpoint: url, region: Options{}.region(), kind: s.Name, origin: s.Where, lent: s}
	if err := d.ask(ctx); err != nil {
		_ = s.stop()
		return nil, fmt.Errorf("engine: %s %s: %w", s.Name, s.Where, err)
	}
	d.meet(ctx)
	return d, nil
}

// stop ends the engine at the first call.
func (s *Substitute) stop() (err error) {
	s.stopped.Do(func() {
		if s.Stop != nil {
			err = s.Stop()
		}
	})
	return err
}

// IsSubstitute says whether this is no MySQL or MariaDB, but what takes its
// place.
func (m *MySQL) IsSubstitute() bool { return m.lent != nil }

// IsSubstitute says whether this is neither named nor found, but what takes the
// place of an engine.
func (d *DynamoDB) IsSubstitute() bool { return d.lent != nil }
