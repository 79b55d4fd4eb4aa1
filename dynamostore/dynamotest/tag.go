package dynamotest

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// maxTags bounds the tags of a table.
const maxTags = 50

type tag struct{ Key, Value string }

type tagInput struct {
	ResourceArn string
	Tags        []tag
	TagKeys     []string
}

// mergeTags returns tags with others put in the places of those with their
// keys.
func mergeTags(tags, others []tag) ([]tag, error) {
	merged := slices.Clone(tags)
	for _, other := range others {
		if other.Key == "" || utf8.RuneCountInString(other.Key) > 128 || utf8.RuneCountInString(other.Value) > 256 {
			return nil, invalid("One or more parameter values were invalid: Tag keys have 1 to 128 characters, values 256 at most")
		}
		merged = append(without(merged, other.Key), other)
	}
	if len(merged) > maxTags {
		return nil, refuse("LimitExceededException", "The number of tags exceeds the limit of %d", maxTags)
	}
	return merged, nil
}

func without(tags []tag, key string) []tag {
	return slices.DeleteFunc(slices.Clone(tags), func(t tag) bool { return t.Key == key })
}

// tagged returns the table of an ARN.
func (c *call) tagged(arn string) (*table, error) {
	name, ok := strings.CutPrefix(arn, arnPrefix)
	if !ok {
		return nil, invalid("Invalid TableArn: Invalid ResourceArn provided as input %s", arn)
	}
	t, err := c.describedTable(name)
	if err != nil {
		return nil, refuse("ResourceNotFoundException", "Requested resource not found: ResourcArn: %s not found", arn)
	}
	return t, t.lock()
}

func (c *call) tagResource(in *tagInput) error {
	t, err := c.tagged(in.ResourceArn)
	if err != nil {
		return err
	}
	defer t.mu.Unlock()
	tags, err := mergeTags(t.tags, in.Tags)
	if err == nil {
		t.tags = tags
	}
	return err
}

func (c *call) untagResource(in *tagInput) error {
	t, err := c.tagged(in.ResourceArn)
	if err != nil {
		return err
	}
	defer t.mu.Unlock()
	for _, key := range in.TagKeys {
		t.tags = without(t.tags, key)
	}
	return nil
}

func (c *call) listTagsOfResource(in *tagInput) error {
	t, err := c.tagged(in.ResourceArn)
	if err != nil {
		return err
	}
	defer t.mu.Unlock()
	c.value("Tags", append([]tag{}, t.tags...))
	return nil
}
