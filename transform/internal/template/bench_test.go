package template

import "testing"

var (
	benchValues = []string{"12345", "2025-08-14T21:16:07.000Z", "ann@example.org"}
	sinkText    string
	sinkValues  []string
)

// BenchmarkFormat is the text of three values: one allocation, the text.
func BenchmarkFormat(b *testing.B) {
	t := mustParse(b, "ORDER#{id:010d}#{created_at}#{email}")
	b.ReportAllocs()
	for b.Loop() {
		sinkText, _ = t.Format(benchValues)
	}
}

// BenchmarkAppend is the same into a buffer: no allocation.
func BenchmarkAppend(b *testing.B) {
	t := mustParse(b, "ORDER#{id:010d}#{created_at}#{email}")
	buffer := make([]byte, 0, 256)
	b.ReportAllocs()
	for b.Loop() {
		buffer, _ = t.Append(buffer[:0], benchValues)
	}
}

// BenchmarkValues is the way back: one allocation, the list.
func BenchmarkValues(b *testing.B) {
	t := mustParse(b, "ORDER#{id:010d}#{created_at}#{email}")
	text, _ := t.Format(benchValues)
	b.ReportAllocs()
	for b.Loop() {
		sinkValues, _ = t.Values(text)
	}
}

func BenchmarkDateFormat(b *testing.B) {
	d := mustDate(b, "YYYYMMDDHHmmssSSS", TimestampForm(3))
	b.ReportAllocs()
	for b.Loop() {
		sinkText, _ = d.Format("2025-08-14T21:16:07.000Z")
	}
}

func BenchmarkNumberFormat(b *testing.B) {
	n, err := ParseNumber("0.00")
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		sinkText, _ = n.Format("1234.5")
	}
}
