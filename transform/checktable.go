package transform

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// The forms in which a key of KMS is named: by its ARN, or by an alias or the
// ARN of one (KMS Developer Guide, "Key identifiers").
var kmsKey = regexp.MustCompile(`^(arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:(key/[a-zA-Z0-9-]+|alias/[a-zA-Z0-9/_-]+)|alias/[a-zA-Z0-9/_-]+)$`)

// The alias of the key that AWS_MANAGED means. The service refuses it as a key
// that is named (API reference, "SSESpecification").
const managedAlias = "alias/aws/dynamodb"

// settings reads how the service is to keep a table, as far as no entity matters
// to that.
func (c *checker) settings(n *node, at string, t *Table) {
	t.TTL = n.str("ttl")
	t.PointInTimeRecovery = n.truth("point_in_time_recovery")
	t.DeletionProtection = n.truth("deletion_protection")
	t.Encryption = EncryptionOwned
	if v := n.get("encryption"); v != nil && v.form == formString {
		t.Encryption = v.text
		c.encryption(v.text, at+"/encryption")
	}
	if tags := n.get("tags"); tags != nil && tags.form == formObject {
		t.Tags = c.tags(tags, at+"/tags")
	}
}

// encryption checks whose key is named.
func (c *checker) encryption(key, at string) {
	const mend = "name a key by its ARN, arn:aws:kms:REGION:ACCOUNT:key/ID, or by its alias, alias/NAME"
	known := []string{EncryptionOwned, EncryptionManaged}
	switch {
	case slices.Contains(known, key):
	case key == managedAlias || strings.HasSuffix(key, ":"+managedAlias):
		c.err(at, "that is the key that the service manages, which it takes by no name", "say "+EncryptionManaged)
	case kmsKey.MatchString(key):
	default:
		m := meant(key, known)
		if m == "" {
			m = mend
		}
		c.err(at, fmt.Sprintf("%q is neither %s nor %s nor a key of KMS", key, EncryptionOwned, EncryptionManaged), m)
	}
}

// What a table may have as tags (Developer Guide, "Tagging restrictions in
// DynamoDB").
const (
	maxTags     = 50
	maxTagName  = 128 // characters
	maxTagValue = 256
)

// The characters of a tag: those of the Developer Guide and @, which other services
// of AWS take and addresses have.
var tagText = regexp.MustCompile(`^[\p{L}\p{N}\p{Z}+=._:/@-]*$`)

// tags reads the tags of a table, sorted by name.
func (c *checker) tags(n *node, at string) []Tag {
	if len(n.members) > maxTags {
		c.err(at, fmt.Sprintf("there are %d tags, and a table has at most %d", len(n.members), maxTags), "")
	}
	var tags []Tag
	for _, m := range n.members {
		at := at + "/" + escapePointer(m.name)
		switch {
		case m.again:
			c.err(at, fmt.Sprintf("tag %q appears twice", m.name), "take one of them out")
		case m.value.form != formString:
			c.err(at, fmt.Sprintf("is %s where %s belongs", m.value.form, formString), "")
		default:
			c.tag(m.name, m.value.text, at)
			tags = append(tags, Tag{m.name, m.value.text})
		}
	}
	slices.SortFunc(tags, func(a, b Tag) int { return strings.Compare(a.Name, b.Name) })
	return tags
}

// tag checks one tag.
func (c *checker) tag(name, value, at string) {
	const mend = "use letters, digits, blanks, and + - = . _ : / @"
	switch n := utf8.RuneCountInString(name); {
	case n == 0 || n > maxTagName:
		c.err(at, fmt.Sprintf("a tag's name has 1 to %d characters, and this one %d", maxTagName, n), "")
	case strings.HasPrefix(strings.ToLower(name), "aws:"):
		c.err(at, fmt.Sprintf("%q begins with aws:, which AWS keeps for itself", name), "choose another name")
	case !tagText.MatchString(name):
		c.err(at, fmt.Sprintf("%q can't be the name of a tag", name), mend)
	}
	switch n := utf8.RuneCountInString(value); {
	case n > maxTagValue:
		c.err(at, fmt.Sprintf("a tag's value has at most %d characters, and this one %d", maxTagValue, n), "")
	case !tagText.MatchString(value):
		c.err(at, fmt.Sprintf("%q can't be the value of a tag", value), mend)
	}
}

// expiry checks the attribute by which the service deletes items, and says what
// comes of that.
func (k *tableChecker) expiry() {
	name, at := k.table.TTL, k.at+"/ttl"
	if name == "" {
		return
	}
	var names, lasting, unique []string
	expires, wrong := false, false
	for _, e := range k.entities {
		names = append(names, e.attributeNames()...)
		i := e.attributeNamed(name)
		if i < 0 {
			lasting = append(lasting, e.entity.Name)
			continue
		}
		expires = true
		wrong = e.expiresBy(i, at) || wrong
		if len(e.entity.Unique) > 0 {
			unique = append(unique, e.entity.Name)
		}
	}
	switch {
	case !expires && len(k.entities) > 0:
		k.err(at, fmt.Sprintf("there is no attribute %q", name), suggest(name, names))
	case expires && !wrong:
		k.expires(at, lasting, unique)
	}
}

// expiresBy checks that an attribute can be the one that items expire by, and
// reports whether it can't.
func (k *entityChecker) expiresBy(i int, at string) (wrong bool) {
	a := &k.entity.Attributes[i]
	var reason, mend string
	switch t := k.entity.Table; {
	case a.Type == "":
		return true // something else is wrong with it, and said there
	case a.Type != "N":
		reason = fmt.Sprintf("attribute %s is of type %s in entity %s, and items expire by an N, the seconds since 1970", a.Name, a.Type, k.entity.Name)
		mend = "name an attribute of a column that holds them"
	case a.Name == t.PK.Name || a.Name == t.SK.Name:
		reason = fmt.Sprintf("attribute %s is part of the table's key, which what a delete leaves has too: the service would take it away", a.Name)
		mend = "carry the column in an attribute of its own, and name that"
	case a.Column >= 0 && k.entity.Columns[a.Column].Keep.DynamoDB == KeepHydrate:
		reason = fmt.Sprintf("attribute %s of entity %s is hydrated, so it is not in the item", a.Name, k.entity.Name)
		mend = "keep it in another way"
	default:
		return false
	}
	k.err(at, reason, mend)
	return true
}

// expires warns of what the service deletes by itself: nobody is told of it.
func (k *tableChecker) expires(at string, lasting, unique []string) {
	name := k.table.TTL
	k.warn(at, fmt.Sprintf("what the service deletes by %s leaves MySQL untouched, because such a deletion leaves no change record: "+
		"in phases 2 to 4 the stores differ by it, and verify tells of it as of any difference", name),
		"delete what has expired through the library, or say ttl once MySQL is left behind")
	if len(lasting) > 0 {
		k.warn(at, fmt.Sprintf("items of %s never expire: they have no attribute %s", strings.Join(lasting, ", "), name), "")
	}
	if len(unique) > 0 {
		k.warn(at, fmt.Sprintf("the unique values of an item of %s that has expired stay taken: the guards that hold them do not expire", strings.Join(unique, ", ")),
			"delete such records through the library")
	}
}
