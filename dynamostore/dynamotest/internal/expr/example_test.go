package expr_test

import (
	"encoding/json"
	"fmt"

	"github.com/crossfade-go/crossfade/dynamostore/dynamotest/internal/attr"
	"github.com/crossfade-go/crossfade/dynamostore/dynamotest/internal/expr"
)

func Example() {
	condition, update := "attribute_exists(pk) AND n < :max", "SET n = n + :one REMOVE #d"
	var values attr.Input
	if err := json.Unmarshal([]byte(`{":one":{"N":"1"},":max":{"N":"10"}}`), &values); err != nil {
		panic(err)
	}
	env, err := expr.NewEnv(map[string]string{"#d": "draft"}, values,
		expr.Given{Kind: expr.KindUpdate, Text: &update}, expr.Given{Kind: expr.KindCondition, Text: &condition})
	if err != nil {
		panic(err)
	}
	u, err := expr.ParseUpdate(update, env)
	if err != nil {
		panic(err)
	}
	c, err := expr.ParseCondition(expr.KindCondition, condition, env)
	if err != nil {
		panic(err)
	}
	if err := env.Finish(); err != nil {
		panic(err)
	}
	item := attr.Item{"pk": attr.String("a"), "n": attr.Int(9), "draft": attr.Bool(true)}
	for c.Eval(item) {
		change, err := u.Apply(item)
		if err != nil {
			panic(err)
		}
		fmt.Println("n was", change.Old()["n"], "and is", change.New()["n"])
		item = change.Item
	}
	fmt.Println(len(item), "attributes left")
	// Output:
	// n was 9 and is 10
	// 2 attributes left
}
