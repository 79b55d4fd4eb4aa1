package template

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func mustDate(t testing.TB, format, source string) *Date {
	t.Helper()
	d, err := ParseDate(format, source)
	require.NoError(t, err)
	return d
}

func TestForms(t *testing.T) {
	for form, text := range map[string]string{
		DateForm():        "2024-03-10",
		DateTimeForm(0):   "2024-03-10T09:30:00",
		DateTimeForm(3):   "2024-03-10T09:30:00.250",
		TimestampForm(0):  "2024-03-10T09:30:00Z",
		TimestampForm(3):  "2025-08-14T21:16:07.000Z",
		TimestampForm(6):  "2024-03-10T09:30:00.000001Z",
		TimestampForm(99): "2024-03-10T09:30:00.000001Z",
	} {
		// A form is its own format.
		got, err := mustDate(t, form, form).Format(text)
		require.NoError(t, err)
		require.Equal(t, text, got)
	}
}

func TestDateGolden(t *testing.T) {
	const at, micro = "2024-03-10T09:30:05.250Z", "2024-03-10T09:30:05.250999"
	for _, c := range []struct{ format, source, text, want string }{
		{"YYYY", TimestampForm(3), at, "2024"},
		{"MM", TimestampForm(3), at, "03"},
		{"DD", TimestampForm(3), at, "10"},
		{"HH", TimestampForm(3), at, "09"},
		{"mm", TimestampForm(3), at, "30"},
		{"ss", TimestampForm(3), at, "05"},
		{"SSS", TimestampForm(3), at, "250"},
		{"YYYY-MM-DD", TimestampForm(3), at, "2024-03-10"},
		{"YYYYMMDDHHmmssSSS", TimestampForm(3), at, "20240310093005250"},
		{"DD.MM.YYYY HH:mm", TimestampForm(3), at, "10.03.2024 09:30"},
		{"YYYY-MM-DDTHH:mm:ss.SSSZ", TimestampForm(3), at, at},
		{"YYYY-MM-DDTHH:mm:ss.SSSSSSZ", TimestampForm(3), at, "2024-03-10T09:30:05.250000Z"},
		{"[day] DD 'of' MM", TimestampForm(3), at, "day 10 of 03"},
		{"YYYY-MM/YYYY-MM-DD", DateForm(), "2024-03-10", "2024-03/2024-03-10"},
		{"YYYY-MM-DDTHH:mm:ss.SSSZ", DateForm(), "2024-03-10", "2024-03-10T00:00:00.000Z"},
		{"SSS", DateTimeForm(6), micro, "250"}, // cut, not rounded
		{"SSSSSS", DateTimeForm(6), micro, "250999"},
		{"S", DateTimeForm(6), micro, "2"},
		{"YYYY-MM-DD", "DD/MM/YYYY", "10/03/2024", "2024-03-10"}, // source_format
		{"HH.mm", "HH:mm", "09:30", "09.30"},
		{"YYYY年", DateForm(), "2024-03-10", "2024年"},
		{"YYYY-MM-DD", DateForm(), "2024-02-29", "2024-02-29"},
		{"YYYY-MM-DD", DateForm(), "2000-02-29", "2000-02-29"},
		{"YYYY-MM-DD", DateForm(), "0001-01-01", "0001-01-01"},
		{"YYYY-MM-DD", DateForm(), "9999-12-31", "9999-12-31"},
		{"MM-DD", "MM/DD", "02/29", "02-29"},
	} {
		d := mustDate(t, c.format, c.source)
		got, err := d.Format(c.text)
		require.NoError(t, err)
		require.Equal(t, c.want, got, c.format)
		require.Equal(t, c.format, d.String())
		back, err := d.Value(got)
		if ok, reason := d.Reversible(); !ok {
			require.EqualError(t, err, reason)
			continue
		}
		require.NoError(t, err)
		require.Equal(t, c.text, back)
	}
}

func TestDateReversible(t *testing.T) {
	for _, c := range []struct{ format, source, lost string }{
		{"YYYY-MM-DD", DateForm(), ""},
		{"DD.MM.YYYY", DateForm(), ""},
		{"YYYYMMDDHHmmss", DateTimeForm(0), ""},
		{"YYYYMMDDHHmmssSSS", DateTimeForm(0), ""},
		{"YYYYMMDDHHmmssSSS", TimestampForm(3), ""},
		{"YYYY-MM-DDTHH:mm:ss.SSSZ", DateForm(), ""},
		{"MM-DD", DateForm(), `the format has no year, which the source, "YYYY-MM-DD", has`},
		{"YYYY-MM-DD", DateTimeForm(0), `the format has no hour, which the source, "YYYY-MM-DDTHH:mm:ss", has`},
		{"YYYYMMDDHHmmss", TimestampForm(3), `the format has no fraction of a second, which the source, "YYYY-MM-DDTHH:mm:ss.SSSZ", has`},
		{"YYYYMMDDHHmmssSSS", DateTimeForm(6), `the format has fewer digits of the fraction of a second than the source, "YYYY-MM-DDTHH:mm:ss.SSSSSS"`},
	} {
		ok, reason := mustDate(t, c.format, c.source).Reversible()
		require.Equal(t, c.lost == "", ok, c.format)
		require.Equal(t, c.lost, reason)
	}
}

