package dynamostore_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/stretchr/testify/require"

	"github.com/crossfade-go/crossfade/dal"
	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/dynamostore"
	"github.com/crossfade-go/crossfade/dynamostore/dynamotest"
	"github.com/crossfade-go/crossfade/migrationctl"
	"github.com/crossfade-go/crossfade/transform"
)

// unsettle takes settings of tables away, for tables apply to mend.
func (w *walk) unsettle() {
	client, table := w.aside(), aws.String(w.prefix+"Settings")
	about, err := client.DescribeTable(w.ctx, &dynamodb.DescribeTableInput{TableName: table})
	require.NoError(w, err)
	_, err = client.UntagResource(w.ctx, &dynamodb.UntagResourceInput{ResourceArn: about.Table.TableArn, TagKeys: []string{"team"}})
	require.NoError(w, err)
	_, err = client.UpdateContinuousBackups(w.ctx, &dynamodb.UpdateContinuousBackupsInput{TableName: table,
		PointInTimeRecoverySpecification: &types.PointInTimeRecoverySpecification{PointInTimeRecoveryEnabled: aws.Bool(false)}})
	require.NoError(w, err)
	_, err = client.UpdateTable(w.ctx, &dynamodb.UpdateTableInput{TableName: table, DeletionProtectionEnabled: aws.Bool(false)})
	require.NoError(w, err)
	for _, name := range []string{"Settings", dynamostore.LibraryTable} {
		w.endTTL(client, aws.String(w.prefix+name))
	}
	for table, index := range map[string]string{"Accounts": "NameIndex", "Notes": "ByOwner", "Seats": "ByPlace"} {
		_, err = client.UpdateTable(w.ctx, &dynamodb.UpdateTableInput{TableName: aws.String(w.prefix + table),
			GlobalSecondaryIndexUpdates: []types.GlobalSecondaryIndexUpdate{{Delete: &types.DeleteGlobalSecondaryIndexAction{IndexName: aws.String(index)}}}})
		require.NoError(w, err)
	}
}

// endTTL switches time to live off, if it is on.
func (w *walk) endTTL(client *dynamodb.Client, table *string) {
	now, err := client.DescribeTimeToLive(w.ctx, &dynamodb.DescribeTimeToLiveInput{TableName: table})
	require.NoError(w, err)
	if now.TimeToLiveDescription.TimeToLiveStatus == types.TimeToLiveStatusDisabled {
		return
	}
	_, err = client.UpdateTimeToLive(w.ctx, &dynamodb.UpdateTimeToLiveInput{TableName: table,
		TimeToLiveSpecification: &types.TimeToLiveSpecification{AttributeName: now.TimeToLiveDescription.AttributeName, Enabled: aws.Bool(false)}})
	require.NoError(w, err)
}

// crowd has somebody delete a note that is the guest of more seats than a transaction
// takes along, and go away before all of them know.
func (w *walk) crowd() {
	if !w.phase.DynamoDBLeads() {
		return
	}
	w.crowds++
	code := fmt.Sprint("crowd", w.crowds)
	require.NoError(w, w.notes.Create(w.ctx, &note{Code: code, Owner: "ann"}))
	for n := range int64(101) {
		require.NoError(w, w.seats.Create(w.ctx, &seat{ID: 10_000*int64(w.crowds) + n, Row: code, Place: n, Guest: &code}))
	}
	ctx, cancel := context.WithCancel(w.ctx)
	defer cancel()
	s, err := dynamostore.New(&quits{Client: w.aside(), cancel: cancel}, w.contract, &dynamostore.Options{TablePrefix: w.prefix})
	require.NoError(w, err)
	now := w.ctl.Router().Snapshot()
	_, err = s.Write(ctx, store.At{Epoch: now.Epoch, Captured: now.Capture, Lease: now.Lease},
		store.Write{Mutations: []store.Mutation{{Op: store.Delete, Key: w.key("Notes", code)}}})
	require.ErrorIs(w, err, store.ErrPending)
}

// lose takes the last records of each table out of a follower around the library:
// what verify finds and repairs.
func (w *walk) lose() {
	name := &types.AttributeValueMemberS{Value: fmt.Sprint("name", w.serial)}
	for table, key := range map[string]map[string]types.AttributeValue{
		"Accounts": {"id": &types.AttributeValueMemberN{Value: fmt.Sprint(w.kept)}},
		"Notes":    {"code": name}, "Settings": {"name": name},
	} {
		_, err := w.aside().DeleteItem(w.ctx, &dynamodb.DeleteItemInput{TableName: aws.String(w.prefix + table), Key: key})
		require.NoError(w, err)
	}
}

