package fragment

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
)

func parse(t testing.TB, text string) Fragment {
	t.Helper()
	f, err := Parse(text)
	require.NoError(t, err, text)
	return f
}

func TestColumns(t *testing.T) {
	f := parse(t, "IF(é.a IN (b, 1), CAST(-c AS CHAR), CONCAT(b, d IS NULL)) = 'x'")
	require.Equal(t, []Column{{Ref{"é", "a"}, 4}, {Ref{"", "b"}, 12}, {Ref{"", "c"}, 25}, {Ref{"", "b"}, 44}, {Ref{"", "d"}, 47}}, f.Columns())
	require.Equal(t, []Ref{{"é", "a"}, {"", "b"}, {"", "c"}, {"", "d"}}, f.Refs())
}

func TestSingle(t *testing.T) {
	ref, ok := parse(t, "(users.email)").Column()
	require.True(t, ok)
	require.Equal(t, Ref{"users", "email"}, ref)
	v, ok := parse(t, "'ROOT'").Literal()
	require.True(t, ok)
	require.Equal(t, TextValue("ROOT"), v)
	_, ok = parse(t, "a + 1").Column()
	require.False(t, ok)
	_, ok = parse(t, "a").Literal()
	require.False(t, ok)
}

func TestResolve(t *testing.T) {
	f := parse(t, "users.id = user_id AND user_id IN (1, users.id)")
	resolved, err := f.Resolve(func(r Ref) (Ref, error) {
		if r.Table == "users" {
			return Ref{"j`1", "ID"}, nil
		}
		return Ref{"s", r.Name}, nil
	})
	require.NoError(t, err)
	sql, args := resolved.SQL()
	require.Equal(t, "((`j``1`.`ID` = `s`.`user_id`) AND (`s`.`user_id` IN (CAST(? AS SIGNED), `j``1`.`ID`)))", sql)
	require.Equal(t, []any{int64(1)}, args)
	require.Equal(t, "(`users`.`id` = `user_id`) AND (`user_id` IN (1, `users`.`id`))", f.String(), "the first one is as it was")

	_, err = f.Resolve(func(r Ref) (Ref, error) {
		if r.Table == "" {
			return Ref{}, errors.New("no such column")
		}
		return r, nil
	})
	require.EqualError(t, err, `fragment "users.id = user_id AND user_id IN (1, users.id)", column 12: no such column`)
	_, err = f.Resolve(func(Ref) (Ref, error) { return Ref{"t", ""}, nil })
	require.ErrorContains(t, err, "not one that MySQL can have")
}

func TestCase(t *testing.T) {
	last := parse(t, "'none'")
	f, err := Case([]When{{parse(t, "a = 1"), parse(t, "'one'")}, {parse(t, "a = 2"), parse(t, "b")}}, &last)
	require.NoError(t, err)
	require.Equal(t, "IF(`a` = 1, 'one', IF(`a` = 2, `b`, 'none'))", f.String())
	require.Zero(t, f.Columns()[0].At, "the column of another text")

	f, err = Case([]When{{parse(t, "a"), parse(t, "b")}}, nil)
	require.NoError(t, err)
	require.Equal(t, "IF(`a`, `b`, NULL)", f.String())

	many := make([]When, 64)
	for i := range many {
		many[i] = When{parse(t, "a"), parse(t, "b")}
	}
	_, err = Case(many, nil)
	require.ErrorContains(t, err, "64 levels")
}

func TestEqualities(t *testing.T) {
	all, err := ParseEqualities("(a.x = b.y AND (a.z = c)) AND d = e.f")
	require.NoError(t, err)
	require.Equal(t, []Equality{
		{Column{Ref{"a", "x"}, 2}, Column{Ref{"b", "y"}, 8}},
		{Column{Ref{"a", "z"}, 17}, Column{Ref{"", "c"}, 23}},
		{Column{Ref{"", "d"}, 31}, Column{Ref{"e", "f"}, 35}},
	}, all)

	for _, c := range []struct {
		text   string
		column int
	}{
		{"a", 1}, {"a = 1", 1}, {"1 = a", 5}, {"a = b OR c = d", 1}, {"a = b AND c < d", 11}, {"NOT a = b", 5},
		{"a = b AND c IS NULL", 11}, {"a + 0 = b", 1}, {"LOWER(a) = b", 7}, {"a <> b", 1}, {"1 = 1", 0}, {"TRUE", 0},
	} {
		_, err := ParseEqualities(c.text)
		var fault *Error
		require.ErrorAs(t, err, &fault, c.text)
		require.Equal(t, c.column, fault.Column, c.text)
		require.ErrorContains(t, err, "a join condition is column = column")
	}
	_, err = ParseEqualities("a = ")
	require.ErrorContains(t, err, "ends too early")
}
