package transform

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Every fault of a binding is found at once, each by its name.
func TestBindReportsEveryFault(t *testing.T) {
	type inner struct {
		Code  string `db:"code"`
		Small string `db:"small"` // the outer one wins
	}
	type wrong struct {
		inner
		Region  int       `db:"region"`
		Number  string    `db:"number"`
		Small   int       `db:"small"`
		Flag    float64   `db:"flag"`
		Medium  time.Time `db:"medium"`
		Price   float64   `db:"price"`
		Huge    int       `db:"huge"`
		Body    []int     `db:"body"`
		Digest  *bool     `db:"digest"`
		Day     int64     `db:"day"`
		Moments time.Time `db:"moments"`
		Doc     float64   `db:"doc"`
		Code1   string    `db:"wall"`
		Code2   string    `db:"wall"`
		tags    string    `db:"tags"`
	}
	_, err := Bind[wrong](load(t, "everything.json"))
	var bind *BindError
	require.ErrorAs(t, err, &bind)
	require.Equal(t, []string{
		"fields Code1 and Code2 are both for column wall",
		"field tags has a db tag and is not exported",
		"field Region: column region takes a string, not int",
		"field Number: column number takes an integer, not string",
		"field Flag: column flag takes a bool, not float64",
		"field Medium: column medium takes an integer, not time.Time",
		"field Price: column price is a decimal, which a float64 can't hold exactly; use a string, or say ,float in the tag",
		"field Huge: column huge takes a decimal as a string, not int",
		"field Body: column body takes a string, not []int",
		"field Digest: column digest takes a []byte, not bool",
		"field Day: column day takes a time.Time, not int64",
		`field Moments: table everything has no column "moments"; did you mean "moment"?`,
		"field Doc: column doc takes a JSON document, not float64",
		"column blob has no field; add one with the tag `db:\"blob\"`",
		"column moment has no field; add one with the tag `db:\"moment\"`",
		"column tags has no field; add one with the tag `db:\"tags\"`",
	}, bind.Faults)
	_, err = Bind[int](load(t, "users.json"))
	require.EqualError(t, err, "type int can't be bound to entity Users:\n  it is no struct")
	_ = wrong{tags: ""}.tags
}

// Embedded structs are searched as sqlx searches them, also those that embed
// themselves.
func TestBindEmbedded(t *testing.T) {
	type Node struct {
		*user `db:"ignored"`
		Next  *struct{ ID int }
		ID    int16 `db:"user_id"`
	}
	e := load(t, "users.json")
	type outer struct {
		Node
		user
	}
	b, err := Bind[outer](e)
	require.Error(t, err, "both embedded structs have user_id, at one depth")
	require.Nil(t, b)

	type narrow struct {
		user
		ID uint8 `db:"user_id"`
	}
	n, err := Bind[narrow](e)
	require.NoError(t, err)
	r, err := n.Record(&narrow{ID: 7})
	require.NoError(t, err)
	require.Equal(t, IntValue(7), r.At(0))
	require.ErrorContains(t, n.Into(userRecord(t, e, "256", "NULL", "NULL", "NULL", "NULL", "NULL"), &narrow{}), "field ID: the value does not fit uint8")

	type Self struct {
		*Self
		ID int `db:"user_id"`
	}
	_, err = Bind[Self](e)
	require.Error(t, err)
}