// confuse takes the guard of the last account away, and the edge of the last seat, and
// leaves a guard of an account that is not there.
func (w *walk) confuse() {
	client, table := w.aside(), aws.String(w.prefix+dynamostore.LibraryTable)
	all, err := client.Scan(w.ctx, &dynamodb.ScanInput{TableName: table})
	require.NoError(w, err)
	for _, it := range all.Items {
		p := it["p"].(*types.AttributeValueMemberS)
		key, _ := it["_cf_k"].(*types.AttributeValueMemberS)
		guard := strings.Contains(p.Value, "#unique#Accounts#") && key.Value == fmt.Sprint(w.kept)
		if guard || strings.Contains(p.Value, "#edge#Notes#Seats#") && key.Value == fmt.Sprint(w.seat) {
			_, err := client.DeleteItem(w.ctx, &dynamodb.DeleteItemInput{TableName: table, Key: map[string]types.AttributeValue{"p": p, "s": it["s"]}})
			require.NoError(w, err)
		}
		if guard {
			it["p"], it["_cf_k"] = &types.AttributeValueMemberS{Value: p.Value + "none"}, &types.AttributeValueMemberS{Value: "123456"}
			_, err := client.PutItem(w.ctx, &dynamodb.PutItemInput{TableName: table, Item: it})
			require.NoError(w, err)
		}
	}
	w.named(fmt.Sprint("name", w.serial, "?"), w.kept)
	w.named(fmt.Sprint("name", w.serial, "?none"))
	time.Sleep(time.Second) // in phase 3 both are compared
}

// leave leaves a guard that names the last account, and one that names the last seat, for
// values that neither has, as a contract of before may have done. The service needs the
// values for others.
func (w *walk) leave() {
	client, table := w.aside(), aws.String(w.prefix+dynamostore.LibraryTable)
	all, err := client.Scan(w.ctx, &dynamodb.ScanInput{TableName: table})
	require.NoError(w, err)
	left := 0
	for _, it := range all.Items {
		p := it["p"].(*types.AttributeValueMemberS)
		key, _ := it["_cf_k"].(*types.AttributeValueMemberS)
		account := strings.Contains(p.Value, "#unique#Accounts#") && key.Value == fmt.Sprint(w.kept)
		seat := strings.Contains(p.Value, "#unique#Seats#") && key.Value == fmt.Sprint(w.seat)
		if account || seat {
			left++
			it["p"] = &types.AttributeValueMemberS{Value: p.Value + "0"}
			_, err := client.PutItem(w.ctx, &dynamodb.PutItemInput{TableName: table, Item: it})
			require.NoError(w, err)
		}
	}
	require.Equal(w, 2, left)
	require.NoError(w, w.accounts.Create(w.ctx, &account{Name: fmt.Sprint("name", w.serial, "?0")}, dal.Follow(dal.Required)))
	require.NoError(w, w.seats.Create(w.ctx, &seat{ID: 5000 + w.seat, Row: "last", Place: 10 * w.seat}, dal.Follow(dal.Required)))
}

// mark puts the mark of a deleter on a note of a follower, if the note is there: the lead
// that it was put under is over, and whatever begins to refer to the note takes it away.
func (w *walk) mark(code string) {
	if w.phase.DynamoDBLeads() {
		return
	}
	_, err := w.aside().UpdateItem(w.ctx, &dynamodb.UpdateItemInput{TableName: aws.String(w.prefix + "Notes"),
		Key:              map[string]types.AttributeValue{"code": &types.AttributeValueMemberS{Value: code}},
		UpdateExpression: aws.String("SET #m = :m"), ConditionExpression: aws.String("attribute_exists(code)"),
		ExpressionAttributeNames:  map[string]string{"#m": "_cf_m"},
		ExpressionAttributeValues: map[string]types.AttributeValue{":m": &types.AttributeValueMemberS{Value: "late"}}})
	if !errors.As(err, new(*types.ConditionalCheckFailedException)) {
		require.NoError(w, err)
	}
}

