package transform

import (
	"database/sql"
	"database/sql/driver"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

type user struct {
	ID           int64          `db:"user_id"`
	Username     *string        `db:"username"`
	Email        sql.NullString `db:"email"`
	Registration *time.Time     `db:"registration_date"`
	LastLogin    sql.NullTime   `db:"last_login"`
	Profile      map[string]any `db:"profile_data"`
	Cached       func()         // no column, no tag: ignored
	Skipped      string         `db:"-"`
}

func TestBindingRoundTrip(t *testing.T) {
	e := load(t, "users.json")
	b, err := Bind[user](e)
	require.NoError(t, err)

	name := "alice"
	day := time.Date(2023, 1, 15, 0, 0, 0, 0, time.UTC)
	u := user{
		ID: 101, Username: &name, Email: sql.NullString{String: "a@b.c", Valid: true}, Registration: &day,
		LastLogin: sql.NullTime{Time: time.Date(2024, 3, 10, 10, 30, 0, 0, time.FixedZone("", 3600)), Valid: true},
		Profile:   map[string]any{"bio": "Loves dogs", "n": json.Number("1.50"), "f": 0.1, "<": []any{}},
	}
	r, err := b.Record(&u)
	require.NoError(t, err)
	require.True(t, r.Equal(userRecord(t, e, "101", "alice", "a@b.c", "2023-01-15", "2024-03-10 09:30:00",
		`{"<":[],"bio":"Loves dogs","f":0.1,"n":1.5}`)))

	back := user{Skipped: "kept", Profile: map[string]any{"old": 1}}
	require.NoError(t, b.Into(r, &back))
	require.Equal(t, int64(101), back.ID)
	require.Equal(t, "alice", *back.Username)
	require.Equal(t, u.Email, back.Email)
	require.Equal(t, day, *back.Registration)
	require.Equal(t, time.Date(2024, 3, 10, 9, 30, 0, 0, time.UTC), back.LastLogin.Time)
	require.Equal(t, map[string]any{"bio": "Loves dogs", "n": json.Number("1.5"), "f": json.Number("0.1"), "<": []any{}}, back.Profile)
	require.Equal(t, "kept", back.Skipped)
	again, err := b.Record(&back)
	require.NoError(t, err)
	require.True(t, again.Equal(r))

	// NULL all over, into a struct that has something.
	null, err := b.Record(&user{ID: 101})
	require.NoError(t, err)
	require.True(t, null.Equal(userRecord(t, e, "101", "NULL", "NULL", "NULL", "NULL", "NULL")))
	require.NoError(t, b.Into(null, &back))
	require.Equal(t, user{ID: 101, Skipped: "kept"}, back)
}

// Into makes new values: a struct never shares one with another.
func TestIntoSharesNothing(t *testing.T) {
	e := load(t, "users.json")
	b, err := Bind[user](e)
	require.NoError(t, err)
	r := userRecord(t, e, "1", "alice", "NULL", "NULL", "NULL", `{}`)
	var first user
	require.NoError(t, b.Into(r, &first))
	second := first
	require.NoError(t, r.Set("username", TextValue("bob")))
	require.NoError(t, b.Into(r, &second))
	require.Equal(t, "alice", *first.Username)
	require.Equal(t, "bob", *second.Username)
}

// celsius is text in the database and a number in Go.
type celsius struct{ degrees int }

func (c celsius) Value() (driver.Value, error) {
	if c.degrees < -273 {
		return nil, errors.New("secret: too cold")
	}
	return fmt.Sprintf("%dC", c.degrees), nil
}

func (c *celsius) Scan(src any) error {
	_, err := fmt.Sscanf(string(src.([]byte)), "%dC", &c.degrees)
	return err
}

// textTime takes times as text only, as types written for a driver without
// parseTime do.
type textTime struct{ s string }

func (x textTime) Value() (driver.Value, error) { return x.s, nil }
func (x *textTime) Scan(src any) error {
	b, ok := src.([]byte)
	if !ok {
		return errors.New("no text")
	}
	x.s = string(b)
	return nil
}

type Base struct {
	Region string `db:"region"`
	Number uint64 // by its name
}

type profile struct {
	Bio  string `json:"bio"`
	Tags []any  `json:"tags,omitempty"`
}

type status string

type everything struct {
	*Base
	Number2 int               `db:"-"`
	Small   *int8             `db:"small"`
	Flag    *bool             `db:"flag"`
	Medium  sql.Null[uint32]  `db:"medium"`
	Price   *float64          `db:"price,float"`
	Huge    sql.NullString    `db:"huge"`
	Code    *celsius          `db:"code"`
	Body    *status           `db:"body"`
	Digest  []byte            `db:"digest"`
	Blob    *string           `db:"blob"`
	Day     *string           `db:"day"`
	Wall    *textTime         `db:"wall"`
	Moment  *time.Time        `db:"moment"`
	Doc     json.RawMessage   `db:"doc"`
	Tags    []json.RawMessage `db:"tags"`
}

func TestBindingOfEveryType(t *testing.T) {
	e := load(t, "everything.json")
	b, err := Bind[everything](e)
	require.NoError(t, err)

	r, err := b.Record(&everything{})
	require.NoError(t, err, "an embedded pointer that is nil is NULL")
	require.True(t, r.At(0).IsNull())

	small, flag, price, body, blob, day := int8(-3), true, 1.005, status("null"), "\xff", "2024-02-29"
	moment := time.Date(2024, 1, 2, 3, 4, 5, 678_900_000, time.UTC)
	in := everything{
		Base: &Base{"eu", 1<<64 - 1}, Small: &small, Flag: &flag, Medium: sql.Null[uint32]{V: 5, Valid: true}, Price: &price,
		Huge: sql.NullString{String: "0.00000000000000000001", Valid: true}, Code: &celsius{-4}, Body: &body,
		Digest: []byte{1}, Blob: &blob, Day: &day, Wall: &textTime{"2024-01-02 03:04:05"}, Moment: &moment,
		Doc: json.RawMessage(` {"b":1.0, "a":2}`), Tags: []json.RawMessage{[]byte("1e2"), []byte(`"x"`)},
	}
	r, err = b.Record(&in)
	require.NoError(t, err)
	require.NoError(t, r.Fit())
	var texts []string
	for i := range e.Columns {
		texts = append(texts, r.At(i).Text())
	}
	require.Equal(t, []string{
		"eu", "18446744073709551615", "-3", "true", "5", "1.01", "0.00000000000000000001", "-4C", "null",
		"\x01\x00\x00\x00", "\xff", "2024-02-29", "2024-01-02T03:04:05.000000", "2024-01-02T03:04:05.679Z",
		`{"a":2,"b":1}`, `[100,"x"]`,
	}, texts, "1.005 is 1.01 as MySQL rounds the decimal it is sent")

	var out everything
	require.NoError(t, b.Into(r, &out))
	price2 := 1.01
	moment2 := moment.Round(time.Millisecond)
	want := in
	want.Price, want.Moment, want.Digest = &price2, &moment2, []byte{1, 0, 0, 0}
	want.Wall = &textTime{"2024-01-02 03:04:05.000000"}
	want.Doc, want.Tags = json.RawMessage(`{"a":2,"b":1}`), []json.RawMessage{[]byte("100"), []byte(`"x"`)}
	require.Equal(t, want, out)
	again, err := b.Record(&out)
	require.NoError(t, err)
	require.True(t, again.Equal(r), "%v", again.Diff(r))
}

// What a field can't give or take is an error that names column and field, and
// not the value.
func TestBindingFails(t *testing.T) {
	e := load(t, "everything.json")
	b, err := Bind[everything](e)
	require.NoError(t, err)
	text := func(s string) *string { return &s }
	for name, c := range map[string]struct {
		in   everything
		want string
	}{
		"zero time":   {everything{Moment: new(time.Time)}, "Everything.moment: field Moment: the zero time.Time is no date"},
		"bad date":    {everything{Day: text("2024-02-30")}, "Everything.day: field Day: no day of the calendar"},
		"no JSON":     {everything{Doc: []byte("{secret")}, "Everything.doc: field Doc: not valid JSON"},
		"bad part":    {everything{Tags: []json.RawMessage{[]byte("secret")}}, "Everything.tags: field Tags: encoding/json can't encode []json.RawMessage"},
		"valuer":      {everything{Code: &celsius{-300}}, "Everything.code: field Code: transform.celsius can't give its value"},
		"no decimal":  {everything{Huge: sql.NullString{String: "secret", Valid: true}}, "Everything.huge: field Huge: not a decimal number"},
		"not UTF-8":   {everything{Base: &Base{Region: "\xff"}}, "Everything.region: field Base.Region: not valid UTF-8"},
		"zero and 1.": {everything{Wall: &textTime{"secret"}}, "Everything.wall: field Wall: not a date as MySQL writes it"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := b.Record(&c.in)
			require.Error(t, err)
			require.True(t, strings.HasPrefix(err.Error(), c.want), err.Error())
			require.NotContains(t, err.Error(), "secret")
			var v *ValueError
			require.ErrorAs(t, err, &v)
		})
	}
	var out everything
	require.EqualError(t, b.Into(load(t, "users.json").NewRecord(), &out), "Everything: the record is of another entity")
	r := e.NewRecord()
	require.EqualError(t, b.Into(r, &out), "Everything.region: field Base.Region: the column is NULL, which a string can't be; use a pointer or a sql.Null type")
	require.NoError(t, r.Set("region", TextValue("eu")))
	require.NoError(t, r.Set("number", IntValue(1)))
	require.NoError(t, r.Set("small", IntValue(128)))
	require.EqualError(t, b.Into(r, &out), "Everything.small: field Small: the value does not fit int8")
	require.NoError(t, r.Set("small", IntValue(1)))
	require.NoError(t, r.Set("code", TextValue("secret")))
	require.EqualError(t, b.Into(r, &out), "Everything.code: field Code: transform.celsius does not take the column's value")
}

