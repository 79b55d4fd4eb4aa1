package dynamostore

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// Tables plans, creates and compares the tables of a contract, and the library's
// own. A Store is one too; alone it takes every contract that has been checked,
// also one that Store can't migrate yet. It is safe for use by many goroutines at
// once.
type Tables struct {
	client   Client
	contract *transform.Contract
	opts     Options
	tables   []*transform.Table // of the contract, and the library's at the end
}

// NewTables returns the tables of the contract. Of the options it takes
// TablePrefix, RetryBudget and PollInterval. It does no I/O. Its error lists every
// fault of the arguments.
func NewTables(client Client, c *transform.Contract, opts *Options) (*Tables, error) {
	t := &Tables{client: client, contract: c}
	if opts != nil {
		t.opts = *opts
	}
	t.opts.RetryBudget = cmp.Or(t.opts.RetryBudget, 5*time.Second)
	t.opts.InsertConcurrency = cmp.Or(t.opts.InsertConcurrency, 4)
	t.opts.PollInterval = cmp.Or(t.opts.PollInterval, 2*time.Second)
	if t.opts.Now == nil {
		t.opts.Now = time.Now
	}
	if client == nil || c == nil {
		return nil, invalid("open", "", store.NoWrite, "a client and a contract are needed")
	}
	t.tables = append(slices.Clone(c.Tables), newLibraryTable())
	if err := errors.Join(t.checkOptions(), t.checkNames()); err != nil {
		return nil, invalid("open", "", store.NoWrite, "%s", err)
	}
	return t, nil
}

// checkOptions returns every fault of the options.
func (s *Tables) checkOptions() error {
	var errs []error
	if s.opts.RetryBudget < 0 {
		errs = append(errs, errors.New("RetryBudget is negative"))
	}
	if s.opts.InsertConcurrency < 0 {
		errs = append(errs, errors.New("InsertConcurrency is negative"))
	}
	if s.opts.PollInterval < 0 {
		errs = append(errs, errors.New("PollInterval is negative"))
	}
	return errors.Join(errs...)
}

// Table names are pasted into PartiQL statements between quotes, so nothing but
// the service's own alphabet may pass.
var tableName = regexp.MustCompile(`^[a-zA-Z0-9_.-]{3,255}$`)

// checkNames returns every fault of the tables' names.
func (s *Tables) checkNames() error {
	var errs []error
	for i, t := range s.tables {
		if t.Name == LibraryTable && i < len(s.contract.Tables) {
			errs = append(errs, fmt.Errorf("table name %q is that of the library's own table", t.Name))
		}
		if name := s.tableName(t); !tableName.MatchString(name) {
			errs = append(errs, fmt.Errorf("table name %q is not 3 to 255 letters, digits, '_', '-' or '.'", name))
		}
	}
	return errors.Join(errs...)
}

// tableName returns the name that a table of the contract has in the account.
func (s *Tables) tableName(t *transform.Table) string { return s.opts.TablePrefix + t.Name }

// patiently repeats a call that the service put off, or that met a transaction
// under way, for as long as the retry budget lasts. Either did nothing.
func (s *Tables) patiently(ctx context.Context, call func() error) error {
	b := budget{total: s.opts.RetryBudget}
	for {
		err := call()
		if err == nil || !throttled(err) && !conflicted(err) || !b.wait(ctx) {
			return err
		}
	}
}

// describe returns what is known of a table, nil if it is not there.
func (s *Tables) describe(ctx context.Context, op string, t *transform.Table) (*types.TableDescription, error) {
	name := s.tableName(t)
	out, err := s.client.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: &name})
	var missing *types.ResourceNotFoundException
	switch {
	case errors.As(err, &missing):
		return nil, nil
	case err != nil:
		return nil, fail(op, "", name, store.NoWrite, err)
	case out.Table == nil:
		return nil, invalid(op, "", store.NoWrite, "the service described no table for %s", name)
	}
	return out.Table, nil
}

// examine compares a table with the contract, its settings too. There are no
// differences, and no table, if it is not there.
func (s *Tables) examine(ctx context.Context, op string, t *transform.Table) (*tableDiff, error) {
	have, err := s.describe(ctx, op, t)
	if err != nil || have == nil {
		return nil, err
	}
	settings, err := s.settings(ctx, op, t, have)
	if err != nil {
		return nil, err
	}
	c := s.compare(t, have)
	c.settings(settings)
	return c, nil
}
