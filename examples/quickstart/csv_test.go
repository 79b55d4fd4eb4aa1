package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const header = "user_id,username,email,registration_date,last_login,profile_data\n"

func TestReadCSVSeed(t *testing.T) {
	rows, err := readCSV("users.csv", usersCSV)
	require.NoError(t, err)
	require.Equal(t, []csvRow{
		{plain{101, "alice", "alice@example.com", "2023-01-15", "2024-03-10T09:30:00Z", `{"bio":"Loves dogs"}`}, 2},
		{plain{102, "bob", "bob@example.com", "2023-02-20", "2024-03-11T14:00:00Z", `{"bio":"Enjoys cats"}`}, 3},
		{plain{103, "charlie", "charlie@test.com", "2023-03-01", "2024-03-09T11:00:00Z", `{"bio":"Likes birds"}`}, 4},
	}, rows)
}

func TestReadCSVForms(t *testing.T) {
	for name, c := range map[string]struct {
		row  string
		want plain
	}{
		"NULLs":          {"1,a,b,,,", plain{ID: 1, Username: "a", Email: "b"}},
		"CRLF":           {"1,a,b,,,\r\n", plain{ID: 1, Username: "a", Email: "b"}},
		"another zone":   {"1,a,b,,2024-01-01T01:00:00+02:00,", plain{ID: 1, Username: "a", Email: "b", LastLogin: "2023-12-31T23:00:00Z"}},
		"comma":          {`-1,"a,b",b,,,`, plain{ID: -1, Username: "a,b", Email: "b"}},
		"four bytes":     {"1,🐕,b,,,", plain{ID: 1, Username: "🐕", Email: "b"}},
		"document":       {`1,a,b,,,"{""z"": 1.50, ""a"": [1e2, null, ""<""]}"`, plain{ID: 1, Username: "a", Email: "b", Profile: `{"a":[100,null,"<"],"z":1.5}`}},
		"document lines": {"1,a,b,,,\"{\n}\"", plain{ID: 1, Username: "a", Email: "b", Profile: `{}`}},
	} {
		t.Run(name, func(t *testing.T) {
			rows, err := readCSV("x.csv", []byte("\xef\xbb\xbf"+header+c.row))
			require.NoError(t, err)
			require.Equal(t, []csvRow{{c.want, 2}}, rows)
		})
	}
}

// TestReadCSVFaults: each fault is named with line and column, and no row is
// returned.
func TestReadCSVFaults(t *testing.T) {
	const good = "1,a,a@x,2023-01-15,2024-03-10T09:30:00Z,{}\n"
	for name, c := range map[string]struct{ file, want string }{
		"empty":          {"", "x.csv:1:1: the file is empty"},
		"header":         {"id,name\n", "x.csv:1:1: the first line names other columns"},
		"no header":      {good, "x.csv:1:1: the first line names other columns"},
		"too few":        {header + good + "2,b,b@x,2023-01-15,{}\n", "x.csv:3:1: the row has 5 columns and the file 6"},
		"too many":       {header + good + "2,b,b@x,,,{},\n", "x.csv:3:1: the row has 7 columns and the file 6"},
		"unquoted JSON":  {header + "2,b,b@x,,,{\"a\": 1, \"b\": 2}\n", `x.csv:2:12: bare " in non-quoted-field; put a field with quotes into quotes`},
		"open quote":     {header + "2,b,b@x,,,\"{\n", `x.csv:2:14: extraneous or missing " in quoted-field`},
		"id":             {header + "x1,b,b@x,,,\n", `x.csv:2:1: user_id "x1" is not an integer`},
		"id of zeros":    {header + "01,b,b@x,,,\n", `x.csv:2:1: user_id "01" is not an integer`},
		"id too large":   {header + "2147483648,b,b@x,,,\n", `x.csv:2:1: user_id "2147483648" is not an integer that an INT column holds`},
		"no username":    {header + "1,,b@x,,,\n", "x.csv:2:3: username is empty"},
		"long email":     {header + "1,b," + strings.Repeat("ü", 256) + ",,,\n", "x.csv:2:5: email has 256 characters, and its column holds 255"},
		"not UTF-8":      {header + "1,b,b\xff,,,\n", "x.csv:2:5: email is not UTF-8"},
		"bad date":       {header + good + "2,b,b@x,2023-02-30,,\n", `x.csv:3:9: registration_date "2023-02-30" is not a date`},
		"date and time":  {header + "2,b,b@x,2023-02-03T00:00:00Z,,\n", "x.csv:2:9: registration_date"},
		"zero date":      {header + "2,b,b@x,0000-00-00,,\n", "x.csv:2:9: registration_date"},
		"bad time":       {header + "2,b,b@x,,2024-03-10 25:00:00,\n", "x.csv:2:10: last_login"},
		"part of second": {header + "2,b,b@x,,2024-03-10T09:30:00.5Z,\n", "x.csv:2:10: last_login"},
		"time too late":  {header + "2,b,b@x,,2040-01-01T00:00:00Z,\n", `x.csv:2:10: last_login "2040-01-01T00:00:00Z" is outside 1970 to 2038`},
		// The column counts the doubled quotes as the file has them.
		"bad JSON":       {header + good + `2,b,b@x,,,"{""bio"": dogs}"` + "\n", "x.csv:3:22: profile_data is not JSON: invalid character 'd'"},
		"JSON plain":     {header + "2,b,b@x,,,[1 2]\n", "x.csv:2:14: profile_data is not JSON: invalid character '2'"},
		"JSON on line 3": {header + "2,b,b@x,,,\"{\n  ]\"\n", "x.csv:3:3: profile_data is not JSON: invalid character ']'"},
		"JSON cut off":   {header + "2,b,b@x,,,\"{\"\n", "x.csv:2:12: profile_data is not JSON: unexpected end"},
		"two documents":  {header + "2,b,b@x,,,{} {}\n", "x.csv:2:14: profile_data is not JSON"},
		"same id":        {header + good + "2,b,b@x,,,\n1,c,c@x,,,\n", "x.csv:4:1: user_id is the same in lines 2 and 4"},
		"same username":  {header + good + "2,a,b@x,,,\n", "x.csv:3:3: username is the same in lines 2 and 3"},
		"same email":     {header + "1,a,a@x,,,\"{\n}\"\n2,b,a@x,,,\n", "x.csv:4:5: email is the same in lines 2 and 4"},
	} {
		t.Run(name, func(t *testing.T) {
			rows, err := readCSV("x.csv", []byte(c.file))
			require.Nil(t, rows)
			var fault *csvError
			require.ErrorAs(t, err, &fault)
			require.Contains(t, err.Error(), c.want)
		})
	}
}

// write puts a file for a flag into the test's folder.
func write(t *testing.T, name, content string) string {
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	return path
}
