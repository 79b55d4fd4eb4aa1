package memmysql

import (
	"encoding/binary"

	"github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/expression/function"
	"github.com/dolthub/go-mysql-server/sql/types"

	fold "github.com/crossfade-go/crossfade/transform"
)

// A weights is WEIGHT_STRING(text), a function that the engine has not. The weights
// are those that package transform knows of the text's collation, without those of
// blanks at its end where these don't count; of a collation that it does not know,
// NULL, as of what is no text.
type weights struct{ *function.UnaryFunc }

var (
	_ sql.FunctionExpression = (*weights)(nil)
	_ sql.CollationCoercible = (*weights)(nil)
)

// surrogates are up to here what is no character.
const surrogates = 0xDFFF

func newWeights(text sql.Expression) sql.Expression {
	return &weights{function.NewUnaryFunc(text, "WEIGHT_STRING", types.LongBlob)}
}

// Description implements sql.FunctionExpression.
func (w *weights) Description() string { return "returns the weights of a text." }

// CollationCoercibility implements sql.CollationCoercible.
func (w *weights) CollationCoercibility(*sql.Context) (sql.CollationID, byte) {
	return sql.Collation_binary, 4
}

// WithChildren implements sql.Expression.
func (w *weights) WithChildren(children ...sql.Expression) (sql.Expression, error) {
	if len(children) != 1 {
		return nil, sql.ErrInvalidChildrenNumber.New(w, len(children), 1)
	}
	return newWeights(children[0]), nil
}

// Eval implements sql.Expression.
func (w *weights) Eval(ctx *sql.Context, row sql.Row) (any, error) {
	value, err := w.EvalChild(ctx, row)
	if value == nil || err != nil {
		return nil, err
	}
	text, _, err := types.LongText.Convert(ctx, value)
	if err != nil {
		return nil, err
	}
	collation, _ := sql.GetCoercibility(ctx, w.Child)
	folded, known := fold.Fold(collation.Name(), text.(string))
	if !known {
		return nil, nil
	}
	var b []byte
	for _, r := range folded {
		if r > surrogates {
			r -= surrogates + 1 - 0xD800 // a fold has characters, and leaves those out
		}
		b = binary.BigEndian.AppendUint16(b, uint16(r))
	}
	return b, nil
}
