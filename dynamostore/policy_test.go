package dynamostore_test

import (
	"encoding/json"
	"fmt"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/dynamostore"
	"github.com/crossfade-go/crossfade/transform"
)

// granted is a policy as IAM reads it: from its JSON.
type granted struct {
	Version   string
	Statement []struct {
		Sid              string
		Effect           string
		Action, Resource []string
		Condition        map[string]map[string][]string
	}
}

func policyOf(t *testing.T, c *transform.Contract, opts dynamostore.PolicyOptions) granted {
	t.Helper()
	doc, err := dynamostore.Policy(c, opts)
	require.NoError(t, err)
	text, err := json.Marshal(doc)
	require.NoError(t, err)
	var g granted
	require.NoError(t, json.Unmarshal(text, &g))
	require.Equal(t, "2012-10-17", g.Version)
	sids := map[string]bool{}
	for _, s := range g.Statement {
		require.Equal(t, "Allow", s.Effect)
		require.False(t, sids[s.Sid], "two statements %s", s.Sid)
		sids[s.Sid] = true
	}
	return g
}

// allows reports whether a statement of the policy has the action and the
// resource. "*" in a resource stands for anything.
func (g granted) allows(action, resource string) bool {
	for _, s := range g.Statement {
		if slices.Contains(s.Action, action) && slices.ContainsFunc(s.Resource, func(pattern string) bool {
			fits, err := path.Match(strings.ReplaceAll(pattern, "/", "|"), strings.ReplaceAll(resource, "/", "|"))
			return err == nil && fits
		}) {
			return true
		}
	}
	return false
}

// resource is what a need is about, in some account.
func (n need) resource(prefix string) string {
	arn := "arn:aws:dynamodb:us-east-1:123456789012:table/" + prefix + n.table
	if n.index != "" {
		arn += "/index/" + n.index
	}
	return arn
}

// TestPolicy holds that what is allowed is what is needed: it takes a service and
// an operator through every phase there and back, also past operators that die and
// a DynamoDB that is given up, and looks at every call.
func TestPolicy(t *testing.T) {
	contract, err := transform.LoadFile("testdata/policy.json")
	require.NoError(t, err)
	seen, served := map[need][][]store.Phase{}, map[string][]string{}
	for _, walk := range []func(*walk){thereAndBack, takenOver, abandoned} {
		c := walked(t, walk)
		for n, phases := range c.seen {
			seen[n] = append(seen[n], phases...)
		}
		for table, operations := range c.served {
			served[table] = append(served[table], operations...)
		}
	}
	policies := map[dynamostore.Party]map[store.Phase]granted{}
	for _, party := range []dynamostore.Party{dynamostore.Service, dynamostore.Operator} {
		policies[party] = map[store.Phase]granted{}
		for phase := range store.DynamoDBOnly + 1 {
			policies[party][phase] = policyOf(t, contract, dynamostore.PolicyOptions{For: party, Phase: phase, TablePrefix: "test-"})
		}
	}
	t.Run("is enough", func(t *testing.T) {
		for n, all := range seen {
			require.True(t, policies[n.party][0].allows(n.action, n.resource("test-")), n)
			for _, phases := range all {
				require.True(t, slices.ContainsFunc(under(n.party, phases), func(p store.Phase) bool {
					return policies[n.party][p].allows(n.action, n.resource("test-"))
				}), "%s in %v", n, phases)
			}
		}
	})
	t.Run("operations", func(t *testing.T) {
		for _, table := range dynamostore.TablesOf(contract) {
			operations := slices.DeleteFunc(served[table.Name], func(o string) bool { return o == "DescribeTable" })
			slices.Sort(operations)
			require.Equal(t, slices.Compact(operations), dynamostore.ServiceOperations(contract, table), table.Name)
		}
	})
	t.Run("is needed", func(t *testing.T) {
		for party, byPhase := range policies {
			for phase, g := range byPhase {
				for _, s := range g.Statement {
					for _, need := range needsIn(party, s.Action, s.Resource) {
						require.True(t, slices.ContainsFunc(seen[need], func(phases []store.Phase) bool {
							return phase == 0 || slices.Contains(under(party, phases), phase)
						}), "%s is allowed in phase %d, and nothing asks for it", need, phase)
					}
				}
			}
		}
	})
}

// under returns the phases of which one policy at least must allow a call. During a
// step a service has the policies of both phases; an operator makes it with that
// of the phase it leads from.
func under(party dynamostore.Party, phases []store.Phase) []store.Phase {
	if party == dynamostore.Operator {
		return phases[:1]
	}
	return phases
}