// JSON in a struct, in a pointer to one, and where the column can't be NULL.
func TestBindingOfDocuments(t *testing.T) {
	json1 := Column{Name: "a", SQLType: "json", Kind: JSON, Nullable: true}
	json2 := Column{Name: "b", SQLType: "json", Kind: JSON}
	json3 := Column{Name: "c", SQLType: "json", Kind: JSON}
	e := &Entity{Name: "E", Table: &Table{}, Columns: []Column{json1, json2, json3}}
	e.prepare()
	type docs struct {
		A *profile
		B profile
		C any
	}
	b, err := Bind[docs](e)
	require.NoError(t, err)
	r, err := b.Record(&docs{B: profile{Bio: "é<"}})
	require.NoError(t, err)
	require.True(t, r.At(0).IsNull())
	require.Equal(t, `{"bio":"é<"}`, r.At(1).Text())
	require.Equal(t, "null", r.At(2).Text(), "nil is JSON's null where NULL can't be")
	require.NoError(t, r.Fit())

	v, err := JSONValue([]byte(`{"bio":"x","tags":[12345678901234567890123]}`))
	require.NoError(t, err)
	r.SetAt(0, v)
	r.SetAt(2, v)
	out := docs{B: profile{Tags: []any{1}}}
	require.NoError(t, b.Into(r, &out))
	require.Equal(t, &profile{"x", []any{json.Number("12345678901234567890123")}}, out.A)
	require.Equal(t, profile{Bio: "é<"}, out.B, "what was there before is gone")
	again, err := b.Record(&out)
	require.NoError(t, err)
	require.True(t, again.Equal(r), "numbers within an any stay exact")

	r.SetAt(1, Value{})
	require.ErrorContains(t, b.Into(r, &out), "NULL, which a transform.profile can't be")
	v, err = JSONValue([]byte(`{"bio":1}`))
	require.NoError(t, err)
	r.SetAt(1, v)
	require.EqualError(t, b.Into(r, &out), "E.b: field B: encoding/json can't decode the document into transform.profile")
}

