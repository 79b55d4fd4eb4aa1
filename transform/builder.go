package transform

import (
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// A builder makes the attribute values of one item out of a few slices, since
// an allocation for each would cost more than all the rest of a conversion.
// The slices live as long as any value of the item does.
type builder struct {
	jsonReader // of the document at hand
	strings    []types.AttributeValueMemberS
	numbers    []types.AttributeValueMemberN
}

// This many values are made at once where the estimate was too low.
const (
	stringChunk = 8
	numberChunk = 2
)

// countStrings estimates the strings of a document in canonical form: pairs of
// quotes, less those of keys, each of which a colon follows. Quotes and colons
// within strings make it wrong, which costs memory or another chunk.
func countStrings(text string) int {
	return max(0, strings.Count(text, `"`)/2-strings.Count(text, `:`))
}

func (b *builder) text(s string) *types.AttributeValueMemberS {
	if len(b.strings) == cap(b.strings) {
		b.strings = make([]types.AttributeValueMemberS, 0, stringChunk)
	}
	b.strings = append(b.strings, types.AttributeValueMemberS{Value: s})
	return &b.strings[len(b.strings)-1]
}

func (b *builder) number(s string) *types.AttributeValueMemberN {
	if len(b.numbers) == cap(b.numbers) {
		b.numbers = make([]types.AttributeValueMemberN, 0, numberChunk)
	}
	b.numbers = append(b.numbers, types.AttributeValueMemberN{Value: s})
	return &b.numbers[len(b.numbers)-1]
}

func (b *builder) boolean(v bool) *types.AttributeValueMemberBOOL {
	return &types.AttributeValueMemberBOOL{Value: v}
}

func (b *builder) null() *types.AttributeValueMemberNULL {
	return &types.AttributeValueMemberNULL{Value: true}
}

func (b *builder) bytes(v []byte) *types.AttributeValueMemberB {
	return &types.AttributeValueMemberB{Value: v}
}

// set makes a set of the labels of a SET, nil for none: DynamoDB has no empty
// set.
func (b *builder) set(labels string) types.AttributeValue {
	if labels == "" {
		return nil
	}
	return &types.AttributeValueMemberSS{Value: strings.Split(labels, ",")}
}
