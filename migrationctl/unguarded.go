package migrationctl

import (
	"context"

	"github.com/crossfade-go/crossfade/transform"
)

// A Constrained store can say what of its schema forbids that the other store
// leads: what it keeps by itself and the contract does not know of, so that one
// day the other one would commit what can never be brought here. mysqlstore's is
// one.
type Constrained interface {
	CheckFollower(ctx context.Context) ([]transform.Finding, error)
}

// unguarded returns what MySQL keeps by itself and DynamoDB would not, and the
// entities whose ids nobody would assign.
func (o *Operator) unguarded(ctx context.Context) ([]string, error) {
	var list []string
	for _, e := range o.contract.Entities {
		for _, i := range e.KeyColumns {
			if e.Columns[i].Generated == "auto_increment" && e.Sequence < 0 {
				list = append(list, e.Name+"."+e.Columns[i].Name+" is assigned by MySQL and is no sequence in the contract")
			}
		}
	}
	mysql, ok := o.mysql.(Constrained)
	if !ok {
		return list, nil
	}
	findings, err := mysql.CheckFollower(ctx)
	for _, f := range findings {
		if f.Severity == transform.Error {
			list = append(list, f.String())
		}
	}
	return list, err
}
