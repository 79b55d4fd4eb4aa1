package mysqlstore_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// shipment returns a shipment with stops and pieces, JSON objects.
func (d *deliveries) shipment(id int64, stops, pieces string) transform.Record {
	d.Helper()
	rec := d.c.Entity("Shipments").NewRecord()
	require.NoError(d, rec.Set("shipment_id", transform.IntValue(id)))
	for column, text := range map[string]string{"stops": stops, "pieces": pieces} {
		list, err := transform.JSONValue([]byte("[" + text + "]"))
		require.NoError(d, err)
		require.NoError(d, rec.Set(column, list))
	}
	require.NoError(d, rec.Entity().Settle(rec))
	return rec
}

// everyStop has stops with values that a server might make others of, where several
// rows are inserted by one statement: it finds one type for all of them.
const everyStop = `{"number":1},` +
	`{"number":2,"place":"","fee":0,"distance":0,"urgent":0,"options":null},` +
	`{"number":3,"place":"null","fee":99999999.99,"distance":0.1,"reached":"2024-03-31T01:30:00.000Z","due":"2024-02-29","state":"open","urgent":1,"options":{"a":[1,{"b":null}]}},` +
	`{"number":4,"place":"\"\\,😀","fee":-0.1,"distance":1e+100,"reached":"2038-01-19T03:14:07.999Z","due":"9999-12-31","state":"done","options":"text"},` +
	`{"number":2147483647,"fee":1234567890123456.7891,"distance":-1.5e-30,"reached":"1970-01-01T00:00:01.001Z","options":[0.10,-7]}`

// TestOwnRowsStepTheirRecordOnce: whatever the library writes of a record's rows gives
// the record one version, and the rows are stored as they are given, in both protocols
// of the driver.
func TestOwnRowsStepTheirRecordOnce(t *testing.T) {
	for _, params := range []string{"interpolateParams=false", "interpolateParams=true"} {
		t.Run(params, func(t *testing.T) {
			d := newDeliveries(t, params)
			reverse := `{"number":9,"options":[1]},{"number":8,"distance":5e-324,"fee":0.0001},{"number":7,"place":"` + strings.Repeat("x", 64) + `"}`
			version := store.Floor(d.at.Epoch)
			step := func(m store.Mutation) {
				t.Helper()
				w := d.write(m)
				version++
				require.Equal(t, version, w.Rows[0].Version)
				require.Equal(t, version, d.version("Shipments", 1))
				require.Equal(t, []string{"Shipments 1"}, d.dirty())
				row, err := d.Get(d.ctx, store.At{Captured: true}, m.Key)
				require.NoError(t, err)
				require.Equal(t, w.Rows[0].Live, row.Live)
				if row.Live {
					require.True(t, w.Rows[0].Record.Equal(row.Record), "%v\n%v", w.Rows[0].Record, row.Record)
				}
			}
			key := d.key("Shipments", 1)
			put := func(op store.Op, stops, pieces string) {
				t.Helper()
				step(store.Mutation{Op: op, Key: key, Record: d.shipment(1, stops, pieces)})
			}
			set := func(stops, pieces string) {
				t.Helper()
				step(store.Mutation{Op: store.Update, Key: key, Modify: func(rec transform.Record) error {
					now := d.shipment(1, stops, pieces)
					for _, ch := range rec.Entity().Children() {
						rec.SetAt(ch.List, now.At(ch.List))
					}
					return nil
				}})
			}
			put(store.Create, everyStop, `{"content":"a"},{"content":"b"}`)
			set(reverse, `{"content":"c"}`)                   // all of it taken out, and put in
			set(`{"number":8},`+everyStop, `{},{}`)           // one changed
			set(everyStop, "")                                // one taken out
			put(store.Put, reverse+","+everyStop, `{},{},{}`) // more
			put(store.Put, "", "")                            // none
			put(store.Put, everyStop, `{"content":"d"}`)      // again
			step(store.Mutation{Op: store.Delete, Key: key})  // the rows go before
			put(store.Put, everyStop+","+reverse, "")         // as a new record
			require.Equal(t, []int{1, 8, 0}, d.rows("shipments", "shipment_stops", "shipment_pieces"))
		})
	}
}

// TestOwnMarkOfRowsDoesNotStay: after the library has written rows on a connection,
// the service's own statements on it are recorded.
func TestOwnMarkOfRowsDoesNotStay(t *testing.T) {
	d := newDeliveries(t, "")
	pool := openDB(t, d.dsn)
	pool.SetMaxOpenConns(1)
	d.Store = (&fixture{t: t, c: d.c}).storeOn(pool)
	_, err := d.Phase(d.ctx) // learns of the triggers
	require.NoError(t, err)
	for i, stops := range []string{everyStop, "", `{"number":1},{"number":2}`} {
		d.write(store.Mutation{Op: store.Put, Key: d.key("Shipments", 1), Record: d.shipment(1, stops, "{}")})
		for _, statement := range []string{
			"INSERT INTO shipment_stops (shipment_id, number) VALUES (1, 100)", "UPDATE shipment_stops SET number = 101 WHERE number = 100",
			"DELETE FROM shipment_stops WHERE number = 101", "UPDATE shipment_pieces SET content = CONCAT(COALESCE(content, ''), 'x')",
			fmt.Sprintf("UPDATE shipments SET note = '%d'", i),
		} {
			before := d.version("Shipments", 1)
			pool.MustExec(statement)
			require.Equal(t, before+1, d.version("Shipments", 1), statement)
		}
	}
}
