package dynamostore

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// A Party is who a policy is for.
type Party string

// The parties.
const (
	Service  Party = "service"  // a process that has opened the controller
	Operator Party = "operator" // whoever types migrationctl
)

// PolicyOptions say what a policy is about. The zero value of each field but For
// is a choice that works.
type PolicyOptions struct {
	For Party
	// Phase is the phase whose needs the policy meets. 0 is all of them, one
	// after the other: the union.
	Phase store.Phase
	// TablePrefix comes before every table name, as in Options.
	TablePrefix string
	// Region and Account narrow the ARNs; "*", any, if empty.
	Region, Account string
}

// A PolicyDocument is a policy of IAM. It marshals to the JSON that IAM takes.
type PolicyDocument struct {
	Version   string
	Statement []PolicyStatement
}

// A PolicyStatement allows actions on resources.
type PolicyStatement struct {
	Sid       string
	Effect    string
	Action    []string
	Resource  []string
	Condition map[string]map[string][]string `json:",omitempty"`
}

// Policy returns the least that a party must be allowed on the tables of the
// contract and on the library's own, in one phase or in all. Nothing in it is for
// convenience: no action is allowed on a table that no code asks for.
//
// A service needs the policy of a phase as soon as its group is in it, so before
// a step it is given the next phase's beside the one it has, and after the step
// the old one is taken away. What an operator needs for the steps from a phase is
// in the policy of that phase. A service that makes steps by itself, with the
// methods of its Controller, needs both parties' policies.
//
// That a policy is enough, and that nothing in it is needless, is held by
// TestPolicy, which takes a service and an operator through every phase and back
// and looks at each call that they make. What a key of KMS that the contract names
// asks for is from its documentation: no engine of the tests has KMS.
//
// It returns ErrInvalid with every fault of the arguments.
func Policy(c *transform.Contract, opts PolicyOptions) (PolicyDocument, error) {
	if err := opts.check(c); err != nil {
		return PolicyDocument{}, invalid("policy", "", store.NoWrite, "%s", err)
	}
	p := &policy{opts: opts, names: newARNs(opts)}
	for _, t := range TablesOf(c) {
		p.table(c, t)
	}
	return PolicyDocument{Version: "2012-10-17", Statement: append(p.statements(), p.keys...)}, nil
}

// TablesOf returns what Apply creates: the tables of the contract in its order,
// and the library's own at the end.
func TablesOf(c *transform.Contract) []*transform.Table {
	return append(slices.Clone(c.Tables), newLibraryTable())
}

// ServiceOperations returns the operations on items that a service makes on a
// table, in any phase, sorted: what to watch the latency of. t is one of
// TablesOf(c).
func ServiceOperations(c *transform.Contract, t *transform.Table) []string {
	if t.Name == LibraryTable {
		return []string{"BatchGetItem", "DeleteItem", "GetItem", "PutItem", "Query", "TransactWriteItems", "UpdateItem"}
	}
	operations := []string{"BatchGetItem"}
	if !movingTables.fits(c, t) || stayingTables.fits(c, t) {
		operations = append(operations, "GetItem", "PutItem")
	}
	if len(t.Indexes) > 0 {
		operations = append(operations, "Query")
	}
	operations = append(operations, "TransactWriteItems")
	if copyTables.fits(c, t) {
		operations = append(operations, "UpdateItem")
	}
	return operations
}

// The forms of a region and of an account.
var (
	regionName    = regexp.MustCompile(`^([a-z0-9-]+|\*)$`)
	accountNumber = regexp.MustCompile(`^([0-9]{12}|\*)$`)
)

