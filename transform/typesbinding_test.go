package transform

import (
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"math"
	"math/big"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// amount is a decimal as decimal libraries have them: known to database/sql.
type amount struct{ text string }

func (a *amount) Scan(src any) error {
	b, ok := src.([]byte)
	if !ok {
		return fmt.Errorf("amount from %T", src)
	}
	a.text = string(b)
	return nil
}
func (a amount) Value() (driver.Value, error) { return a.text, nil }

// textAmount is a decimal that knows only of text.
type textAmount struct{ text string }

func (a *textAmount) UnmarshalText(b []byte) error { a.text = string(b); return nil }
func (a textAmount) MarshalText() ([]byte, error) {
	if a.text == "" {
		return nil, errors.New("secret")
	}
	return []byte(a.text), nil
}

// bitBool is a BIT(1) as services have them that take the driver's bytes.
type bitBool bool

func (b *bitBool) Scan(src any) error {
	v, ok := src.([]byte)
	if !ok {
		return errors.New("not bytes")
	}
	*b = v[0] == 1
	return nil
}
func (b bitBool) Value() (driver.Value, error) {
	if b {
		return []byte{1}, nil
	}
	return []byte{0}, nil
}

type kinds struct {
	ID      int             `db:"id"`
	Weight  float32         `db:"weight"`
	Ratio   float64         `db:"ratio"`
	Length  sql.NullFloat64 `db:"length"`
	Fee     *float64        `db:"fee"`
	Far     string          `db:"far"`
	Active  bool            `db:"active"`
	Lit     bitBool         `db:"lit"`
	Mask    uint16          `db:"mask"`
	Wide    uint64          `db:"wide"`
	Raw     []byte          `db:"raw"`
	Opens   time.Duration   `db:"opens"`
	Took    string          `db:"took"`
	Year    int16           `db:"year"`
	State   string          `db:"state"`
	Mode    sql.NullString  `db:"mode"`
	Perks   *string         `db:"perks"`
	Needs   string          `db:"needs"`
	Marks   []byte          `db:"marks"`
	Tags    sql.NullString  `db:"tags"`
	Born    *time.Time      `db:"born"`
	Seen    sql.NullTime    `db:"seen"`
	Made    string          `db:"made"`
	Changed []byte          `db:"changed"`
	Exact   amount          `db:"exact"`
	Price   *textAmount     `db:"price"`
	Hash    []byte          `db:"hash"`
	Token   []byte          `db:"token"`
	Note    *string         `db:"note"`
}

// TestBindingOfTypes: Go values become what MySQL would store, and come back.
func TestBindingOfTypes(t *testing.T) {
	e := load(t, "types.json")
	b, err := Bind[kinds](e)
	require.NoError(t, err)
	fee, perks := 1.005, "Pool,wifi"
	full := kinds{ID: 1, Weight: 16777216, Ratio: 0.1, Length: sql.NullFloat64{Float64: 0.3, Valid: true}, Fee: &fee, Far: "1e10",
		Active: true, Lit: true, Mask: 257, Wide: math.MaxUint64, Raw: []byte{0x0a, 0xbc}, Opens: -8*time.Hour - time.Second, Took: "9:30:00.5",
		Year: 2024, State: "it's", Mode: sql.NullString{Valid: true}, Perks: &perks, Needs: "c,a", Marks: []byte("b"), Made: "2024-00-00",
		Changed: []byte("2024-03-10 09:30:00"), Exact: amount{"-1.5"}, Price: &textAmount{"12.345"}, Hash: []byte("a"), Token: []byte{}}
	full.Took = "09:30:00.5"
	r, err := b.Record(&full)
	require.NoError(t, err)
	for column, want := range map[string]string{
		"weight": "16777216", "ratio": "0.1", "length": "0.3", "fee": "1", "far": "10000000000", "active": "true", "lit": "true", "mask": "257",
		"wide": "18446744073709551615", "raw": "2748", "opens": "-008:00:01", "took": "009:30:00.500", "year": "2024", "state": "it's", "mode": "",
		"perks": "wifi,Pool", "needs": "a,c", "marks": "b", "made": "2024-00-00", "changed": "2024-03-10T09:30:00.000Z",
		"exact": "-1.500000000000000000000000000000", "price": "12.35", "hash": "a\x00\x00\x00", "token": "",
	} {
		v, _ := r.Get(column)
		require.False(t, v.IsNull(), column)
		require.Equal(t, want, v.Text(), column)
	}
	var back kinds
	require.NoError(t, b.Into(r, &back))
	one := 1.0
	wifi := "wifi,Pool"
	full.Fee, full.Perks, full.Needs, full.Far = &one, &wifi, "a,c", "10000000000"
	full.Took, full.Changed, full.Hash = "09:30:00.500", []byte("2024-03-10 09:30:00.000"), []byte("a\x00\x00\x00")
	full.Exact, full.Price = amount{"-1.500000000000000000000000000000"}, &textAmount{"12.35"}
	require.Equal(t, full, back)
	again, err := b.Record(&back)
	require.NoError(t, err)
	require.True(t, again.Equal(r), "%v", again.Diff(r))
}

// What a field can't hold, or a column, without the value in the error.
func TestBindingOfTypesFails(t *testing.T) {
	e := load(t, "types.json")
	at := func(name string) Column { return e.Columns[e.ColumnIndex(name)] }
	for _, c := range []struct {
		column string
		arg    any
		want   string
	}{
		{"ratio", math.NaN(), reasonFloatRange}, {"ratio", math.Inf(-1), reasonFloatRange}, {"weight", 1e39, reasonFloatRange},
		{"took", 839 * time.Hour, reasonTimeRange}, {"took", 5, "takes a time.Duration, not integer"}, {"ratio", true, "takes a float64, not bool"},
		{"raw", []byte{0xff, 0xff}, "out of the range of bit(12)"}, {"raw", make([]byte, 9), ""}, {"raw", []byte{1, 0, 0, 0, 0, 0, 0, 0, 0}, "out of the range of bit(12)"},
		{"mask", "1", "takes an integer, not string"}, {"price", 1.5, "takes a decimal as a string, not float64"},
		{"mask", time.Second, ""},
	} {
		_, err := at(c.column).Value(c.arg)
		if c.want == "" {
			require.NoError(t, err)
			continue
		}
		require.EqualError(t, err, c.column+": "+c.want)
	}
	type narrow struct {
		Ratio float32 `db:"ratio"`
		Took  int64   `db:"took"`
		Year  string  `db:"year"`
	}
	_, err := Bind[narrow](e)
	require.ErrorContains(t, err, "field Ratio: column ratio is a double, which a float32 can't hold exactly; use a float64")
	require.ErrorContains(t, err, "field Took: column took takes a time.Duration, not int64")
	require.ErrorContains(t, err, "field Year: column year takes an integer, not string")

	type made struct {
		kinds
		Made  time.Time `db:"made"`
		Ratio float64   `db:"ratio"`
		Price big.Int   `db:"price"`
	}
	b, err := Bind[made](e)
	require.NoError(t, err)
	_, err = b.Record(&made{kinds: kinds{State: "new"}})
	require.Error(t, err)
	r := kindsRecord(t, e, "made", "2024-00-00")
	require.ErrorContains(t, b.SetColumn(&made{}, e.ColumnIndex("made"), r.At(e.ColumnIndex("made"))), "a zero or partial date, which a time.Time can't be")
	err = b.SetColumn(&made{}, e.ColumnIndex("price"), Value{kind: Decimal, text: "12.50"})
	require.ErrorContains(t, err, "big.Int does not take the column's value")
	require.NotContains(t, err.Error(), "12")
}

func TestFloatOfValue(t *testing.T) {
	f, ok := Value{kind: Float, text: "1.5e-100"}.Float()
	require.True(t, ok)
	require.Equal(t, 1.5e-100, f)
	_, ok = TextValue("1").Float()
	require.False(t, ok)
}
