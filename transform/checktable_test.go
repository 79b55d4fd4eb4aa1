package transform

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// kept returns a contract of one table of sessions with more properties, and with
// one more entity, of visits, that has attributes.
func kept(settings string, attributes ...string) []byte {
	return []byte(`[{"table": "Sessions", "type": "multi-entity", "source_table": "sessions", "pk": "PK", "sk": "SK",
		` + settings + ` "entities": [
		{"entity_type": "SESSION", "source_table": "sessions", "pk_template": "S#{id}", "sk_template": "#S",
		 "columns": [{"name": "id", "type": "bigint"}, {"name": "ends", "type": "bigint", "null": true},
		   {"name": "name", "type": "varchar", "length": 20, "collation": "utf8mb4_bin"}],
		 "primary_key": ["id"], "unique": [{"name": "name", "columns": ["name"]}],
		 "attributes": [{"name": "id", "type": "N", "source_column": "id"}, {"name": "ends", "type": "N", "source_column": "ends"},
		   {"name": "name", "type": "S", "source_column": "name"}]},
		{"entity_type": "VISIT", "source_table": "visits", "pk_template": "S#{id}", "sk_template": "#V",
		 "columns": [{"name": "id", "type": "bigint"}, {"name": "at", "type": "datetime"}],
		 "primary_key": ["id"],
		 "attributes": [{"name": "id", "type": "N", "source_column": "id"}, ` + strings.Join(attributes, ", ") + `]}]}]`)
}

const (
	visitAt   = `{"name": "at", "type": "S", "source_column": "at"}`
	visitEnds = `{"name": "ends", "type": "S", "source_column": "at"}`

	ttlDeletes = `warning /0/ttl: what the service deletes by ends leaves MySQL untouched, because such a deletion leaves no change record: ` +
		`in phases 2 to 4 the stores differ by it, and verify tells of it as of any difference; ` +
		`delete what has expired through the library, or say ttl once MySQL is left behind`
	ttlOfSome = `warning /0/ttl: items of VISIT never expire: they have no attribute ends`
	ttlUnique = `warning /0/ttl: the unique values of an item of SESSION that has expired stay taken: the guards that hold them do not expire; ` +
		`delete such records through the library`
	noKey = `; name a key by its ARN, arn:aws:kms:REGION:ACCOUNT:key/ID, or by its alias, alias/NAME`
)

// settingCases are what is said of how a table is kept.
var settingCases = []struct {
	name     string
	settings string
	want     []string
}{
	{"none", ``, nil},
	{"all", `"point_in_time_recovery": true, "deletion_protection": true, "encryption": "AWS_MANAGED", "tags": {"team": "shop"},`, nil},
	{"ttl", `"ttl": "ends",`, []string{ttlDeletes, ttlOfSome, ttlUnique}},
	{"ttl of no attribute", `"ttl": "end",`, []string{`error /0/ttl: there is no attribute "end"; did you mean "ends"?`}},
	{"ttl of a text", `"ttl": "at",`, []string{`error /0/ttl: attribute at is of type S in entity VISIT, and items expire by an N, the seconds since 1970; name an attribute of a column that holds them`}},
	{"ttl empty", `"ttl": "",`, []string{`error /0/ttl: is empty`}},
	{"ttl no text", `"ttl": true,`, []string{`error /0/ttl: is a boolean where a string belongs`}},
	{"recovery no truth", `"point_in_time_recovery": "yes",`, []string{`error /0/point_in_time_recovery: is a string where a boolean belongs`}},
	{"protection no truth", `"deletion_protection": 1,`, []string{`error /0/deletion_protection: is a number where a boolean belongs`}},
	{"encryption owned", `"encryption": "AWS_OWNED",`, nil},
	{"encryption by key", `"encryption": "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab",`, nil},
	{"encryption by key of many regions", `"encryption": "arn:aws-cn:kms:cn-north-1:123456789012:key/mrk-1234abcd12ab34cd56ef1234567890ab",`, nil},
	{"encryption by alias", `"encryption": "alias/shop/orders",`, nil},
	{"encryption by ARN of an alias", `"encryption": "arn:aws-us-gov:kms:us-gov-west-1:123456789012:alias/shop",`, nil},
	{"encryption empty", `"encryption": "",`, []string{`error /0/encryption: "" is neither AWS_OWNED nor AWS_MANAGED nor a key of KMS` + noKey}},
	{"encryption misspelt", `"encryption": "aws_owner",`, []string{`error /0/encryption: "aws_owner" is neither AWS_OWNED nor AWS_MANAGED nor a key of KMS; did you mean "AWS_OWNED"?`}},
	{"encryption by another service", `"encryption": "arn:aws:s3:eu-west-1:123456789012:key/1",`, []string{`error /0/encryption: "arn:aws:s3:eu-west-1:123456789012:key/1" is neither AWS_OWNED nor AWS_MANAGED nor a key of KMS` + noKey}},
	{"encryption by id alone", `"encryption": "1234abcd-12ab-34cd-56ef-1234567890ab",`, []string{`error /0/encryption: "1234abcd-12ab-34cd-56ef-1234567890ab" is neither AWS_OWNED nor AWS_MANAGED nor a key of KMS` + noKey}},
	{"encryption by the service's alias", `"encryption": "alias/aws/dynamodb",`, []string{`error /0/encryption: that is the key that the service manages, which it takes by no name; say AWS_MANAGED`}},
	{"tags of any letters", `"tags": {"kosten stelle": "Übersee 4/2", "a+b=c._:/-": "", "owner": "shop@example.com"},`, nil},
	{"tags that are none", `"tags": ["team"],`, []string{`error /0/tags: is an array where an object belongs`}},
	{"tag of no text", `"tags": {"n/o": 4, "m": null},`, []string{`error /0/tags/n~1o: is a number where a string belongs`, `error /0/tags/m: is null where a string belongs`}},
	{"tag twice", `"tags": {"a": "1", "a": "2"},`, []string{`error /0/tags/a: tag "a" appears twice; take one of them out`}},
	{"tag without a name", `"tags": {"": "1"},`, []string{`error /0/tags/: a tag's name has 1 to 128 characters, and this one 0`}},
	{"tag of AWS", `"tags": {"AWS:x": "1"},`, []string{`error /0/tags/AWS:x: "AWS:x" begins with aws:, which AWS keeps for itself; choose another name`}},
	{"tag of other characters", `"tags": {"a,b": "x", "c": "y;z"},`, []string{
		`error /0/tags/a,b: "a,b" can't be the name of a tag; use letters, digits, blanks, and + - = . _ : / @`,
		`error /0/tags/c: "y;z" can't be the value of a tag; use letters, digits, blanks, and + - = . _ : / @`}},
	{"long tags that fit", `"tags": {"` + strings.Repeat("ü", 128) + `": "` + strings.Repeat("ü", 256) + `"},`, nil},
	{"long name of a tag", `"tags": {"` + strings.Repeat("n", 129) + `": "v"},`, []string{`error /0/tags/` + strings.Repeat("n", 129) + `: a tag's name has 1 to 128 characters, and this one 129`}},
	{"long value of a tag", `"tags": {"n": "` + strings.Repeat("v", 257) + `"},`, []string{`error /0/tags/n: a tag's value has at most 256 characters, and this one 257`}},
	{"50 tags", `"tags": {` + manyTags(50) + `},`, nil},
	{"51 tags", `"tags": {` + manyTags(51) + `},`, []string{`error /0/tags: there are 51 tags, and a table has at most 50`}},
}

