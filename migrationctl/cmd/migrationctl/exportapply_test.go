package main

import (
	"encoding/json"
	"slices"
	"sort"
	"strconv"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/stretchr/testify/require"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"

	"github.com/crossfade-go/crossfade/dynamostore"
	"github.com/crossfade-go/crossfade/dynamostore/dynamotest"
	"github.com/crossfade-go/crossfade/transform"
)

// A sameTable is a table in words that can be compared, whoever says them.
type sameTable struct {
	Name, Keys, Attributes, Billing, Capacity string
	Indexes                                   []string // name, keys, projection and capacity of each
	TTL                                       string
	Backups, Protected                        bool
	Encryption                                string
	Tags                                      []string
}

func capacityText(read, write int64) string {
	if read == 0 && write == 0 {
		return ""
	}
	return strconv.FormatInt(read, 10) + "/" + strconv.FormatInt(write, 10)
}

func sorted(s []string) []string { sort.Strings(s); return s }

// applied is what tables apply would create.
func applied(t *testing.T, contract, prefix string) []sameTable {
	t.Helper()
	c, err := transform.LoadFile(contract)
	require.NoError(t, err)
	tables, err := dynamostore.NewTables(dynamotest.Start(t).Client(), c, &dynamostore.Options{TablePrefix: prefix})
	require.NoError(t, err)
	plans, err := tables.Plan(t.Context())
	require.NoError(t, err)
	var all []sameTable
	for _, p := range plans {
		all = append(all, creation(p))
	}
	return all
}

func creation(p dynamostore.TablePlan) sameTable {
	in := p.Create
	s := sameTable{Name: aws.ToString(in.TableName), Billing: string(in.BillingMode), Capacity: throughputText(in.ProvisionedThroughput),
		Keys: schemaText(in.KeySchema), Protected: aws.ToBool(in.DeletionProtectionEnabled)}
	var attributes []string
	for _, d := range in.AttributeDefinitions {
		attributes = append(attributes, aws.ToString(d.AttributeName)+" "+string(d.AttributeType))
	}
	s.Attributes = strings.Join(attributes, ", ")
	for _, x := range in.GlobalSecondaryIndexes {
		s.Indexes = append(s.Indexes, strings.Join([]string{aws.ToString(x.IndexName), schemaText(x.KeySchema),
			string(x.Projection.ProjectionType), strings.Join(x.Projection.NonKeyAttributes, ","), throughputText(x.ProvisionedThroughput)}, "|"))
	}
	if sse := in.SSESpecification; sse != nil && aws.ToBool(sse.Enabled) {
		s.Encryption = string(sse.SSEType) + " " + aws.ToString(sse.KMSMasterKeyId)
	}
	for _, tag := range in.Tags {
		s.Tags = append(s.Tags, aws.ToString(tag.Key)+"="+aws.ToString(tag.Value))
	}
	for _, step := range p.Steps {
		switch step.What {
		case dynamostore.StepTTL:
			s.TTL = step.Name
		case dynamostore.StepBackups:
			s.Backups = true
		}
	}
	s.Tags = sorted(s.Tags)
	return s
}

func throughputText(p *types.ProvisionedThroughput) string {
	if p == nil {
		return ""
	}
	return capacityText(aws.ToInt64(p.ReadCapacityUnits), aws.ToInt64(p.WriteCapacityUnits))
}

func schemaText(keys []types.KeySchemaElement) string {
	var all []string
	for _, k := range keys {
		all = append(all, string(k.KeyType)+" "+aws.ToString(k.AttributeName))
	}
	return strings.Join(all, ", ")
}

// A templateTable is the properties of a table as CloudFormation takes them. Their
// names are those of the API, so that its types read most of them.
type templateTable struct {
	TableName, BillingMode    string
	KeySchema                 []types.KeySchemaElement
	AttributeDefinitions      []types.AttributeDefinition
	ProvisionedThroughput     *types.ProvisionedThroughput
	GlobalSecondaryIndexes    []types.GlobalSecondaryIndex
	TimeToLiveSpecification   types.TimeToLiveSpecification
	DeletionProtectionEnabled bool
	Tags                      []types.Tag

	PointInTimeRecoverySpecification types.PointInTimeRecoverySpecification
	SSESpecification                 *struct {
		SSEEnabled              bool
		SSEType, KMSMasterKeyId string
	}
}

// templated is what a template creates, in the order of its tables.
func templated(t *testing.T, text string) []sameTable {
	t.Helper()
	var all []sameTable
	for _, r := range parseTemplate(t, text).Resources {
		if r.Type != "AWS::DynamoDB::Table" {
			continue
		}
		require.Equal(t, "Retain", r.DeletionPolicy)
		require.Equal(t, "Retain", r.UpdateReplacePolicy)
		again, err := json.Marshal(r.Properties)
		require.NoError(t, err)
		var p templateTable
		require.NoError(t, json.Unmarshal(again, &p))
		s := sameTable{Name: p.TableName, Billing: p.BillingMode, Keys: schemaText(p.KeySchema), Capacity: throughputText(p.ProvisionedThroughput),
			TTL: aws.ToString(p.TimeToLiveSpecification.AttributeName), Protected: p.DeletionProtectionEnabled,
			Backups: aws.ToBool(p.PointInTimeRecoverySpecification.PointInTimeRecoveryEnabled)}
		var attributes []string
		for _, d := range p.AttributeDefinitions {
			attributes = append(attributes, aws.ToString(d.AttributeName)+" "+string(d.AttributeType))
		}
		s.Attributes = strings.Join(attributes, ", ")
		for _, x := range p.GlobalSecondaryIndexes {
			s.Indexes = append(s.Indexes, strings.Join([]string{aws.ToString(x.IndexName), schemaText(x.KeySchema),
				string(x.Projection.ProjectionType), strings.Join(x.Projection.NonKeyAttributes, ","), throughputText(x.ProvisionedThroughput)}, "|"))
		}
		if sse := p.SSESpecification; sse != nil {
			require.True(t, sse.SSEEnabled)
			s.Encryption = sse.SSEType + " " + sse.KMSMasterKeyId
		}
		for _, tag := range p.Tags {
			s.Tags = append(s.Tags, aws.ToString(tag.Key)+"="+aws.ToString(tag.Value))
		}
		s.Tags = sorted(s.Tags)
		all = append(all, s)
	}
	return all
}

