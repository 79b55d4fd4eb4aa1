package transform_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/transform"
)

// benchUser is bound to the columns by db and marshalled by dynamodbav: both
// sides make the same item of it.
type benchUser struct {
	ID           int64          `db:"user_id" dynamodbav:"userId"`
	Username     string         `db:"username" dynamodbav:"username"`
	Email        string         `db:"email" dynamodbav:"email"`
	Registration string         `db:"registration_date" dynamodbav:"registrationDate"`
	LastLogin    time.Time      `db:"last_login" dynamodbav:"lastLogin"`
	Profile      map[string]any `db:"profile_data" dynamodbav:"profileData"`
}

var benchValue = benchUser{
	ID: 101101, Username: "alice", Email: "alice@example.com", Registration: "2023-01-15",
	LastLogin: time.Date(2024, 3, 10, 9, 30, 0, 0, time.UTC),
	Profile:   map[string]any{"bio": "Loves dogs", "level": 7, "tags": []any{"a", "b"}},
}

func benchRecord(b testing.TB) (*transform.Entity, *transform.Binding[benchUser], transform.Record) {
	text, err := os.ReadFile("testdata/users.json")
	require.NoError(b, err)
	// As a sort key it would have milliseconds, which MarshalMap does not write.
	c, err := transform.Load([]byte(strings.Replace(string(text), `, "sk": "lastLogin"`, "", 1)))
	require.NoError(b, err)
	binding, err := transform.Bind[benchUser](c.Entities[0])
	require.NoError(b, err)
	r, err := binding.Record(&benchValue)
	require.NoError(b, err)
	return c.Entities[0], binding, r
}

// The item of the record is the item that MarshalMap makes of the same struct:
// the comparison is fair.
func TestBenchmarkComparesTheSame(t *testing.T) {
	e, _, r := benchRecord(t)
	ours, err := e.Item(r)
	require.NoError(t, err)
	theirs, err := attributevalue.MarshalMap(&benchValue)
	require.NoError(t, err)
	require.Equal(t, theirs, ours)
}

// record → item against MarshalMap of the same struct; the goal is a third of
// the time and of the allocations.
func BenchmarkItem(b *testing.B) {
	e, binding, r := benchRecord(b)
	var item map[string]types.AttributeValue
	b.Run("record", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			item, _ = e.Item(r)
		}
	})
	b.Run("MarshalMap", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			item, _ = attributevalue.MarshalMap(&benchValue)
		}
	})
	b.Run("struct", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			r, err := binding.Record(&benchValue)
			if err != nil {
				b.Fatal(err)
			}
			item, _ = e.Item(r)
		}
	})
	_ = item
}

// benchProduct has the fifteen attributes that the goal is set for.
type benchProduct struct {
	ID          int64                 `db:"id" dynamodbav:"productId"`
	SKU         string                `db:"sku" dynamodbav:"sku"`
	Name        string                `db:"name" dynamodbav:"name"`
	Description string                `db:"description" dynamodbav:"description"`
	Price       attributevalue.Number `db:"price" dynamodbav:"price"`
	Stock       int                   `db:"stock" dynamodbav:"stock"`
	Reserved    uint32                `db:"reserved" dynamodbav:"reserved"`
	Weight      float64               `db:"weight" dynamodbav:"weight"`
	Active      bool                  `db:"active" dynamodbav:"active"`
	CategoryID  int                   `db:"category_id" dynamodbav:"categoryId"`
	Brand       string                `db:"brand" dynamodbav:"brand"`
	State       string                `db:"state" dynamodbav:"state"`
	CreatedAt   time.Time             `db:"created_at" dynamodbav:"createdAt"`
	UpdatedAt   time.Time             `db:"updated_at" dynamodbav:"updatedAt"`
	Details     map[string]any        `db:"details" dynamodbav:"details"`
}

var benchGoods = benchProduct{
	ID: 4711, SKU: "LAMP-0042-BLK", Name: "Desk lamp", Description: "A lamp for the desk, with a switch that can be found in the dark.",
	Price: "1299.95", Stock: 17, Reserved: 3, Weight: 1.25, Active: true, CategoryID: 12, Brand: "Lumen", State: "live",
	CreatedAt: time.Date(2024, 3, 10, 9, 30, 0, 0, time.UTC), UpdatedAt: time.Date(2025, 8, 14, 21, 16, 7, 0, time.UTC),
	Details: map[string]any{"colour": "black", "watts": 9, "tags": []any{"desk", "led"}},
}

func benchProductRecord(b testing.TB) (*transform.Entity, transform.Record) {
	c, err := transform.LoadFile("testdata/products.json")
	require.NoError(b, err)
	binding, err := transform.Bind[benchProduct](c.Entities[0])
	require.NoError(b, err)
	r, err := binding.Record(&benchGoods)
	require.NoError(b, err)
	return c.Entities[0], r
}

func TestBenchmarkOfFifteenComparesTheSame(t *testing.T) {
	e, r := benchProductRecord(t)
	require.Len(t, e.Attributes, 15)
	ours, err := e.Item(r)
	require.NoError(t, err)
	theirs, err := attributevalue.MarshalMap(&benchGoods)
	require.NoError(t, err)
	require.Equal(t, theirs, ours)
	allocations := func(f func()) float64 { return testing.AllocsPerRun(100, f) }
	a := allocations(func() { _, _ = e.Item(r) })
	b := allocations(func() { _, _ = attributevalue.MarshalMap(&benchGoods) })
	require.LessOrEqual(t, 3*a, b, "a third of the allocations")
}

// BenchmarkItemOf15 is a record of 15 attributes → item against MarshalMap of the
// same struct. The goal is a third of the time and of the allocations; the test
// above holds the latter.
func BenchmarkItemOf15(b *testing.B) {
	e, r := benchProductRecord(b)
	var item map[string]types.AttributeValue
	b.Run("record", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			item, _ = e.Item(r)
		}
	})
	b.Run("MarshalMap", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			item, _ = attributevalue.MarshalMap(&benchGoods)
		}
	})
	_ = item
}

func BenchmarkRecord(b *testing.B) {
	e, binding, r := benchRecord(b)
	item, err := e.Item(r)
	require.NoError(b, err)
	var u benchUser
	b.Run("item", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			r, _ = e.Record(item)
		}
	})
	b.Run("into", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_ = binding.Into(r, &u)
		}
	})
	b.Run("UnmarshalMap", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_ = attributevalue.UnmarshalMap(item, &u)
		}
	})
}

func BenchmarkKeyOf(b *testing.B) {
	e, _, _ := benchRecord(b)
	b.ReportAllocs()
	for b.Loop() {
		_, _ = e.KeyOf(101101)
	}
}
