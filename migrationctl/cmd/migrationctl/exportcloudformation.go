package main

import (
	"strconv"

	"github.com/crossfade-go/crossfade/transform"
)

// maxResources is what CloudFormation takes of one template (User Guide, "Understand
// CloudFormation quotas"). Parameters, 200, are never the first to be too many.
const maxResources = 500

// A template is a CloudFormation template on its way.
type template struct {
	*export
	ids        *names
	parameters object
	resources  object
}

// cloudFormation returns a template in JSON.
func (e *export) cloudFormation() (string, error) {
	t := &template{export: e, ids: newLogicalIDs()}
	t.topic()
	for _, s := range e.settings() {
		t.number(t.ids.of(s.name), s)
	}
	ids := make([]string, len(e.tables))
	for i, x := range e.tables { // first of all, so that tables have the plain names
		ids[i] = t.ids.of(x.Name)
	}
	for i, x := range e.tables {
		t.table(ids[i], x)
		t.scaled(ids[i], x)
		for _, a := range x.alarms {
			t.alarm(ids[i], x.Name, a)
		}
	}
	t.alarm("", "Account", userErrors())
	if n := len(t.resources); n > maxResources {
		return "", found("the template would have %s resources, and CloudFormation takes %d; use --format terraform, or divide the contract",
			number(n), maxResources)
	}
	return writeJSON(object{
		{"AWSTemplateFormatVersion", "2010-09-09"},
		{"Description", "The tables of a migration contract, printed by migrationctl tables export."},
		{"Parameters", t.parameters},
		{"Conditions", object{{hasTopic, object{{"Fn::Not", []any{object{{"Fn::Equals", []any{ref(topic), ""}}}}}}}}},
		{"Resources", t.resources},
	}), nil
}

// The parameter that names a topic, and the condition that it does.
const (
	topic    = "AlarmTopicArn"
	hasTopic = "HasAlarmTopic"
)

func ref(id string) object { return object{{"Ref", id}} }

func (t *template) topic() {
	t.ids.of(topic)
	t.ids.of(hasTopic)
	t.parameters.add(topic, object{{"Type", "String"}, {"Default", ""},
		{"Description", "The ARN of the SNS topic that alarms tell. Without one they tell nobody."}})
}

// number adds a parameter.
func (t *template) number(id string, s setting) {
	p := object{{"Type", "Number"}, {"Default", s.value}, {"MinValue", s.least}}
	if s.most > 0 {
		p.add("MaxValue", s.most)
	}
	p.add("Description", s.description)
	t.parameters.add(id, p)
}

// resource adds a resource.
func (t *template) resource(id, kind string, properties object, more ...member) {
	t.resources.add(id, append(append(object{{"Type", kind}}, more...), member{"Properties", properties}))
}

// table adds a table. It outlives the stack: what it holds is nobody's to lose.
func (t *template) table(id string, x *exportTable) {
	p := object{{"TableName", x.name}, {"BillingMode", x.Billing}}
	if x.Billing == transform.Provisioned {
		p.add("ProvisionedThroughput", units(x.Capacity))
	}
	var definitions []object
	for _, k := range x.keyAttributes() {
		definitions = append(definitions, object{{"AttributeName", k.Name}, {"AttributeType", k.Type}})
	}
	p.add("AttributeDefinitions", definitions)
	p.add("KeySchema", keyElements(x.PK, x.SK))
	if len(x.Indexes) > 0 {
		p.add("GlobalSecondaryIndexes", x.indexes())
	}
	if x.TTL != "" {
		p.add("TimeToLiveSpecification", object{{"AttributeName", x.TTL}, {"Enabled", true}})
	}
	if x.PointInTimeRecovery {
		p.add("PointInTimeRecoverySpecification", object{{"PointInTimeRecoveryEnabled", true}})
	}
	if key, kms := x.key(); kms {
		s := object{{"SSEEnabled", true}, {"SSEType", "KMS"}}
		if key != "" {
			s.add("KMSMasterKeyId", key)
		}
		p.add("SSESpecification", s)
	}
	if x.DeletionProtection {
		p.add("DeletionProtectionEnabled", true)
	}
	if len(x.Tags) > 0 {
		var tags []object
		for _, tag := range x.Tags {
			tags = append(tags, object{{"Key", tag.Name}, {"Value", tag.Value}})
		}
		p.add("Tags", tags)
	}
	t.resource(id, "AWS::DynamoDB::Table", p, member{"DeletionPolicy", "Retain"}, member{"UpdateReplacePolicy", "Retain"})
}

func (x *exportTable) indexes() []object {
	var all []object
	for _, i := range x.Indexes {
		projection := object{{"ProjectionType", i.Projection}}
		if len(i.Projected) > 0 {
			projection.add("NonKeyAttributes", i.Projected)
		}
		o := object{{"IndexName", i.Name}, {"KeySchema", keyElements(i.PK, i.SK)}, {"Projection", projection}}
		if x.Billing == transform.Provisioned {
			o.add("ProvisionedThroughput", units(i.Capacity))
		}
		all = append(all, o)
	}
	return all
}