// needsIn is what a statement allows, one by one.
func needsIn(party dynamostore.Party, actions, resources []string) []need {
	var needs []need
	for _, action := range actions {
		for _, r := range resources {
			name := strings.TrimPrefix(r, "arn:aws:dynamodb:*:*:table/test-")
			table, index, _ := strings.Cut(name, "/index/")
			needs = append(needs, need{party, action, table, index})
		}
	}
	return needs
}

// TestPolicyOfPhase1: before anything has begun, a service reads the library's
// table and does nothing else in DynamoDB.
func TestPolicyOfPhase1(t *testing.T) {
	contract, err := transform.LoadFile("testdata/policy.json")
	require.NoError(t, err)
	g := policyOf(t, contract, dynamostore.PolicyOptions{For: dynamostore.Service, Phase: store.MySQLOnly, Region: "eu-central-1", Account: "123456789012"})
	require.Len(t, g.Statement, 1)
	require.Equal(t, []string{"dynamodb:GetItem", "dynamodb:Query"}, g.Statement[0].Action)
	require.Equal(t, []string{"arn:aws:dynamodb:eu-central-1:123456789012:table/crossfade"}, g.Statement[0].Resource)
}

// TestPolicyOptions: a policy names the partition of its region, and whatever is
// wrong is said at once.
func TestPolicyOptions(t *testing.T) {
	contract, err := transform.LoadFile("testdata/policy.json")
	require.NoError(t, err)
	for region, arn := range map[string]string{
		"": "arn:aws:dynamodb:*:*:table/", "cn-north-1": "arn:aws-cn:dynamodb:cn-north-1:*:table/",
		"us-gov-west-1": "arn:aws-us-gov:dynamodb:us-gov-west-1:*:table/",
	} {
		g := policyOf(t, contract, dynamostore.PolicyOptions{For: dynamostore.Operator, Region: region})
		for _, s := range g.Statement {
			for _, r := range s.Resource {
				require.True(t, strings.HasPrefix(r, arn), r)
			}
		}
	}
	_, err = dynamostore.Policy(contract, dynamostore.PolicyOptions{For: "guest", Phase: 6, Region: "eu central", Account: "12", TablePrefix: "a b"})
	require.ErrorIs(t, err, store.ErrInvalid)
	for _, fault := range []string{`not for "guest"`, "no phase 6", `"eu central" is no name`, `"12" is no account`, `"a bNotes"`} {
		require.ErrorContains(t, err, fault)
	}
	_, err = dynamostore.Policy(nil, dynamostore.PolicyOptions{For: dynamostore.Service})
	require.ErrorContains(t, err, "a contract is needed")
}

// TestPolicyOfKeys: who uses a table that is encrypted with a key of the customer's
// may use the key through DynamoDB, and who creates it may give DynamoDB grants.
func TestPolicyOfKeys(t *testing.T) {
	const arn = "arn:aws:kms:eu-central-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
	for _, c := range []struct {
		key, resource, via, alias string
	}{
		{arn, arn, "dynamodb.eu-central-1.amazonaws.com", ""},
		{"alias/shop", "arn:aws:kms:*:*:key/*", "dynamodb.*.amazonaws.com", "alias/shop"},
		{"arn:aws:kms:eu-central-1:123456789012:alias/shop", "arn:aws:kms:eu-central-1:123456789012:key/*", "dynamodb.eu-central-1.amazonaws.com", "alias/shop"},
	} {
		contract, err := transform.LoadFile("testdata/policy.json")
		require.NoError(t, err)
		contract.Tables[0].Encryption, contract.Tables[1].Encryption, contract.Tables[2].Encryption = c.key, c.key, transform.EncryptionManaged
		for phase := range store.DynamoDBOnly + 1 {
			service := policyOf(t, contract, dynamostore.PolicyOptions{For: dynamostore.Service, Phase: phase})
			require.Equal(t, phase != store.MySQLOnly, service.allows("kms:Decrypt", c.resource), fmt.Sprint(phase))
			require.False(t, service.allows("kms:CreateGrant", c.resource))
			operator := policyOf(t, contract, dynamostore.PolicyOptions{For: dynamostore.Operator, Phase: phase})
			require.True(t, operator.allows("kms:Decrypt", c.resource))
			require.Equal(t, phase <= store.MySQLOnly, operator.allows("kms:CreateGrant", c.resource))
			keys := operator.Statement[len(operator.Statement)-1]
			require.Equal(t, "Keys", keys.Sid)
			require.Equal(t, []string{c.via}, keys.Condition["StringLike"]["kms:ViaService"])
			if c.alias != "" {
				require.Equal(t, []string{c.alias}, keys.Condition["ForAnyValue:StringEquals"]["kms:ResourceAliases"])
			}
		}
	}
}
