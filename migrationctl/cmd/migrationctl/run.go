package main

import (
	"context"
	"io"

	"github.com/spf13/cobra"
)

// An environment is what the commands take from around the process, apart from
// their arguments and outputs. The AWS SDK reads its own variables and files by
// itself.
type environment struct {
	Getenv      func(string) string
	Stdin       io.Reader
	Interactive bool // someone can be asked
	Terminal    bool // stderr is a terminal: progress is drawn
}

// A cli is one call of the program: its settings and where it prints.
type cli struct {
	settings
	env    environment
	out    output
	stderr io.Writer
	// started says that the arguments made sense, so that an error is the
	// command's and not the caller's.
	started bool
}

// run executes one command line and returns its exit code.
func run(ctx context.Context, args []string, env environment, stdout, stderr io.Writer) int {
	c := &cli{env: env, stderr: stderr}
	c.out.w = stdout
	root := c.command()
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitDone
	}
	if !c.started {
		err = usage("%s; migrationctl help shows what there is", err)
	}
	return c.fail(ctx, err)
}

// command builds the tree of commands.
func (c *cli) command() *cobra.Command {
	root := c.group("migrationctl", "Move a group of entities from MySQL to DynamoDB while its service keeps serving")
	root.Long = longHelp
	root.SilenceUsage, root.SilenceErrors = true, true
	root.CompletionOptions.DisableDefaultCmd = true
	root.PersistentPreRun = func(*cobra.Command, []string) { c.started = true }
	c.bind(root.PersistentFlags())
	root.AddCommand(
		c.contractCommand(), c.previewCommand(), c.tablesCommand(), c.initCommand(), c.uninstallCommand(), c.captureCommand(),
		c.backfillCommand(), c.verifyCommand(), c.statusCommand(), c.phaseCommand(), c.drainCommand(),
		c.auditCommand(), c.deadLettersCommand(), c.iamCommand(), c.prepareCommand(),
	)
	return root
}

// longHelp is what help says beside the commands and flags.
const longHelp = `Move a group of entities from MySQL to DynamoDB while its service keeps serving.

Exit codes: 0 done (warnings are listed); 1 errors, differences, a refusal, a failure
or an interruption; 2 wrong usage, or a connection or configuration that does not work.

CROSSFADE_MYSQL_DSN and CROSSFADE_DYNAMODB_ENDPOINT stand in for --mysql and
--dynamodb-endpoint. Without an endpoint, AWS is used as the SDK is configured.`

// group returns a command that only holds others. Left to itself, cobra shows
// the help of a group for any word behind it and calls that a success.
func (c *cli) group(use, short string, children ...*cobra.Command) *cobra.Command {
	cmd := &cobra.Command{Use: use, Short: short, Args: cobra.NoArgs}
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return usage("%s needs a command behind it: one of %s", cmd.CommandPath(), childNames(cmd))
	}
	cmd.AddCommand(children...)
	return cmd
}

// childNames lists the commands of a group.
func childNames(cmd *cobra.Command) string {
	text := ""
	for _, child := range cmd.Commands() {
		if child.Name() == "help" {
			continue
		}
		if text != "" {
			text += ", "
		}
		text += child.Name()
	}
	return text
}
