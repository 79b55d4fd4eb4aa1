package storetest

import (
	"strings"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

func fitCases() []testCase {
	return ruled(ruleFit,
		underLease("bare", func(e *env) { e.start(); unfitValues(e) }),
		underLease("captured", func(e *env) { e.start(); e.capture(); unfitValues(e) }),
	)
}

// unfitValues tries values that DynamoDB would take. Refused later, in the
// follower, they would keep the record from MySQL for ever.
func unfitValues(e *env) {
	there, visit := e.user(1), e.visit("v", 1, "rank", "1")
	e.fill(there, visit)
	for _, c := range []struct {
		rec    transform.Record
		column string
		value  transform.Value
	}{
		{there, "username", transform.TextValue(strings.Repeat("x", 192))},
		{there, "username", transform.IntValue(7)},
		{visit, "rank", transform.IntValue(1 << 31)},
		{visit, "rank", transform.TextValue("1")},
		{visit, "note", transform.TextValue(strings.Repeat("日", 192))},
		{visit, "title", transform.TextValue("\xff")},
	} {
		spoilt := c.rec.Clone()
		require.NoError(e, spoilt.Set(c.column, c.value))
		e.unchanged(func() {
			for _, m := range []store.Mutation{
				e.replace(spoilt),
				e.modify(c.rec, func(now transform.Record) error { return now.Set(c.column, c.value) }),
			} {
				_, err := e.try(m)
				e.requireError(err, store.ErrInvalid)
				var se *store.Error
				require.ErrorAs(e, err, &se)
				require.Equal(e, c.column, se.Field, "the error names the column")
				_, err = e.try(e.create(e.user(2)), m)
				e.requireError(err, store.ErrInvalid)
			}
		}, e.key(e.user(2)))
	}
	e.write(e.replace(e.with(visit, "note", strings.Repeat("日", 191))))
}
