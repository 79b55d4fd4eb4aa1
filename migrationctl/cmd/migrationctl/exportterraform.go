package main

import (
	"strconv"
	"strings"

	"github.com/crossfade-go/crossfade/transform"
)

// A module is a Terraform configuration on its way.
type module struct {
	*export
	labels map[string]*names // of each type of resource
	body   hclBody
}

// The types of resources and data.
const (
	tfTable  = "aws_dynamodb_table"
	tfTarget = "aws_appautoscaling_target"
	tfPolicy = "aws_appautoscaling_policy"
	tfAlarm  = "aws_cloudwatch_metric_alarm"
	tfKey    = "aws_kms_key"
)

// terraform returns a configuration in HCL.
func (e *export) terraform() (string, error) {
	m := &module{export: e, labels: map[string]*names{}}
	m.body.note("The tables of a migration contract, printed by migrationctl tables export.")
	m.provider()
	m.variables()
	for _, x := range e.tables {
		label := m.label(tfTable, x.Name)
		m.table(label, x)
		m.scaled(label, x)
		for _, a := range x.alarms {
			m.alarm(label, x, a)
		}
	}
	m.alarm("", &exportTable{Table: &transform.Table{Name: "account"}, name: e.prefix + "account"}, userErrors())
	return m.body.String(), nil
}

// label names a resource among those of its type.
func (m *module) label(kind string, words ...string) string {
	if m.labels[kind] == nil {
		m.labels[kind] = newLabels()
	}
	var some []string
	for _, w := range words {
		if w != "" {
			some = append(some, w)
		}
	}
	return m.labels[kind].of(some...)
}

// The version is the first with all that is used.
func (m *module) provider() {
	var inner, outer hclBody
	inner.set("aws", hclMap([]hclEntry{{"source", hclText("hashicorp/aws")}, {"version", hclText(">= 5.0")}}))
	outer.add("required_providers", nil, inner)
	m.body.add("terraform", nil, outer)
}

func (m *module) variables() {
	var b hclBody
	b.set("type", "string")
	b.set("default", "null")
	b.text("description", "The ARN of the SNS topic that alarms tell. Without one they tell nobody.")
	m.body.add("variable", []string{m.label("variable", "alarm_topic_arn")}, b)
	for _, s := range m.settings() {
		m.variable(m.label("variable", s.name), s)
	}
}

func (m *module) variable(label string, s setting) {
	var b hclBody
	b.set("type", "number")
	b.number("default", s.value)
	b.text("description", s.description)
	condition, told := "var."+label+" >= "+strconv.FormatInt(s.least, 10), "at least "+strconv.FormatInt(s.least, 10)
	if s.most > 0 {
		condition += " && var." + label + " <= " + strconv.FormatInt(s.most, 10)
		told = "from " + strconv.FormatInt(s.least, 10) + " to " + strconv.FormatInt(s.most, 10)
	}
	var v hclBody
	v.set("condition", condition)
	v.text("error_message", "The value must be "+told+".")
	b.add("validation", nil, v)
	m.body.add("variable", []string{label}, b)
}

// table adds a table. It outlives the configuration: what it holds is nobody's to
// lose.
func (m *module) table(label string, x *exportTable) {
	var b hclBody
	b.text("name", x.name)
	b.text("billing_mode", x.Billing)
	m.capacity(&b, x, x.Capacity)
	m.keys(&b, x.PK, x.SK)
	if x.DeletionProtection {
		b.set("deletion_protection_enabled", "true")
	}
	for _, k := range x.keyAttributes() {
		var a hclBody
		a.text("name", k.Name)
		a.text("type", k.Type)
		b.add("attribute", nil, a)
	}
	for _, i := range x.Indexes {
		var g hclBody
		g.text("name", i.Name)
		m.keys(&g, i.PK, i.SK)
		g.text("projection_type", i.Projection)
		if len(i.Projected) > 0 {
			g.set("non_key_attributes", hclTexts(i.Projected))
		}
		m.capacity(&g, x, i.Capacity)
		b.add("global_secondary_index", nil, g)
	}
	m.kept(&b, label, x)
	m.lifecycle(&b, x)
	m.body.add("resource", []string{tfTable, label}, b)
}

func (m *module) capacity(b *hclBody, x *exportTable, c transform.Capacity) {
	if x.Billing == transform.Provisioned {
		b.number("read_capacity", c.Read)
		b.number("write_capacity", c.Write)
	}
}

func (m *module) keys(b *hclBody, pk, sk transform.KeyAttribute) {
	b.text("hash_key", pk.Name)
	if !sk.IsZero() {
		b.text("range_key", sk.Name)
	}
}

// kept adds how the service keeps the table.
func (m *module) kept(b *hclBody, label string, x *exportTable) {
	if x.TTL != "" {
		var t hclBody
		t.text("attribute_name", x.TTL)
		t.set("enabled", "true")
		b.add("ttl", nil, t)
	}
	if x.PointInTimeRecovery {
		var p hclBody
		p.set("enabled", "true")
		b.add("point_in_time_recovery", nil, p)
	}
	if key, kms := x.key(); kms {
		var s hclBody
		s.set("enabled", "true")
		switch {
		case key == "":
		case strings.Contains(key, ":key/"):
			s.text("kms_key_arn", key)
		default:
			s.set("kms_key_arn", m.aliased(label, key))
		}
		b.add("server_side_encryption", nil, s)
	}
	if len(x.Tags) > 0 {
		var tags []hclEntry
		for _, t := range x.Tags {
			tags = append(tags, hclEntry{t.Name, hclText(t.Value)})
		}
		b.gap()
		b.set("tags", hclMap(tags))
	}
}

