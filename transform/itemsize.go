package transform

import (
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// ItemSize returns the size of an item in bytes as Amazon counts it against
// the limit of 400 KB (Developer Guide, "Item sizes and formats"): names and
// values, a number by its pairs of decimal digits, 3 bytes for a map or list
// and 1 for each of its elements. DynamoDB Local counts the same, to the byte.
func ItemSize(item map[string]types.AttributeValue) int {
	size := 0
	for name, av := range item {
		size += len(name) + attributeSize(av)
	}
	return size
}

func attributeSize(av types.AttributeValue) int {
	switch x := av.(type) {
	case *types.AttributeValueMemberS:
		return len(x.Value)
	case *types.AttributeValueMemberN:
		return numberSize(x.Value)
	case *types.AttributeValueMemberB:
		return len(x.Value)
	case *types.AttributeValueMemberL:
		size := 3
		for _, e := range x.Value {
			size += 1 + attributeSize(e)
		}
		return size
	case *types.AttributeValueMemberM:
		return 3 + len(x.Value) + ItemSize(x.Value)
	case *types.AttributeValueMemberSS:
		return len(strings.Join(x.Value, ""))
	case *types.AttributeValueMemberNS:
		size := 0
		for _, n := range x.Value {
			size += numberSize(n)
		}
		return size
	case *types.AttributeValueMemberBS:
		size := 0
		for _, b := range x.Value {
			size += len(b)
		}
		return size
	}
	return 1 // BOOL, NULL
}

// numberSize counts a byte, another for a minus, and one for each pair of
// digits. Pairs begin at the decimal point, so 12.34 has two and 123.4 three.
func numberSize(s string) int {
	if s != "" && s[0] > '0' && s[0] <= '9' && allDigits(s) {
		// Most numbers are counts and ids.
		return 2 + (len(s)-1)>>1 - trailing(s, '0')>>1
	}
	n, ok := parseNumber(s)
	if !ok || n.digits == "" {
		return 1
	}
	// Pairs are numbered from the point: 0 for the first before it.
	highest, lowest := n.first()>>1, n.exp>>1
	size := 1 + highest - lowest + 1
	if n.neg {
		size++
	}
	return size
}
