package main

import (
	"bytes"
	"encoding/json"
	"io"

	"github.com/spf13/cobra"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/dynamostore"
)

// iamCommand is iam. It asks no store and no account.
func (c *cli) iamCommand() *cobra.Command {
	var party, phase, account string
	cmd := &cobra.Command{
		Use: "iam", Short: "Print the least that the service, or the operator, must be allowed in DynamoDB", Args: cobra.NoArgs,
		Long: longIAMHelp,
		Example: `  migrationctl iam --contract contract.json --for service --phase 2 --region eu-central-1 --account 123456789012
  migrationctl iam --contract contract.json --for operator`,
		RunE: func(*cobra.Command, []string) error { return c.iam(dynamostore.Party(party), phase, account) },
	}
	cmd.Flags().StringVar(&party, "for", string(dynamostore.Service), "who is allowed: service, or operator: whoever types migrationctl")
	cmd.Flags().StringVar(&phase, "phase", "", "the phase `N` the policy is for; default: all, in one policy")
	cmd.Flags().StringVar(&account, "account", "*", "the account of the tables")
	return cmd
}

const longIAMHelp = `Print an IAM policy, as JSON, with the actions that are needed, on the tables and indexes
that need them and on nothing else.

--phase N is what the phase needs. A service has to have it as soon as its group is in the
phase: before phase set N it is given the policy of N beside the one it has, and after the
step the old one is taken away. An operator's includes the steps from that phase. After a
way back to phase 1 leave a service the policy of phase 2 for a minute, until no write that
a paused process sent to DynamoDB can come any more. Without --phase one policy has the
needs of all phases.

--region and --account narrow the ARNs; without them they are "*". --table-prefix is part
of the tables' names. For a table that the contract has encrypted with a key of KMS the
policy allows the use of the key too; the key's own policy must not forbid it.`

// A policyDoc is a policy as IAM takes it, in either kind of output.
type policyDoc struct {
	dynamostore.PolicyDocument
}

func (d policyDoc) text(w io.Writer) {
	var b bytes.Buffer
	o := output{w: &b}
	if o.document(d.PolicyDocument) == nil {
		w.Write(b.Bytes())
	}
}

// MarshalJSON is that of the policy alone.
func (d policyDoc) MarshalJSON() ([]byte, error) { return json.Marshal(d.PolicyDocument) }

// iam prints the policy.
func (c *cli) iam(party dynamostore.Party, phaseText, account string) error {
	if party != dynamostore.Service && party != dynamostore.Operator {
		return usage("--for %q is none; give %s or %s", party, dynamostore.Service, dynamostore.Operator)
	}
	var phase store.Phase
	if phaseText != "" {
		var err error
		if phase, err = parsePhase(phaseText); err != nil {
			return err
		}
	}
	contract, err := c.loadContract()
	if err != nil {
		return err
	}
	doc, err := dynamostore.Policy(contract, dynamostore.PolicyOptions{
		For: party, Phase: phase, TablePrefix: c.prefix, Region: c.region, Account: account,
	})
	if err != nil {
		return usage("%w", err)
	}
	return c.out.print(policyDoc{doc})
}