// Dates and times in fields that hold text have MySQL's form, as without
// parseTime.
func TestBindingOfTimesAsText(t *testing.T) {
	e := keyEntity(keyTimestamp, keyDate)
	type times struct {
		At  sql.NullString
		Day sql.Null[string]
	}
	b, err := Bind[times](e)
	require.NoError(t, err)
	in := times{sql.NullString{String: "2024-01-02 03:04:05.600", Valid: true}, sql.Null[string]{V: "2024-01-02", Valid: true}}
	r, err := b.Record(&in)
	require.NoError(t, err)
	require.Equal(t, "2024-01-02T03:04:05.600Z", r.At(0).Text())
	var out times
	require.NoError(t, b.Into(r, &out))
	require.Equal(t, in, out)

	type bytes struct{ At, Day []byte }
	bb, err := Bind[bytes](e)
	require.NoError(t, err)
	var raw bytes
	require.NoError(t, bb.Into(r, &raw))
	require.Equal(t, bytes{[]byte("2024-01-02 03:04:05.600"), []byte("2024-01-02")}, raw)
	again, err := bb.Record(&raw)
	require.NoError(t, err)
	require.True(t, again.Equal(r))
}

// Fields that can't say NULL, and numbers as other Go types.
func TestBindingOfPlainTypes(t *testing.T) {
	whole := Column{Name: "w", SQLType: "decimal", Kind: Decimal, Precision: 20, Nullable: true}
	truth := Column{Name: "b", SQLType: "tinyint", Kind: Bool, Nullable: true}
	count := Column{Name: "n", SQLType: "bigint", Kind: Int, Nullable: true}
	price := Column{Name: "p", SQLType: "decimal", Kind: Decimal, Precision: 6, Scale: 2, Nullable: true}
	e := &Entity{Name: "E", Table: &Table{}, Columns: []Column{whole, truth, count, price}}
	e.prepare()
	type plain struct {
		W uint64
		B int
		N bool
		P float32 `db:"p,float"`
	}
	b, err := Bind[plain](e)
	require.NoError(t, err)
	in := plain{1<<64 - 1, 1, true, 0.1}
	r, err := b.Record(&in)
	require.NoError(t, err)
	require.Equal(t, []string{"18446744073709551615", "true", "1", "0.10"}, []string{r.At(0).Text(), r.At(1).Text(), r.At(2).Text(), r.At(3).Text()})
	var out plain
	require.NoError(t, b.Into(r, &out))
	require.Equal(t, in, out)
	for i, want := range []string{
		"E.w: field W: the column is NULL, which a uint64 can't be; use a pointer or a sql.Null type",
		"E.b: field B: the column is NULL, which a int can't be; use a pointer or a sql.Null type",
		"E.n: field N: the column is NULL, which a bool can't be; use a pointer or a sql.Null type",
		"E.p: field P: the column is NULL, which a float32 can't be; use a pointer or a sql.Null type",
	} {
		null := r.Clone()
		null.SetAt(i, Value{})
		require.EqualError(t, b.Into(null, &out), want)
	}
	two := r.Clone()
	two.SetAt(2, IntValue(2))
	require.EqualError(t, b.Into(two, &out), "E.n: field N: the value is neither 0 nor 1")
	_, err = b.Record(&plain{B: 2})
	require.EqualError(t, err, "E.b: field B: neither 0 nor 1, and the contract says BOOL")
}

// TestSetColumn: one field is given a value, and the others keep theirs.
func TestSetColumn(t *testing.T) {
	e := keyEntity(keyInt, keyText)
	type Named struct {
		ID   int8   `db:"id"`
		Name string `db:"name"`
	}
	b, err := Bind[Named](e)
	require.NoError(t, err)
	v := Named{Name: "alice"}
	require.NoError(t, b.SetColumn(&v, 0, IntValue(7)))
	require.Equal(t, Named{7, "alice"}, v)
	var fault *ValueError
	require.ErrorAs(t, b.SetColumn(&v, 0, IntValue(128)), &fault)
	require.Equal(t, "id", fault.Column)
	require.NotContains(t, fault.Error(), "128")
}