// repairSeat mends a seat whose guest has a mark.
func (w *walk) repairSeat() {
	w.mark(fmt.Sprint("name", w.seat/2)) // see use
	require.NoError(w, w.operator.Repair(w.ctx, w.key("Seats", w.seat)))
}

// repair mends the last record of each table, and one of each that the store
// that leads does not have, as verify --repair does.
func (w *walk) repair() {
	name := fmt.Sprint("name", w.serial)
	w.loses("PutItem")
	require.NoError(w, w.operator.Repair(w.ctx, w.key("Accounts", w.kept), w.key("Notes", name), w.key("Settings", name), w.key("Seats", w.seat)))
	require.NoError(w, w.operator.Repair(w.ctx, w.key("Accounts", int64(900+w.serial)), w.key("Notes", "no"+name), w.key("Settings", "no"+name), w.key("Seats", int64(900+w.serial))))
}

func (w *walk) verify() {
	_, err := w.operator.Verify(w.ctx, migrationctl.VerifyOptions{})
	require.NoError(w, err)
}

func (w *walk) key(entity string, id any) transform.Key {
	key, err := w.contract.Entity(entity).KeyOf(id)
	require.NoError(w, err)
	return key
}

// alone has the operator do what the relays of a service do, that is not there:
// the process that made the last writes died before it brought them over.
func (w *walk) alone() {
	w.close()
	w.serial++
	name := fmt.Sprint("name", w.serial)
	w.loses("PutItem")
	if w.phase.DynamoDBLeads() {
		w.write(w.service, name)
	} else {
		w.write(w.mysql, name)
	}
	if w.phase == store.DynamoDBPrimary {
		w.letters()
	}
	_, err := w.operator.Drain(w.ctx, nil)
	w.allowed(err)
	w.open()
}

// letters leaves dead letters of records that can be brought over by now, for
// the relays to find.
func (w *walk) letters() {
	for _, key := range []transform.Key{
		w.key("Accounts", w.kept), w.key("Notes", fmt.Sprint("name", w.serial)), w.key("Settings", fmt.Sprint("name", w.serial)),
		w.key("Seats", w.seat), w.key("Seats", int64(998)), w.key("Accounts", int64(998)), w.key("Notes", "nobody"), w.key("Settings", "nobody"),
	} {
		require.NoError(w, w.service.SaveDeadLetter(w.ctx, key, 1, "was too long"))
	}
}

// write makes a write that nobody brings over.
func (w *walk) write(s store.Store, name string) {
	record, err := s.Phase(w.ctx)
	require.NoError(w, err)
	at := store.At{Epoch: record.Epoch, Captured: record.Capture, Lease: new(store.Lease)}
	at.Lease.Extend(record.Epoch, time.Now(), time.Hour)
	var all []store.Mutation
	for _, row := range []struct {
		entity string
		id     any
		values map[string]transform.Value
	}{
		{"Accounts", w.kept, map[string]transform.Value{"id": transform.UintValue(uint64(w.kept)), "name": transform.TextValue("other" + name)}},
		{"Seats", w.seat, map[string]transform.Value{
			"id": transform.IntValue(w.seat), "row_name": transform.TextValue(name), "place": transform.IntValue(1)}},
		{"Notes", name, map[string]transform.Value{"code": transform.TextValue(name), "owner": transform.TextValue(name)}},
		{"Settings", name, map[string]transform.Value{"name": transform.TextValue(name), "value": transform.TextValue(name)}},
	} {
		r := w.contract.Entity(row.entity).NewRecord()
		for column, v := range row.values {
			require.NoError(w, r.Set(column, v))
		}
		all = append(all, store.Mutation{Op: store.Put, Key: w.key(row.entity, row.id), Record: r})
	}
	_, err = s.Write(w.ctx, at, store.Write{Mutations: all})
	require.NoError(w, err)
}

// loses drops the replies of the next calls of an operation, once for each
// table: the call is made again, and meets what it did itself.
func (w *walk) loses(operation string) {
	for _, t := range w.contract.Tables {
		w.server.Fault(dynamotest.OnTable(w.prefix + t.Name).Operation(operation).Times(1).LoseReply())
	}
}

// live is what goes on in a phase.
func (w *walk) live() {
	w.close()
	w.open()
	w.loses("PutItem")
	w.use()
	w.operate()
	if w.phase == store.MySQLOnly {
		return
	}
	w.repairSeat()
	w.alone()
	w.repair()
	w.verify()
	w.use()
}