// aliased looks a key up by its alias: the service tells keys by their ARN only,
// and an alias would look like a change at every plan.
func (m *module) aliased(label, alias string) string {
	var b hclBody
	b.text("key_id", alias)
	name := m.label(tfKey, label)
	m.body.add("data", []string{tfKey, name}, b)
	return "data." + tfKey + "." + name + ".arn"
}

// lifecycle keeps the table, and its capacity from being set back by the next
// apply. Terraform can leave out no part of an index.
func (m *module) lifecycle(b *hclBody, x *exportTable) {
	var l hclBody
	l.set("prevent_destroy", "true")
	if len(x.scaling) > 0 {
		ignored := "[read_capacity, write_capacity]"
		if len(x.Indexes) > 0 {
			l.note("Autoscaling changes these. To change an index, take it out of the list for that apply.")
			ignored = "[read_capacity, write_capacity, global_secondary_index]"
		}
		l.set("ignore_changes", ignored)
	}
	b.add("lifecycle", nil, l)
}

// scaled adds what scales a table and its indexes.
func (m *module) scaled(table string, x *exportTable) {
	if len(x.scaling) == 0 {
		return
	}
	most := map[string]string{}
	for _, what := range []string{"Read", "Write"} {
		s := x.most(what)
		most[what] = m.label("variable", x.Name, s.name)
		m.variable(most[what], s)
	}
	for _, s := range x.scaling {
		label := m.label(tfTarget, x.Name, s.index, s.what)
		target := tfTarget + "." + label
		var t hclBody
		t.text("service_namespace", "dynamodb")
		t.set("resource_id", `"`+s.resource("${"+tfTable+"."+table+".name}")+`"`)
		t.text("scalable_dimension", s.dimension())
		t.number("min_capacity", s.least)
		t.set("max_capacity", "var."+most[s.what])
		m.body.add("resource", []string{tfTarget, label}, t)

		var p, c, f hclBody
		f.text("predefined_metric_type", s.metric())
		c.set("target_value", "var.target_utilization")
		c.add("predefined_metric_specification", nil, f)
		p.set("name", `"${`+target+`.resource_id}/`+s.what+`"`)
		p.text("policy_type", "TargetTrackingScaling")
		p.set("service_namespace", target+".service_namespace")
		p.set("resource_id", target+".resource_id")
		p.set("scalable_dimension", target+".scalable_dimension")
		p.add("target_tracking_scaling_policy_configuration", nil, c)
		m.body.add("resource", []string{tfPolicy, m.label(tfPolicy, x.Name, s.index, s.what)}, p)
	}
}

// alarm adds an alarm of a table, or of the account.
func (m *module) alarm(table string, x *exportTable, a alarm) {
	var b hclBody
	b.text("alarm_name", strings.Join(append([]string{x.name}, a.words()...), " "))
	b.text("alarm_description", a.description)
	b.text("comparison_operator", "GreaterThanThreshold")
	b.set("threshold", "var."+snakeCase([]string{a.threshold()}))
	b.number("evaluation_periods", alarmPeriods)
	b.number("datapoints_to_alarm", alarmMinutes)
	b.text("treat_missing_data", "notBreaching")
	b.set("alarm_actions", "var.alarm_topic_arn == null ? [] : [var.alarm_topic_arn]")
	switch {
	case len(a.operations) > 1:
		m.sum(&b, table, a)
	case a.percentile:
		m.metric(&b, table, a)
		b.text("extended_statistic", "p99")
		b.text("evaluate_low_sample_count_percentiles", "ignore")
	default:
		m.metric(&b, table, a)
		b.text("statistic", "Sum")
	}
	if len(a.operations) < 2 && !a.account {
		b.gap()
		b.set("dimensions", m.dimensions(table, a.index, a.operations...))
	}
	m.body.add("resource", []string{tfAlarm, m.label(tfAlarm, append([]string{x.Name}, a.words()...)...)}, b)
}

func (m *module) metric(b *hclBody, table string, a alarm) {
	b.text("namespace", "AWS/DynamoDB")
	b.text("metric_name", a.metric)
	b.number("period", alarmPeriod)
}

// sum adds a metric for each operation, and what they make together: DynamoDB has
// no metric for all of them.
func (m *module) sum(b *hclBody, table string, a alarm) {
	for i, o := range a.operations {
		var q, metric hclBody
		q.text("id", metricID(i))
		m.metric(&metric, table, a)
		metric.text("stat", "Sum")
		metric.gap()
		metric.set("dimensions", m.dimensions(table, a.index, o))
		q.add("metric", nil, metric)
		b.add("metric_query", nil, q)
	}
	var q hclBody
	q.text("id", "sum")
	q.text("label", a.metric)
	q.text("expression", a.sum())
	q.set("return_data", "true")
	b.add("metric_query", nil, q)
}

func (m *module) dimensions(table, index string, operations ...string) string {
	all := []hclEntry{{"TableName", tfTable + "." + table + ".name"}}
	if index != "" {
		all = append(all, hclEntry{"GlobalSecondaryIndexName", hclText(index)})
	}
	for _, o := range operations {
		all = append(all, hclEntry{"Operation", hclText(o)})
	}
	return hclMap(all)
}
