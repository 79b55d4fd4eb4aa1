package transform

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestTemporalText(t *testing.T) {
	for _, c := range []struct {
		kind       Kind
		precision  int
		text, want string
	}{
		{Date, 0, "2023-01-15", "2023-01-15"},
		{Date, 0, "2024-02-29", "2024-02-29"},
		{Date, 0, "0000-01-01", "0000-01-01"},
		{Date, 0, "9999-12-31", "9999-12-31"},
		{Timestamp, 0, "2024-03-10 09:30:00", "2024-03-10T09:30:00Z"},
		{Timestamp, 0, "2024-03-10 09:30:00.000000", "2024-03-10T09:30:00Z"},
		{Timestamp, 3, "2024-03-10 09:30:00", "2024-03-10T09:30:00.000Z"},
		{Timestamp, 3, "2024-03-10 09:30:00.120000", "2024-03-10T09:30:00.120Z"},
		{Timestamp, 3, "2024-03-10T09:30:00.120Z", "2024-03-10T09:30:00.120Z"},
		{DateTime, 6, "2024-03-10 09:30:00.5", "2024-03-10T09:30:00.500000"},
		{DateTime, 0, "2024-03-31 02:30:00", "2024-03-31T02:30:00"}, // in a gap of Europe's summer time
		{DateTime, 0, "2024-03-10T09:30:00", "2024-03-10T09:30:00"},
	} {
		got, reason := canonTemporal(c.kind, c.precision, false, c.text)
		require.Empty(t, reason, c.text)
		require.Equal(t, c.want, got)
		again, reason := canonTemporal(c.kind, c.precision, false, got)
		require.Empty(t, reason)
		require.Equal(t, got, again)
		back, reason := canonTemporal(c.kind, c.precision, false, mysqlTemporal(got))
		require.Empty(t, reason)
		require.Equal(t, got, back)
	}
}

func TestTemporalTextRefuses(t *testing.T) {
	for _, c := range []struct {
		kind       Kind
		text, want string
	}{
		{Date, "0000-00-00", reasonZeroDate}, {Date, "2024-00-01", reasonZeroDate}, {Date, "2024-01-00", reasonZeroDate},
		{DateTime, "0000-00-00 00:00:00", reasonZeroDate},
		{Date, "2023-02-29", "no day of the calendar"}, {Date, "1900-02-29", "no day of the calendar"},
		{Date, "2024-04-31", "no day of the calendar"}, {Date, "2024-13-01", "no day of the calendar"},
		{Date, "2024-1-1", reasonBadDate}, {Date, "", reasonBadDate}, {Date, "2024-01-01 00:00:00", reasonBadDate},
		{Date, "24-01-01x0", reasonBadDate}, {Date, "2024/01/01", reasonBadDate},
		{DateTime, "2024-01-01", reasonBadTime}, {DateTime, "2024-01-01 24:00:00", reasonBadTime},
		{DateTime, "2024-01-01 00:60:00", reasonBadTime}, {DateTime, "2024-01-01 00:00:60", reasonBadTime},
		{DateTime, "2024-01-01 00:00:00.", reasonBadTime}, {DateTime, "2024-01-01 00:00:00,5", reasonBadTime},
		{DateTime, "2024-01-01T00:00:00Z", reasonBadTime}, {DateTime, "2024-01-01_00:00:00", reasonBadTime},
		{Timestamp, "2024-01-01T00:00:00+01:00", reasonBadTime},
		{Timestamp, "2024-01-01 00:00:00.0001", "more fractional digits than the contract says the column has"},
	} {
		_, reason := canonTemporal(c.kind, 3, false, c.text)
		require.Equal(t, c.want, reason, "%q", c.text)
	}
}

// The calendar is time's calendar, on every day of the years with odd rules.
func TestCalendar(t *testing.T) {
	for _, year := range []int{0, 4, 1900, 2000, 2023, 2024, 2100, 9999} {
		for month := 1; month <= 12; month++ {
			for day := 1; day <= 31; day++ {
				s := fmt.Sprintf("%04d-%02d-%02d", year, month, day)
				_, err := time.Parse("2006-01-02", s)
				require.Equal(t, err == nil, checkDate(s) == "", s)
			}
		}
	}
}

func TestTimeOfGo(t *testing.T) {
	berlin := time.FixedZone("", 2*3600)
	at := time.Date(2024, 7, 1, 0, 30, 59, 999_499_999, berlin)
	for _, c := range []struct {
		kind      Kind
		precision int
		want      string
	}{
		{Timestamp, 0, "2024-06-30T22:31:00Z"},
		{Timestamp, 3, "2024-06-30T22:30:59.999Z"},
		{Timestamp, 4, "2024-06-30T22:30:59.9995Z"},
		{DateTime, 6, "2024-07-01T00:30:59.999500"},
		{DateTime, 0, "2024-07-01T00:31:00"},
		{Date, 0, "2024-07-01"},
	} {
		got, reason := temporalText(c.kind, c.precision, at)
		require.Empty(t, reason)
		require.Equal(t, c.want, got)
	}
	_, reason := temporalText(Date, 0, time.Time{}.In(berlin))
	require.Contains(t, reason, "zero time.Time")
	_, reason = temporalText(DateTime, 0, time.Date(9999, 12, 31, 23, 59, 59, 600_000_000, time.UTC))
	require.Contains(t, reason, "four digits")
	_, reason = temporalText(Timestamp, 0, time.Date(-1, 1, 1, 0, 0, 0, 0, time.UTC))
	require.Contains(t, reason, "four digits")
}

func TestValueTime(t *testing.T) {
	for _, c := range []struct {
		v    Value
		want time.Time
	}{
		{Value{kind: Date, text: "2023-01-15"}, time.Date(2023, 1, 15, 0, 0, 0, 0, time.UTC)},
		{Value{kind: DateTime, text: "2023-01-15T01:02:03.5"}, time.Date(2023, 1, 15, 1, 2, 3, 5e8, time.UTC)},
		{Value{kind: Timestamp, text: "2023-01-15T01:02:03.000007Z"}, time.Date(2023, 1, 15, 1, 2, 3, 7000, time.UTC)},
	} {
		got, ok := c.v.Time()
		require.True(t, ok)
		require.Equal(t, c.want, got)
	}
	_, ok := TextValue("2023-01-15").Time()
	require.False(t, ok)
}