func manyTags(n int) string {
	tags := make([]string, n)
	for i := range tags {
		tags[i] = fmt.Sprintf(`"tag%d": "v"`, i)
	}
	return strings.Join(tags, ", ")
}

// TestSettingFindings: how a table is to be kept is checked before anything is
// created, and what TTL means for a migration is said.
func TestSettingFindings(t *testing.T) {
	require.Empty(t, checkedTexts(kept("", visitAt)))
	for _, c := range settingCases {
		t.Run(c.name, func(t *testing.T) { require.Equal(t, c.want, checkedTexts(kept(c.settings, visitAt))) })
	}
}

// TestExpiryOfAttributes: an attribute that items expire by is a number of the item
// itself, outside its key.
func TestExpiryOfAttributes(t *testing.T) {
	require.Equal(t, []string{
		`error /0/ttl: attribute ends is of type S in entity VISIT, and items expire by an N, the seconds since 1970; name an attribute of a column that holds them`,
		`warning /0/entities/1/attributes/1/type: attribute ends is S here and N in entity SESSION of the same table: no index can use it, and who reads the table must know both; give it one type, or another name`,
	}, checkedTexts(kept(`"ttl": "ends",`, visitEnds)))
	const single = `[{"table": "Sessions", "type": "single-entity", "source_table": "sessions", "pk": "ends", "ttl": "ends",
		"columns": [{"name": "ends", "type": "bigint"}], "primary_key": ["ends"],
		"attributes": [{"name": "ends", "type": "N", "source_column": "ends"}]}]`
	require.Equal(t, []string{
		`error /0/ttl: attribute ends is part of the table's key, which what a delete leaves has too: the service would take it away; carry the column in an attribute of its own, and name that`,
	}, checkedTexts([]byte(single)))
	joined := strings.Replace(string(market(t)), `"pk": "PK", "sk": "SK",`, `"pk": "PK", "sk": "SK", "ttl": "orders",`, 1)
	require.NotContains(t, strings.Join(checkedTexts([]byte(joined)), "\n"), "error")
	require.Contains(t, checkedTexts([]byte(strings.Replace(joined, `"dynamodb": "counter"`, `"dynamodb": "hydrate"`, 1))),
		`error /tables/0/ttl: attribute orders of entity USER is hydrated, so it is not in the item; keep it in another way`)
}

// TestSettingsOfATable: what was said is what the table has.
func TestSettingsOfATable(t *testing.T) {
	c, err := Load(kept(`"ttl": "ends", "point_in_time_recovery": true, "deletion_protection": true, "encryption": "alias/shop",
		"tags": {"team": "shop", "Team": "", "env": "test"},`, visitAt))
	require.NoError(t, err)
	table := c.Tables[0]
	require.Equal(t, "ends", table.TTL)
	require.True(t, table.PointInTimeRecovery)
	require.True(t, table.DeletionProtection)
	require.Equal(t, "alias/shop", table.Encryption)
	require.Equal(t, []Tag{{"Team", ""}, {"env", "test"}, {"team", "shop"}}, table.Tags, "sorted by name")

	plain, err := Load(kept(``, visitAt))
	require.NoError(t, err)
	require.Equal(t, EncryptionOwned, plain.Tables[0].Encryption, "where nothing is said")
	require.Equal(t, plain.Digest(), c.Digest(), "items are the same")
}
