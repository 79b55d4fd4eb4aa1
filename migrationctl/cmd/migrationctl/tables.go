package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/crossfade-go/crossfade/dynamostore"
)

// tablesCommand is the group of commands about the DynamoDB tables. They need no
// database: the contract says all there is to know.
func (c *cli) tablesCommand() *cobra.Command {
	var yes bool
	plan := &cobra.Command{
		Use: "plan", Short: "Show what tables apply would do to each table", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return c.planTables(cmd.Context()) },
	}
	apply := &cobra.Command{
		Use: "apply", Short: "Create the tables, add what they lack, and wait until they are ACTIVE", Args: cobra.NoArgs,
		Long: longApplyHelp,
		RunE: func(cmd *cobra.Command, _ []string) error { return c.applyTables(cmd.Context(), yes) },
	}
	apply.Flags().BoolVar(&yes, "yes", false, "create and change every table without asking")
	verify := &cobra.Command{
		Use: "verify", Short: "Compare the tables that are there with the contract, and say which are empty", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return c.verifyTables(cmd.Context()) },
	}
	return c.group("tables", "Plan, create, compare and export the DynamoDB tables of the contract", plan, apply, verify, c.exportCommand())
}

const longApplyHelp = `Create the tables that are not there, with their indexes and settings, and wait until they
are ACTIVE. To a table that is there add indexes, one at a time, and tags that it lacks, and
switch on time to live, point-in-time recovery and deletion protection where the contract
wants them. Each table is shown before anything is done to it, and asked for.

No key, index, capacity, billing or encryption of a table that is there is changed, nothing
is switched off and nothing is deleted. Where that leaves a table otherwise than the contract
wants, and it matters, nothing is done at all. Interrupted, the same command goes on.`

// openTables makes the tables of the contract alone: they can be made also of a
// contract that can't be migrated yet.
func (c *cli) openTables(ctx context.Context) (*dynamostore.Tables, error) {
	contract, err := c.loadContract()
	if err != nil {
		return nil, err
	}
	client, err := c.connectDynamoDB(ctx, true)
	if err != nil {
		return nil, err
	}
	tables, err := dynamostore.NewTables(client, contract, &dynamostore.Options{TablePrefix: c.prefix})
	if err != nil {
		return nil, found("%s: %w", c.contractFile, err)
	}
	return tables, nil
}

// planTables shows the plan. A table that is there and differs makes it fail,
// because apply would refuse the whole of it.
func (c *cli) planTables(ctx context.Context) error {
	tables, err := c.openTables(ctx)
	if err != nil {
		return err
	}
	plans, err := tables.Plan(ctx)
	if err != nil {
		return err
	}
	var doc tablesPlan
	differ := 0
	for _, p := range plans {
		t, refuse := planned(p)
		doc.Tables = append(doc.Tables, t)
		if refuse {
			differ++
		}
	}
	if err := c.out.print(doc); err != nil || differ == 0 {
		return err
	}
	return found("%s not as the contract says, and nothing that can be added mends it", count(differ, "table"))
}
