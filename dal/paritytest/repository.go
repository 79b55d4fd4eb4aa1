package paritytest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal"
)

// Records say how random operations on a repository are made.
type Records[T any] struct {
	// New returns a record. Its key should be one of few, so that operations meet;
	// its values those that make trouble.
	New func(r *rand.Rand) T
	// Key returns a record's key.
	Key func(repository *dal.Repository[T], v T) dal.Key
	// Change changes a record as an update does; not its key. nil: there are no
	// updates.
	Change func(r *rand.Rand, v *T)
	// Queries are asked in between, page by page.
	Queries []dal.Query
	// Steps is how many operations a history has. Default 60.
	Steps int
	// Seed makes the history. It is told where a test fails. Default 1.
	Seed uint64
}

// Repository plays a random history of creates, puts, updates, deletes, gets and
// queries of a repository in each phase and across every step, and compares every
// answer with that of phase 1: records, the order of lists, page boundaries, errors
// with kind and field.
func Repository[T any](t *testing.T, open func(testing.TB) Service[*dal.Repository[T]], records Records[T], opts *Options) {
	t.Helper()
	require.NotNil(t, records.New, "Records.New")
	require.NotNil(t, records.Key, "Records.Key")
	if records.Steps == 0 {
		records.Steps = 60
	}
	if records.Seed == 0 {
		records.Seed = 1
	}
	Operations(t, open, records.history(), opts)
}

// history returns the operations that the seed makes.
func (d Records[T]) history() []Operation[*dal.Repository[T]] {
	r := rand.New(rand.NewPCG(d.Seed, 0))
	var list []Operation[*dal.Repository[T]]
	for i := range d.Steps {
		op := d.operation(r, i)
		op.Name = fmt.Sprintf("%s (seed %d)", op.Name, d.Seed)
		list = append(list, op)
	}
	return list
}

// operation returns the i-th operation. What is random in it is drawn now, so that
// it is the same in each phase.
func (d Records[T]) operation(r *rand.Rand, i int) Operation[*dal.Repository[T]] {
	v, seed := d.New(r), r.Uint64()
	kind := r.IntN(10)
	switch {
	case kind < 3:
		return answering("create", false, func(ctx context.Context, users *dal.Repository[T]) (any, error) {
			one := v
			return &one, users.Create(ctx, &one)
		})
	case kind == 3:
		return answering("put", false, func(ctx context.Context, users *dal.Repository[T]) (any, error) {
			one := v
			return &one, users.Put(ctx, &one)
		})
	case kind < 6 && d.Change != nil:
		return answering("update", false, func(ctx context.Context, users *dal.Repository[T]) (any, error) {
			return nil, users.Update(ctx, d.Key(users, v), func(one *T) error {
				d.Change(rand.New(rand.NewPCG(seed, 0)), one)
				return nil
			})
		})
	case kind == 6:
		return answering("delete", false, func(ctx context.Context, users *dal.Repository[T]) (any, error) {
			return nil, users.Delete(ctx, d.Key(users, v))
		})
	case kind < 9 && len(d.Queries) > 0:
		return d.query(d.Queries[i%len(d.Queries)], i%len(d.Queries), 1+r.IntN(3))
	}
	return answering("get", true, func(ctx context.Context, users *dal.Repository[T]) (any, error) {
		return users.Get(ctx, d.Key(users, v))
	})
}

// query asks for every page of a query.
func (d Records[T]) query(q dal.Query, number, size int) Operation[*dal.Repository[T]] {
	return answering(fmt.Sprintf("query %d by pages of %d", number, size), true, func(ctx context.Context, users *dal.Repository[T]) (any, error) {
		var pages [][]T
		for cursor := ""; ; {
			page, err := users.Page(ctx, q, cursor, size)
			if err != nil {
				return nil, err
			}
			pages = append(pages, slices.Clip(page.Items))
			if cursor = page.Next; cursor == "" {
				return pages, nil
			}
		}
	})
}

// answering returns an operation whose answer is a value as JSON, or an error.
func answering[S any](name string, reads bool, do func(ctx context.Context, api S) (any, error)) Operation[S] {
	return Operation[S]{Name: name, Reads: reads, Do: func(ctx context.Context, api S) (Answer, error) {
		value, err := do(ctx, api)
		if err != nil {
			return Answer{Head: describe(err)}, nil
		}
		body, err := json.Marshal(value)
		return Answer{Head: "success", Body: body}, err
	}}
}

// describe says of an error what a service may go by: its kind, outcome and field.
// Its text and the store that gave it are not the same in every phase.
func describe(err error) string {
	var e *dal.Error
	if !errors.As(err, &e) || e.Kind == nil {
		return "error: " + err.Error()
	}
	return fmt.Sprintf("error: %v, outcome %v, field %q", e.Kind, e.Outcome, e.Field)
}