// configured is what a Terraform configuration creates.
func configured(t *testing.T, text string) []sameTable {
	t.Helper()
	body := parseTerraform(t, text)
	keys := map[string]string{} // of KMS, by the label of their data
	for _, b := range body.Blocks {
		if b.Type == "data" {
			keys[b.Labels[1]] = hclString(t, b.Body, "key_id")
		}
	}
	var all []sameTable
	for _, b := range body.Blocks {
		if b.Type == "resource" && b.Labels[0] == tfTable {
			all = append(all, configuredTable(t, b.Body, keys))
		}
	}
	return all
}

func configuredTable(t *testing.T, b *hclsyntax.Body, keys map[string]string) sameTable {
	s := sameTable{Name: hclString(t, b, "name"), Billing: hclString(t, b, "billing_mode"), Keys: hclKeys(t, b), Capacity: hclCapacity(t, b),
		Protected: hclString(t, b, "deletion_protection_enabled") == "true"}
	var attributes []string
	kept := false
	for _, inner := range b.Blocks {
		switch inner.Type {
		case "attribute":
			attributes = append(attributes, hclString(t, inner.Body, "name")+" "+hclString(t, inner.Body, "type"))
		case "global_secondary_index":
			s.Indexes = append(s.Indexes, strings.Join([]string{hclString(t, inner.Body, "name"), hclKeys(t, inner.Body),
				hclString(t, inner.Body, "projection_type"), hclString(t, inner.Body, "non_key_attributes"), hclCapacity(t, inner.Body)}, "|"))
		case "ttl":
			s.TTL = hclString(t, inner.Body, "attribute_name")
		case "point_in_time_recovery":
			s.Backups = hclString(t, inner.Body, "enabled") == "true"
		case "server_side_encryption":
			key := ""
			if a := inner.Body.Attributes["kms_key_arn"]; a != nil && len(a.Expr.Variables()) > 0 {
				label := a.Expr.Variables()[0][2].(hcl.TraverseAttr).Name
				key = keys[label]
			} else {
				key = hclString(t, inner.Body, "kms_key_arn")
			}
			s.Encryption = "KMS " + key
		case "lifecycle":
			kept = hclString(t, inner.Body, "prevent_destroy") == "true"
		}
	}
	require.True(t, kept, s.Name)
	s.Attributes = strings.Join(attributes, ", ")
	if a := b.Attributes["tags"]; a != nil {
		v, diagnostics := a.Expr.Value(nil)
		require.False(t, diagnostics.HasErrors(), diagnostics)
		for name, value := range v.AsValueMap() {
			s.Tags = append(s.Tags, name+"="+value.AsString())
		}
	}
	s.Tags = sorted(s.Tags)
	return s
}

// hclString returns an attribute as a text, "" if it is not there; the elements of
// a list with a comma between.
func hclString(t *testing.T, b *hclsyntax.Body, name string) string {
	t.Helper()
	a := b.Attributes[name]
	if a == nil {
		return ""
	}
	v, diagnostics := a.Expr.Value(nil)
	require.False(t, diagnostics.HasErrors(), diagnostics)
	if v.Type().IsTupleType() {
		var all []string
		for _, e := range v.AsValueSlice() {
			all = append(all, e.AsString())
		}
		return strings.Join(all, ",")
	}
	v, err := convert.Convert(v, cty.String)
	require.NoError(t, err)
	return v.AsString()
}

func hclKeys(t *testing.T, b *hclsyntax.Body) string {
	keys := "HASH " + hclString(t, b, "hash_key")
	if sort := hclString(t, b, "range_key"); sort != "" {
		keys += ", RANGE " + sort
	}
	return keys
}

func hclCapacity(t *testing.T, b *hclsyntax.Body) string {
	read, write := hclString(t, b, "read_capacity"), hclString(t, b, "write_capacity")
	if read == "" && write == "" {
		return ""
	}
	return read + "/" + write
}

// TestExportIsWhatApplyCreates holds that whoever deploys the document has the
// tables that tables apply would have created: keys, attributes, indexes with
// projections, capacity and every setting.
func TestExportIsWhatApplyCreates(t *testing.T) {
	for name, contract := range exported() {
		t.Run(name, func(t *testing.T) {
			want := applied(t, contract, "stage-")
			byName := func(a, b sameTable) int { return strings.Compare(a.Name, b.Name) }
			slices.SortFunc(want, byName)
			for format, read := range map[string]func(*testing.T, string) []sameTable{formatCloudFormation: templated, formatTerraform: configured} {
				got := read(t, exportOf(t, contract, format, "--table-prefix", "stage-"))
				slices.SortFunc(got, byName)
				require.Equal(t, want, got, format)
			}
		})
	}
}
