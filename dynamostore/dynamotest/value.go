package dynamotest

import (
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/crossfade-go/crossfade/dynamostore/dynamotest/internal/attr"
)

// itemOf returns the SDK's form of attributes in ours. It is for keys that a
// test gives, so what is no legal value is left out.
func itemOf(attributes map[string]types.AttributeValue) attr.Item {
	if attributes == nil {
		return nil
	}
	item := attr.Item{}
	for name, value := range attributes {
		switch v := value.(type) {
		case *types.AttributeValueMemberS:
			item[name] = attr.String(v.Value)
		case *types.AttributeValueMemberB:
			item[name] = attr.Binary(v.Value)
		case *types.AttributeValueMemberBOOL:
			item[name] = attr.Bool(v.Value)
		case *types.AttributeValueMemberN:
			if n, err := attr.ParseNumber(v.Value); err == nil {
				item[name] = n
			}
		}
	}
	return item
}

// A singleInput is one attribute value in a request.
type singleInput struct{ in attr.Input }

// UnmarshalJSON reads the value as the only one of a map.
func (s *singleInput) UnmarshalJSON(data []byte) error {
	return s.in.UnmarshalJSON(append(append([]byte(`{"Value":`), data...), '}'))
}

// Value returns the value, or what is wrong with it.
func (s *singleInput) Value() (attr.Value, error) {
	item, err := s.in.Item()
	return item["Value"], err
}
