package main

import (
	"context"
	"errors"
	"sync/atomic"

	"github.com/crossfade-go/crossfade/dal"
	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/dynamostore"
	"github.com/crossfade-go/crossfade/mysqlstore"
	"github.com/crossfade-go/crossfade/transform"
)

// A mark is carried by the context of one operation. dal.WaitEvent says that
// some operation had to wait, but not which one, nor whether it wrote.
type mark struct{ turnedAway atomic.Bool }

type markKey struct{}

func marked(ctx context.Context) (context.Context, *mark) {
	m := &mark{}
	return context.WithValue(ctx, markKey{}, m), m
}

// note marks the operation if a store turned it away. Reads without an epoch
// are of the refresh that follows a write.
func note(ctx context.Context, at store.At, err error) {
	m, ok := ctx.Value(markKey{}).(*mark)
	if ok && at.Epoch != 0 && errors.Is(err, dal.ErrWrongPhase) {
		m.turnedAway.Store(true)
	}
}

// markingMySQL is the store as it is, but for the marks.
type markingMySQL struct{ *mysqlstore.Store }

func (s markingMySQL) Get(ctx context.Context, at store.At, key transform.Key) (store.Row, error) {
	row, err := s.Store.Get(ctx, at, key)
	note(ctx, at, err)
	return row, err
}

func (s markingMySQL) Write(ctx context.Context, at store.At, w store.Write) (store.Written, error) {
	done, err := s.Store.Write(ctx, at, w)
	note(ctx, at, err)
	return done, err
}

// markingDynamoDB is the same of the other store.
type markingDynamoDB struct{ *dynamostore.Store }

func (s markingDynamoDB) Get(ctx context.Context, at store.At, key transform.Key) (store.Row, error) {
	row, err := s.Store.Get(ctx, at, key)
	note(ctx, at, err)
	return row, err
}

func (s markingDynamoDB) Write(ctx context.Context, at store.At, w store.Write) (store.Written, error) {
	done, err := s.Store.Write(ctx, at, w)
	note(ctx, at, err)
	return done, err
}
