package transform

import (
	"encoding/binary"
	"math"
)

// fitBit checks a BIT(n), a row of n bits that MySQL reads as a number.
func (c *Column) fitBit(v Value) string {
	if v.neg || c.Length < 64 && v.num >= 1<<max(1, c.Length) {
		return "out of the range of " + c.typeName()
	}
	return ""
}

// bitBytes returns a BIT as MySQL's protocol has it: big-endian, in as many
// bytes as its bits need.
func (c *Column) bitBytes(v Value) []byte {
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], v.num)
	return b[8-c.bitSize():]
}

func (c *Column) bitSize() int { return (max(1, c.Length) + 7) / 8 }

// fromBits reads a BIT from bytes, leading zeros or not, as MySQL does.
func (c *Column) fromBits(b []byte) (Value, string) {
	for len(b) > 8 && b[0] == 0 {
		b = b[1:]
	}
	if len(b) > 8 {
		return Value{}, "out of the range of " + c.typeName()
	}
	var all [8]byte
	copy(all[8-len(b):], b)
	v := UintValue(binary.BigEndian.Uint64(all[:]))
	if reason := c.fitBit(v); reason != "" {
		return Value{}, reason
	}
	if c.Kind == Bool {
		return BoolValue(v.num == 1), ""
	}
	return v, ""
}

// decodeBits reads a B, which has exactly the bytes that the column needs.
func (c *Column) decodeBits(b []byte) (Value, string) {
	if len(b) != c.bitSize() {
		return Value{}, "does not have the bytes of " + c.typeName()
	}
	return c.fromBits(b)
}

// fitYear checks a YEAR (manual, "The YEAR type"). MySQL would make 2024 of 24.
func (c *Column) fitYear(v Value) string {
	if v.neg || v.num > math.MaxUint16 || v.num != 0 && (v.num < 1901 || v.num > 2155) {
		return "out of the range of year, 1901 to 2155 and 0"
	}
	return ""
}
