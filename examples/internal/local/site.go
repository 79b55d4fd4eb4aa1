package local

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/crossfade-go/crossfade/dynamostore"
)

// A Site is a place that this run made, and clears when it is done.
type Site struct {
	Place
	*Stores
	Engines *Engines
	Name    string   // of the run: what everything it makes is named by
	Tables  []string // of DynamoDB, that the run made
}

// NewSite makes a database for a program's run and opens the stores. The name is
// random, so that nothing is met that somebody else made. On an error everything
// is cleared.
func NewSite(ctx context.Context, e *Engines, program string, contract []byte) (*Site, error) {
	name := "crossfade_" + program + "_" + strings.ToLower(rand.Text()[:10])
	s := &Site{Engines: e, Name: name, Place: Place{Endpoint: e.DynamoDB.Endpoint(), Region: e.DynamoDB.Region(),
		Prefix: name + "_", Contract: contract}}
	var err error
	if s.DSN, err = e.MySQL.CreateDatabase(ctx, name); err != nil {
		return nil, err
	}
	if s.Stores, err = s.Open(); err != nil {
		return nil, errors.Join(err, s.Clear())
	}
	return s, nil
}

// Clear removes what the run made, and nothing else. It works after an
// interruption too: it has a time of its own.
func (s *Site) Clear() error {
	ctx, cancel := context.WithTimeout(context.Background(), clearTimeout)
	defer cancel()
	var errs []error
	for _, table := range s.Tables {
		errs = append(errs, left("table "+table, s.deleteTable(ctx, table)))
	}
	if s.Stores != nil {
		errs = append(errs, s.Stores.Close())
	}
	errs = append(errs, left("database "+s.Name, s.Engines.MySQL.DropDatabase(ctx, s.Name)))
	return errors.Join(errs...)
}

// A LeftError says what the run made and could not remove.
type LeftError struct {
	What string
	Err  error
}

func (e *LeftError) Error() string {
	return fmt.Sprintf("%s could not be removed; remove it by hand: %v", e.What, e.Err)
}

// left wraps the error of removing something, nil if there is none.
func left(what string, err error) error {
	if err == nil {
		return nil
	}
	return &LeftError{what, err}
}

// deleteTable deletes a table. One that is still being created can't be
// deleted yet.
func (s *Site) deleteTable(ctx context.Context, table string) error {
	for {
		_, err := s.Client.DeleteTable(ctx, &dynamodb.DeleteTableInput{TableName: &table})
		var gone *types.ResourceNotFoundException
		var busy *types.ResourceInUseException
		switch {
		case err == nil, errors.As(err, &gone):
			return nil
		case !errors.As(err, &busy) || ctx.Err() != nil:
			return err
		}
		select {
		case <-ctx.Done():
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// CreateTables creates the contract's tables and the library's and waits until
// they and their indexes are ACTIVE, of which it tells ready, which may be nil. A
// table that is there already is somebody else's.
func (s *Site) CreateTables(ctx context.Context, ready func(table string, after time.Duration)) error {
	plans, err := s.Dynamo.Plan(ctx)
	if err != nil {
		return err
	}
	for _, p := range plans {
		if p.Exists() {
			return fmt.Errorf("table %s is there already and this run did not make it; delete it or choose another engine%s", p.Table, differences(p))
		}
	}
	return s.Dynamo.Apply(ctx, nil, func(step dynamostore.TableStep) {
		switch {
		case step.Step == "creating":
			s.Tables = append(s.Tables, step.Table)
		case step.Step == "active" && ready != nil:
			ready(step.Table, step.After)
		}
	})
}

// differences lists what a table has otherwise than the contract wants.
func differences(p dynamostore.TablePlan) string {
	text := ""
	for _, d := range p.Differences {
		text += "; " + d.String()
	}
	return text
}
