package dynamostore

import (
	"slices"
	"strconv"
	"strings"

	"github.com/crossfade-go/crossfade/dal/store"
	"github.com/crossfade-go/crossfade/transform"
)

// A kmsKey is a key of the customer's that a table is encrypted with.
type kmsKey struct {
	resource string // an ARN
	alias    string // of any key of the resource, "" where that is one key
	via      string // the service that uses it on the caller's behalf
}

// key returns the key that the contract names for a table, nil if it names none.
// A policy can't name an alias as a resource: it names all keys, on condition
// that they have the alias.
func (a arns) key(t *transform.Table) *kmsKey {
	switch t.Encryption {
	case "", transform.EncryptionOwned, transform.EncryptionManaged:
		return nil
	}
	k := &kmsKey{resource: t.Encryption}
	place, alias, isARN := strings.Cut(t.Encryption, ":alias/")
	switch {
	case isARN:
		k.resource, k.alias = place+":key/*", "alias/"+alias
	case strings.HasPrefix(t.Encryption, "alias/"):
		k.resource, k.alias = "arn:"+a.partition+":kms:"+a.region+":"+a.account+":key/*", t.Encryption
	}
	k.via = "dynamodb." + strings.Split(k.resource, ":")[3] + ".amazonaws.com"
	if a.partition == "aws-cn" {
		k.via += ".cn"
	}
	return k
}

// key allows the use of a key. The service uses it in the caller's name: all of it
// for whoever creates a table with it, and to decrypt for whoever uses the table
// (Developer Guide, "How DynamoDB uses AWS KMS").
func (p *policy) key(k kmsKey) {
	actions := []string{"kms:Decrypt"}
	switch {
	case p.opts.For == Operator && (p.opts.Phase == 0 || p.opts.Phase == store.MySQLOnly):
		actions = []string{"kms:CreateGrant", "kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"}
	case p.opts.For == Service && p.opts.Phase == store.MySQLOnly:
		return
	}
	s := PolicyStatement{Sid: "Keys", Effect: "Allow", Action: actions, Resource: []string{k.resource},
		Condition: map[string]map[string][]string{"StringLike": {"kms:ViaService": {k.via}}}}
	if k.alias != "" {
		s.Condition["ForAnyValue:StringEquals"] = map[string][]string{"kms:ResourceAliases": {k.alias}}
	}
	for _, other := range p.keys {
		if slices.Equal(other.Resource, s.Resource) && slices.Equal(aliasesOf(other), aliasesOf(s)) {
			return
		}
	}
	if len(p.keys) > 0 {
		s.Sid += strconv.Itoa(len(p.keys) + 1)
	}
	p.keys = append(p.keys, s)
}

// aliasesOf returns the aliases that a statement asks for.
func aliasesOf(s PolicyStatement) []string {
	return s.Condition["ForAnyValue:StringEquals"]["kms:ResourceAliases"]
}