func TestDateSorts(t *testing.T) {
	for format, want := range map[string]bool{
		"YYYY": true, "YYYY-MM-DD": true, "YYYYMMDDHHmmssSSS": true, "YYYY-MM/YYYY-MM-DD": true, "[on] YYYY": true,
		"DD.MM.YYYY": false, "MM-DD": false, "YYYY-DD": false, "YYYY-DD-MM": false, "YYYY-MM-DD ss": false,
	} {
		require.Equal(t, want, mustDate(t, format, TimestampForm(6)).Sorts(), format)
	}
}

func TestDateRefuses(t *testing.T) {
	for _, c := range []struct{ source, text string }{
		{DateForm(), "2024-02-30"}, {DateForm(), "2023-02-29"}, {DateForm(), "1900-02-29"}, {DateForm(), "2024-04-31"}, {DateForm(), "2024-13-01"},
		{DateForm(), "0000-00-00"}, {DateForm(), "2024-00-10"}, {DateForm(), "2024-03-00"}, {DateForm(), "2024-3-10"}, {DateForm(), ""},
		{DateForm(), "2024-03-10T00:00:00"}, {DateForm(), "2024-03-1x"}, {DateForm(), "+024-03-10"},
		{DateTimeForm(0), "2024-03-10T24:00:00"}, {DateTimeForm(0), "2024-03-10T09:60:00"}, {DateTimeForm(0), "2024-03-10T09:30:60"},
		{DateTimeForm(0), "2024-03-10 09:30:00"}, {DateTimeForm(0), "2024-03-10T09:30:00Z"}, {DateTimeForm(0), "2024-03-10T09:30:00.000"},
		{DateTimeForm(3), "2024-03-10T09:30:00"}, {TimestampForm(0), "2024-03-10T09:30:00"},
		{"YYYY YYYY-MM-DD", "2024 2025-03-10"},
	} {
		_, err := mustDate(t, "YYYY-MM-DD", c.source).Format(c.text)
		var v *ValueError
		require.ErrorAs(t, err, &v, c.text)
	}
	_, err := mustDate(t, "YYYY", DateForm()).Format("0000-00-00")
	require.EqualError(t, err, "a zero or partial date has no form")
	// A time of day that the source can't have, and a day that no month has.
	for _, text := range []string{"2024-03-10T00:00:01Z", "2024-02-30T00:00:00Z", "2024-03-10T00:00:00"} {
		_, err := mustDate(t, TimestampForm(0), DateForm()).Value(text)
		require.Error(t, err, text)
	}
	_, err = mustDate(t, TimestampForm(3), TimestampForm(0)).Value("2024-03-10T00:00:00.001Z")
	require.Error(t, err)
}

func TestParseDateRefuses(t *testing.T) {
	for _, c := range []struct {
		format string
		at     int
		reason string
	}{
		{"", 0, "it is empty"},
		{"yyyy-MM-dd", 0, `"yyyy" is no token`},
		{"YYYY-MM-dd", 8, `"dd" is no token`},
		{"YY-MM-DD", 0, `"YY" is no token`},
		{"YYYY-M-D", 5, `"M" is no token`},
		{"YYYY-MMM-DD", 5, `"MMM" is no token`},
		{"hh:mm A", 0, `"hh" is no token`},
		{"HH:mm A", 6, `"A" is no token`},
		{"%Y-%m-%d", 1, `"Y" is no token`},
		{"YYYY-MM-DD SSSSSSS", 11, `"SSSSSSS" is no token`},
		{"SSS SSS", 4, "the fraction of a second twice"},
		{"YYYYTT", 4, `"TT" is no token`},
		{"YYYY [of", 5, "literal text without its end"},
		{"YYYY 'of", 5, "literal text without its end"},
		{"2024", 0, "it has no token"},
		{"[YYYY]", 0, "it has no token"},
		{strings.Repeat("YYYY", 33), 128, "it is longer than 128 bytes"},
		{"YYYY\x00", 4, "a control character"},
	} {
		for _, source := range []bool{false, true} {
			format, from := c.format, DateForm()
			if source {
				format, from = from, format
			}
			_, err := ParseDate(format, from)
			var s *SyntaxError
			require.ErrorAs(t, err, &s, c.format)
			require.Equal(t, c.reason, s.Reason, c.format)
			require.Equal(t, c.at, s.Offset, c.format)
		}
	}
	_, err := ParseDate("HH YYYY-MM-DD", "YYYY-MM")
	require.EqualError(t, err, `date-format "HH YYYY-MM-DD", at byte 11: the source, "YYYY-MM", has no day; leave DD out`)
}

// FuzzDate: what a reversible format writes comes back.
func FuzzDate(f *testing.F) {
	for _, format := range []string{"YYYY-MM-DD", "DD.MM.YYYY HH:mm:ss.SSSSSS", "[x]YYYY'y'", "YYYYMMDD", "[", "'", "%Y", "SSSSSSS", "YYYY YYYY"} {
		f.Add(format, DateForm(), "2024-03-10")
		f.Add(format, TimestampForm(3), "2025-08-14T21:16:07.000Z")
		f.Add(TimestampForm(6), format, "2024-03-10")
	}
	f.Fuzz(func(t *testing.T, format, source, text string) {
		d, err := ParseDate(format, source)
		if err != nil {
			return
		}
		got, err := d.Format(text)
		if err != nil {
			return
		}
		if ok, _ := d.Reversible(); !ok {
			return
		}
		back, err := d.Value(got)
		require.NoError(t, err)
		require.Equal(t, text, back)
	})
}
