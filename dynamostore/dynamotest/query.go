package dynamotest

import (
	"slices"
	"strings"

	"github.com/crossfade-go/crossfade/dynamostore/dynamotest/internal/attr"
	"github.com/crossfade-go/crossfade/dynamostore/dynamotest/internal/expr"
)

// What Select can ask for.
const (
	selectAll       = "ALL_ATTRIBUTES"
	selectProjected = "ALL_PROJECTED_ATTRIBUTES"
	selectSpecific  = "SPECIFIC_ATTRIBUTES"
	selectCount     = "COUNT"
)

// A readInput is what Query and Scan have in common.
type readInput struct {
	TableName                 *string
	IndexName                 *string
	ConsistentRead            bool
	ExclusiveStartKey         attr.Input
	ExpressionAttributeNames  map[string]string
	ExpressionAttributeValues attr.Input
	FilterExpression          *string
	ProjectionExpression      *string
	Limit                     *int
	ReturnConsumedCapacity    string
	Select                    string

	// The old form.
	AttributesToGet     []string
	ConditionalOperator string
}

type queryInput struct {
	readInput
	KeyConditionExpression *string
	ScanIndexForward       *bool

	KeyConditions map[string]legacyCondition
	QueryFilter   map[string]legacyCondition
}

func (c *call) query(in *queryInput) error {
	if err := in.check("Querying"); err != nil {
		return err
	}
	if in.KeyConditionExpression == nil && in.KeyConditions == nil {
		return invalid("Either the KeyConditions or KeyConditionExpression parameter must be specified in the request.")
	}
	// KeyConditions may stand beside a FilterExpression and a
	// ProjectionExpression, as it does in the queries of older clients.
	old := given(parameter{"KeyConditions", in.KeyConditions != nil && in.KeyConditionExpression != nil}, parameter{"QueryFilter", in.QueryFilter != nil})
	if err := in.mixed(old, given(parameter{"KeyConditionExpression", in.KeyConditionExpression != nil})); err != nil {
		return err
	}
	env, err := in.env(expr.Given{Kind: expr.KindKeyCondition, Text: in.KeyConditionExpression})
	if err != nil {
		return err
	}
	r := &pageRead{call: c, in: &in.readInput, backward: in.ScanIndexForward != nil && !*in.ScanIndexForward}
	var condition *expr.KeyCondition
	if in.KeyConditions != nil {
		condition, err = keyConditions(in.KeyConditions)
	} else {
		condition, err = expr.ParseKeyCondition(*in.KeyConditionExpression, env)
	}
	if err != nil {
		return err
	}
	if err := r.parse(env, in.QueryFilter); err != nil {
		return err
	}
	if err := r.open(); err != nil {
		return err
	}
	if err := r.checkFilterKeys(); err != nil {
		return err
	}
	return r.query(condition)
}

// query reads what the key condition selects.
func (r *pageRead) query(condition *expr.KeyCondition) error {
	keys := r.keys()
	selected, err := condition.Bind(keys.hash, keys.sort)
	if err != nil {
		return err
	}
	r.from, r.to = bounds(selected)
	start, err := r.start()
	if err != nil {
		return err
	}
	if start != "" {
		if p := partition(selected.Hash); !strings.HasPrefix(start, p) {
			return invalid("The provided starting key is outside query boundaries based on provided conditions")
		}
		if start < r.from || start >= r.to {
			return invalid("The provided starting key does not match the range key predicate")
		}
	}
	r.resume(start)
	return r.run()
}

// checkFilterKeys refuses filters on attributes that the key condition is for.
func (r *pageRead) checkFilterKeys() error {
	if r.filter == nil {
		return nil
	}
	keys := r.keys()
	for _, p := range r.filter.Paths() {
		if keys.has(p[0].Name) {
			return invalid("Filter Expression can only contain non-primary key attributes: Primary key attribute: %s", p[0].Name)
		}
	}
	return nil
}

// check checks the parameters that need no table.
func (in *readInput) check(doing string) error {
	if _, err := checkTable(in.TableName); err != nil {
		return err
	}
	if in.IndexName != nil {
		if err := checkName(in.IndexName, "indexName"); err != nil {
			return err
		}
	}
	if in.Limit != nil {
		if err := atLeast(*in.Limit, 1, "limit"); err != nil {
			return err
		}
	}
	if err := checkCapacityMode(in.ReturnConsumedCapacity); err != nil {
		return err
	}
	if err := oneOf(in.Select, "select", selectSpecific, selectCount, selectAll, selectProjected); err != nil {
		return err
	}
	return in.checkSelect(doing)
}

// checkSelect checks that Select and what is projected go together.
func (in *readInput) checkSelect(doing string) error {
	projects := in.ProjectionExpression != nil || in.AttributesToGet != nil
	parameter := "ProjectionExpression"
	if in.AttributesToGet != nil {
		parameter = "AttributesToGet"
	}
	switch {
	case in.Select == selectSpecific && !projects:
		return invalid("Must specify the AttributesToGet or ProjectionExpression when choosing to get SPECIFIC_ATTRIBUTES")
	case in.Select == selectProjected && in.IndexName == nil:
		return invalid("ALL_PROJECTED_ATTRIBUTES can be used only when %s using an IndexName", doing)
	case projects && in.Select == selectCount:
		return invalid("Cannot specify the %s when choosing to get only the Count", parameter)
	case projects && in.Select != "" && in.Select != selectSpecific:
		return invalid("Cannot specify the %s when choosing to get %s", parameter, in.Select)
	}
	return nil
}

// mixed refuses parameters of both kinds.
func (in *readInput) mixed(old, expressions []string) error {
	old = slices.Concat(given(parameter{"AttributesToGet", in.AttributesToGet != nil}), old,
		given(parameter{"ConditionalOperator", in.ConditionalOperator != ""}))
	expressions = slices.Concat(given(parameter{"ProjectionExpression", in.ProjectionExpression != nil},
		parameter{"FilterExpression", in.FilterExpression != nil}), expressions)
	return mixed(old, expressions)
}

// env returns the names and values for all expressions of the request.
func (in *readInput) env(more ...expr.Given) (*expr.Env, error) {
	expressions := append([]expr.Given{{Kind: expr.KindFilter, Text: in.FilterExpression}}, more...)
	expressions = append(expressions, expr.Given{Kind: expr.KindProjection, Text: in.ProjectionExpression})
	return expr.NewEnv(in.ExpressionAttributeNames, in.ExpressionAttributeValues, expressions...)
}
