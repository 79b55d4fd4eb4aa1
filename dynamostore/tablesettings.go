package dynamostore

import (
	"context"
	"errors"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// settings are what other calls than DescribeTable say of a table.
type settings struct {
	ttl     told[string] // the attribute, "" if it is off
	backups told[bool]
	tags    told[map[string]string]
}

// told is what the service said, or why it said nothing.
type told[T any] struct {
	value T
	why   string // "" where it did
}

// settings asks for what the contract may say of a table. The tags of a table that
// the contract names none of are nobody's business.
func (s *Tables) settings(ctx context.Context, op string, t *transform.Table, have *types.TableDescription) (settings, error) {
	var (
		all settings
		err error
	)
	if all.ttl, err = ask(ctx, s, op, t, s.askTTL); err != nil {
		return all, err
	}
	if all.backups, err = ask(ctx, s, op, t, s.askBackups); err != nil || len(t.Tags) == 0 {
		return all, err
	}
	all.tags, err = ask(ctx, s, op, t, func(ctx context.Context, _ *string) (map[string]string, error) {
		return s.askTags(ctx, have.TableArn)
	})
	return all, err
}

// ask makes one of the calls. What can't be answered is no failure, and a table
// that is too new to have a setting has it off.
func ask[T any](ctx context.Context, s *Tables, op string, t *transform.Table, call func(context.Context, *string) (T, error)) (told[T], error) {
	name := s.tableName(t)
	var answer told[T]
	err := s.patiently(ctx, func() (err error) {
		answer.value, err = call(ctx, &name)
		return err
	})
	var (
		notYet  *types.ResourceNotFoundException
		notYet2 *types.TableNotFoundException
	)
	switch {
	case err == nil, errors.As(err, &notYet), errors.As(err, &notYet2):
		return answer, nil
	case lacking(err), refusedTo(err):
		answer.why = describe(err)
		return answer, nil
	}
	return answer, fail(op, "", name, store.NoWrite, err)
}

// lacking reports whether an engine does not have the call.
func lacking(err error) bool { return errorCode(err) == "UnknownOperation" }

// refusedTo reports whether the credentials do not allow the call.
func refusedTo(err error) bool { return errorCode(err) == "AccessDenied" }

// errorCode returns the service's error code without the word Exception, "" if the
// service had no say.
func errorCode(err error) string {
	var api smithy.APIError
	if !errors.As(err, &api) {
		return ""
	}
	return strings.TrimSuffix(api.ErrorCode(), "Exception")
}

func (s *Tables) askTTL(ctx context.Context, table *string) (string, error) {
	out, err := s.client.DescribeTimeToLive(ctx, &dynamodb.DescribeTimeToLiveInput{TableName: table})
	if err != nil || out.TimeToLiveDescription == nil {
		return "", err
	}
	switch d := out.TimeToLiveDescription; d.TimeToLiveStatus {
	case types.TimeToLiveStatusEnabled, types.TimeToLiveStatusEnabling:
		return aws.ToString(d.AttributeName), nil
	}
	return "", nil
}

func (s *Tables) askBackups(ctx context.Context, table *string) (bool, error) {
	out, err := s.client.DescribeContinuousBackups(ctx, &dynamodb.DescribeContinuousBackupsInput{TableName: table})
	if err != nil || out.ContinuousBackupsDescription == nil || out.ContinuousBackupsDescription.PointInTimeRecoveryDescription == nil {
		return false, err
	}
	d := out.ContinuousBackupsDescription.PointInTimeRecoveryDescription
	return d.PointInTimeRecoveryStatus == types.PointInTimeRecoveryStatusEnabled, nil
}

func (s *Tables) askTags(ctx context.Context, arn *string) (map[string]string, error) {
	tags := map[string]string{}
	in := &dynamodb.ListTagsOfResourceInput{ResourceArn: arn}
	for {
		out, err := s.client.ListTagsOfResource(ctx, in)
		if err != nil {
			return nil, err
		}
		for _, t := range out.Tags {
			tags[aws.ToString(t.Key)] = aws.ToString(t.Value)
		}
		if in.NextToken = out.NextToken; aws.ToString(in.NextToken) == "" {
			return tags, nil
		}
	}
}

// settings compares how the service keeps the table. All but time to live that
// nobody wants is advice: items are the same with it and without.
func (c *tableDiff) settings(have settings) {
	c.ttl(have.ttl)
	c.toggled(StepBackups, c.want.PointInTimeRecovery, have.backups)
	c.encryption()
	c.toggled(StepProtection, c.want.DeletionProtection, told[bool]{value: aws.ToBool(c.have.DeletionProtectionEnabled)})
	c.tags(have.tags)
}

// ttl compares the attribute by which the service deletes items.
func (c *tableDiff) ttl(have told[string]) {
	want := c.want.TTL
	d := Difference{What: StepTTL, Want: orNone(want), Have: orNone(have.value), Advice: true}
	switch {
	case have.why != "":
		if c.untold(d, have.why); want != "" {
			c.blind = append(c.blind, Step{What: StepTTL, Name: want})
		}
	case want == have.value:
	case have.value == "":
		c.mend(Step{What: StepTTL, Name: want}, d)
	default:
		d.Advice = false
		d.Mend = "the service deletes items by it that nobody else deletes: " +
			"name it as ttl in the contract, or switch it off with UpdateTimeToLive, which takes one change an hour"
		c.add(d)
	}
}

// toggled compares what is on or off.
func (c *tableDiff) toggled(what string, want bool, have told[bool]) {
	d := Difference{What: what, Want: onOff(want), Have: onOff(have.value), Advice: true}
	switch {
	case have.why != "":
		if want {
			c.untold(d, have.why)
			c.blind = append(c.blind, Step{What: what})
		}
	case want && !have.value:
		c.mend(Step{What: what}, d)
	case want != have.value:
		d.Mend = "say it in the contract, or switch it off if nobody wants it; the library never does"
		c.add(d)
	}
}

func onOff(b bool) string {
	if b {
		return on
	}
	return off
}

// encryption compares whose key the table is encrypted with.
func (c *tableDiff) encryption() {
	want, have := c.want.Encryption, haveKey(c.have.SSEDescription)
	if want == "" {
		want = transform.EncryptionOwned
	}
	named := strings.Contains(want, ":key/")
	if want == have || want != transform.EncryptionOwned && !named && have != transform.EncryptionOwned {
		return
	}
	c.add(Difference{
		What: "encryption", Want: want, Have: have, Advice: true,
		Mend: "say it in the contract, or change it with UpdateTable; the library changes no key",
	})
}

// haveKey returns the ARN of the key that a table is encrypted with, or
// EncryptionOwned.
func haveKey(d *types.SSEDescription) string {
	switch {
	case d == nil, d.Status == types.SSEStatusDisabled, d.Status == types.SSEStatusDisabling:
		return transform.EncryptionOwned
	case aws.ToString(d.KMSMasterKeyArn) == "":
		return transform.EncryptionManaged
	}
	return *d.KMSMasterKeyArn
}

// tags compares the tags that the contract names.
func (c *tableDiff) tags(have told[map[string]string]) {
	for _, want := range c.want.Tags {
		value, there := have.value[want.Name]
		d := Difference{What: StepTag + " " + want.Name, Want: want.Value, Have: value, Advice: true}
		switch {
		case have.why != "":
			c.untold(d, have.why)
		case !there:
			d.Have = none
			c.mend(Step{What: StepTag, Name: want.Name, Value: want.Value}, d)
		case value != want.Value:
			d.Mend = "change it in the contract or at the table; the library replaces no tag"
			c.add(d)
		}
	}
}

// untold notes what the service did not tell.
func (c *tableDiff) untold(d Difference, why string) {
	d.Have, d.Mend = Untold, "the service does not answer ("+why+"): look at it by other means"
	c.add(d)
}
