package expr

import (
	"testing"

	"github.com/crossfade-go/crossfade/dynamostore/dynamotest/internal/attr"
)

func BenchmarkUpdate(b *testing.B) {
	item := attr.Item{"pk": attr.String("a"), "n": attr.Int(5), "m": attr.Map{"k": attr.String("x")}}
	values := attr.NewInput(attr.Item{":one": attr.Int(1), ":s": attr.String("y")})
	names := map[string]string{"#m": "m"}
	b.ReportAllocs()
	for b.Loop() {
		env, err := NewEnv(names, values)
		if err != nil {
			b.Fatal(err)
		}
		u, err := ParseUpdate("SET n = if_not_exists(n, :one) + :one, #m.k = :s", env)
		if err != nil {
			b.Fatal(err)
		}
		c, err := ParseCondition(KindCondition, "attribute_exists(pk) AND n < :s", env)
		if err != nil {
			b.Fatal(err)
		}
		c.Eval(item)
		if _, err := u.Apply(item); err != nil {
			b.Fatal(err)
		}
		if err := env.Finish(); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkFilter(b *testing.B) {
	item := attr.Item{"pk": attr.String("a"), "n": attr.Int(5), "m": attr.Map{"k": attr.String("x")}}
	env, err := NewEnv(nil, attr.NewInput(attr.Item{":one": attr.Int(1), ":s": attr.String("x")}))
	if err != nil {
		b.Fatal(err)
	}
	c, err := ParseCondition(KindFilter, "n > :one AND (m.k = :s OR begins_with(pk, :s))", env)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if !c.Eval(item) {
			b.Fatal("the item meets the filter")
		}
	}
}