// check returns every fault of the options.
func (o PolicyOptions) check(c *transform.Contract) error {
	if c == nil {
		return errors.New("a contract is needed")
	}
	var errs []error
	if o.For != Service && o.For != Operator {
		errs = append(errs, fmt.Errorf("a policy is for %q or for %q, not for %q", Service, Operator, o.For))
	}
	if o.Phase != 0 && !o.Phase.Valid() {
		errs = append(errs, fmt.Errorf("there is no phase %d", o.Phase))
	}
	if o.Region != "" && !regionName.MatchString(o.Region) {
		errs = append(errs, fmt.Errorf("%q is no name of a region", o.Region))
	}
	if o.Account != "" && !accountNumber.MatchString(o.Account) {
		errs = append(errs, fmt.Errorf("%q is no account, which has 12 digits", o.Account))
	}
	for _, t := range TablesOf(c) {
		if name := o.TablePrefix + t.Name; !tableName.MatchString(name) {
			errs = append(errs, fmt.Errorf("table name %q is not 3 to 255 letters, digits, '_', '-' or '.'", name))
		}
	}
	return errors.Join(errs...)
}

// A policy is on its way to its statements.
type policy struct {
	opts  PolicyOptions
	names arns
	tiers []tier
	keys  []PolicyStatement
}

// A tier is the resources on which the same actions are allowed.
type tier struct {
	name      string // of the statement
	actions   []string
	resources []string
}

// table adds what a table and its indexes need.
func (p *policy) table(c *transform.Contract, t *transform.Table) {
	arn := p.names.table(p.opts.TablePrefix + t.Name)
	name := "Tables"
	if t.Name == LibraryTable {
		name = "Library"
	}
	p.allow(name, p.actions(c, t, false), arn)
	for _, x := range t.Indexes {
		p.allow("Indexes", p.actions(c, t, true), arn+"/index/"+x.Name)
	}
	if key := p.names.key(t); key != nil {
		p.key(*key)
	}
}

// actions returns the actions that the rules allow, sorted.
func (p *policy) actions(c *transform.Contract, t *transform.Table, index bool) []string {
	var actions []string
	for _, r := range policyRules() {
		if r.party != p.opts.For || r.on.index() != index || !r.on.fits(c, t) || !r.in(p.opts.Phase) {
			continue
		}
		for _, a := range r.actions {
			if a = "dynamodb:" + a; !slices.Contains(actions, a) {
				actions = append(actions, a)
			}
		}
	}
	slices.Sort(actions)
	return actions
}

// allow adds a resource to the tier that has its actions.
func (p *policy) allow(name string, actions []string, resource string) {
	if len(actions) == 0 {
		return
	}
	for i, t := range p.tiers {
		if t.name == name && slices.Equal(t.actions, actions) {
			p.tiers[i].resources = append(t.resources, resource)
			return
		}
	}
	p.tiers = append(p.tiers, tier{name, actions, []string{resource}})
}

// statements returns a statement for each tier. The second of a name is called
// "Tables2".
func (p *policy) statements() []PolicyStatement {
	list := []PolicyStatement{}
	count := map[string]int{}
	for _, t := range p.tiers {
		count[t.name]++
		sid := t.name
		if n := count[t.name]; n > 1 {
			sid += strconv.Itoa(n)
		}
		list = append(list, PolicyStatement{Sid: sid, Effect: "Allow", Action: t.actions, Resource: t.resources})
	}
	return list
}

// arns makes the names of resources.
type arns struct {
	partition, region, account string
}

// newARNs takes the partition from the region: China and GovCloud have their own.
func newARNs(o PolicyOptions) arns {
	a := arns{"aws", o.Region, o.Account}
	switch {
	case strings.HasPrefix(o.Region, "cn-"):
		a.partition = "aws-cn"
	case strings.HasPrefix(o.Region, "us-gov-"):
		a.partition = "aws-us-gov"
	}
	if a.region == "" {
		a.region = "*"
	}
	if a.account == "" {
		a.account = "*"
	}
	return a
}

func (a arns) table(name string) string {
	return "arn:" + a.partition + ":dynamodb:" + a.region + ":" + a.account + ":table/" + name
}
