package main

import (
	"io"

	"github.com/spf13/cobra"
)

// The formats of tables export.
const (
	formatCloudFormation = "cloudformation"
	formatTerraform      = "terraform"
)

// exportCommand is tables export. It asks no store and no account: the contract
// says all there is to know.
func (c *cli) exportCommand() *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use: "export", Short: "Print a document that creates the tables: CloudFormation or Terraform", Args: cobra.NoArgs,
		Long: longExportHelp,
		Example: `  migrationctl tables export --contract contract.json --format cloudformation > tables.json
  migrationctl tables export --contract contract.json --format terraform --table-prefix prod- > tables.tf`,
		RunE: func(*cobra.Command, []string) error { return c.exportTables(format) },
	}
	cmd.Flags().StringVar(&format, "format", "", "what to print: cloudformation or terraform")
	return cmd
}

const longExportHelp = `Print a document that creates the tables that tables apply would create: those of the
contract and the library's own. CloudFormation is printed as JSON, which it takes like
YAML and which leaves no doubt about types; Terraform as HCL, formatted.

Tables are kept when the document no longer names them. A table with provisioned capacity
and each of its indexes get autoscaling from the contract's capacity up. Alarms watch
throttling, latency and errors. Parameters of the template, or variables, with their
defaults:

  AlarmTopicArn            alarm_topic_arn             none     the SNS topic that alarms tell
  ThrottlesPerMinute       throttles_per_minute        0        throttled reads, or writes, that are no alarm
  SystemErrorsPerMinute    system_errors_per_minute    0        errors of the service that are none
  UserErrorsPerMinute      user_errors_per_minute      100      refused requests of the whole account that are none
  LatencyMilliseconds      latency_milliseconds        100      p99 that is none
  TargetUtilization        target_utilization          70       percent of the capacity that autoscaling aims at
  <Table>MaxReadCapacity   <table>_max_read_capacity   10 times the contract's, of the table and of each index
  <Table>MaxWriteCapacity  <table>_max_write_capacity  10 times the contract's

An alarm rings when three of five minutes are above. The document's account needs the
permissions of Application Auto Scaling and CloudWatch; what migrationctl itself needs
says migrationctl iam.`

// An exportDoc is what tables export printed.
type exportDoc struct {
	Format string   `json:"format"`
	Tables []string `json:"tables"`
	// Document is the template or configuration as a text.
	Document string `json:"document"`
}

func (d exportDoc) text(w io.Writer) { io.WriteString(w, d.Document) }

// exportTables prints the document.
func (c *cli) exportTables(format string) error {
	print := map[string]func(*export) (string, error){
		formatCloudFormation: (*export).cloudFormation, formatTerraform: (*export).terraform,
	}[format]
	if print == nil {
		return usage("--format %q is none; give %s or %s", format, formatCloudFormation, formatTerraform)
	}
	contract, err := c.loadContract()
	if err != nil {
		return err
	}
	e, err := newExport(contract, c.prefix)
	if err != nil {
		return found("%s: %w", c.contractFile, err)
	}
	doc := exportDoc{Format: format}
	for _, t := range e.tables {
		doc.Tables = append(doc.Tables, t.name)
	}
	if doc.Document, err = print(e); err != nil {
		return err
	}
	return c.out.print(doc)
}