func keyElements(pk, sk transform.KeyAttribute) []object {
	keys := []object{{{"AttributeName", pk.Name}, {"KeyType", "HASH"}}}
	if !sk.IsZero() {
		keys = append(keys, object{{"AttributeName", sk.Name}, {"KeyType", "RANGE"}})
	}
	return keys
}

func units(c transform.Capacity) object {
	return object{{"ReadCapacityUnits", c.Read}, {"WriteCapacityUnits", c.Write}}
}

// scaled adds what scales a table and its indexes.
func (t *template) scaled(id string, x *exportTable) {
	if len(x.scaling) == 0 {
		return
	}
	most := map[string]string{}
	for _, what := range []string{"Read", "Write"} {
		s := x.most(what)
		most[what] = t.ids.of(x.Name, s.name)
		t.number(most[what], s)
	}
	for _, s := range x.scaling {
		target := t.ids.of(x.Name, s.index, s.what, "Target")
		t.resource(target, "AWS::ApplicationAutoScaling::ScalableTarget", object{
			{"ServiceNamespace", "dynamodb"},
			{"ResourceId", object{{"Fn::Sub", s.resource("${" + id + "}")}}},
			{"ScalableDimension", s.dimension()},
			{"MinCapacity", s.least}, {"MaxCapacity", ref(most[s.what])},
		})
		policy := t.ids.of(x.Name, s.index, s.what, "Scaling")
		t.resource(policy, "AWS::ApplicationAutoScaling::ScalingPolicy", object{
			{"PolicyName", policy}, {"PolicyType", "TargetTrackingScaling"}, {"ScalingTargetId", ref(target)},
			{"TargetTrackingScalingPolicyConfiguration", object{
				{"PredefinedMetricSpecification", object{{"PredefinedMetricType", s.metric()}}},
				{"TargetValue", ref("TargetUtilization")},
			}},
		})
	}
}

// alarm adds an alarm of a table, or of the account.
func (t *template) alarm(table, name string, a alarm) {
	p := object{{"AlarmDescription", a.description}}
	if len(a.operations) > 1 {
		p.add("Metrics", t.sum(table, a))
	} else {
		p.add("Namespace", "AWS/DynamoDB")
		p.add("MetricName", a.metric)
		if !a.account {
			p.add("Dimensions", dimensions(table, a.index, a.operations...))
		}
		p.add("Period", alarmPeriod)
		if a.percentile {
			p.add("ExtendedStatistic", "p99")
			p.add("EvaluateLowSampleCountPercentile", "ignore")
		} else {
			p.add("Statistic", "Sum")
		}
	}
	p = append(p, object{
		{"ComparisonOperator", "GreaterThanThreshold"}, {"Threshold", ref(a.threshold())},
		{"EvaluationPeriods", alarmPeriods}, {"DatapointsToAlarm", alarmMinutes}, {"TreatMissingData", "notBreaching"},
		{"AlarmActions", object{{"Fn::If", []any{hasTopic, []any{ref(topic)}, ref("AWS::NoValue")}}}},
	}...)
	t.resource(t.ids.of(append([]string{name}, a.words()...)...), "AWS::CloudWatch::Alarm", p)
}

// sum is a metric for each operation, and what they make together: DynamoDB has no
// metric for all of them.
func (t *template) sum(table string, a alarm) []object {
	var all []object
	for i, o := range a.operations {
		all = append(all, object{
			{"Id", metricID(i)},
			{"MetricStat", object{
				{"Metric", object{{"Namespace", "AWS/DynamoDB"}, {"MetricName", a.metric}, {"Dimensions", dimensions(table, a.index, o)}}},
				{"Period", alarmPeriod}, {"Stat", "Sum"},
			}},
			{"ReturnData", false},
		})
	}
	return append(all, object{{"Id", "sum"}, {"Label", a.metric}, {"Expression", a.sum()}, {"ReturnData", true}})
}

func metricID(i int) string { return "m" + strconv.Itoa(i+1) }

// sum is the expression of the sum: a minute without a metric counts as none.
func (a alarm) sum() string {
	text := ""
	for i := range a.operations {
		if i > 0 {
			text += " + "
		}
		text += "FILL(" + metricID(i) + ", 0)"
	}
	return text
}

func dimensions(table, index string, operations ...string) []object {
	all := []object{{{"Name", "TableName"}, {"Value", ref(table)}}}
	if index != "" {
		all = append(all, object{{"Name", "GlobalSecondaryIndexName"}, {"Value", index}})
	}
	for _, o := range operations {
		all = append(all, object{{"Name", "Operation"}, {"Value", o}})
	}
	return all
}
